"""The tables of ablations, as ``ABLATIONS.md`` and ``ablations.json``."""

import json
from collections.abc import Sequence
from pathlib import Path

from moviegenre.core.decisions import DEFAULT_THRESHOLD
from moviegenre.evaluation.bootstrap import NUM_RESAMPLES
from moviegenre.evaluation.documents import (
    Table,
    banner_markdown,
    command_markdown,
    interval_text,
    json_text,
    markdown,
    per_cent,
    write_files,
)
from moviegenre.evaluation.tuning import NUM_FOLDS
from moviegenre.studies.ablations.scores import AblationResult, Difference, Trained

MARKDOWN_FILE, JSON_FILE = "ABLATIONS.md", "ablations.json"
IN_SHORT = (
    "variant",
    "F1-macro",
    "points",
    "95 % interval",
    "F1-macro, fitted",
    "min training",
)
"""The columns that fit on a console of eighty characters."""

_MINUTE = 60


def ablation_table(result: AblationResult) -> Table:
    """Return a row for the base and each variant; scores in per cent, differences in points."""
    rows = [
        (
            row.trained.name,
            per_cent(row.f1_macro),
            per_cent(row.f1_micro),
            per_cent(row.roc_auc),
            *_difference_cells(row.difference),
            per_cent(row.tuned_f1_macro),
            *_difference_cells(row.tuned_difference),
            _minutes(row.trained.train_seconds),
            _minutes(row.trained.setup_seconds),
        )
        for row in result.rows
    ]
    headings = (
        "variant",
        "F1-macro",
        "F1-micro",
        "ROC-AUC",
        "points",
        "95 % interval",
        "F1-macro, fitted",
        "points, fitted",
        "95 % interval, fitted",
        "min training",
        "min caches",
    )
    return Table(headings, tuple(rows))


def _difference_cells(difference: Difference | None) -> tuple[str, str]:
    if difference is None:
        return "-", "-"
    points = f"{100 * difference.value:+.2f}"
    return points, interval_text(difference.interval, signed=True)


def _minutes(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds / _MINUTE:.1f}"


def write_ablations(
    results: Sequence[AblationResult], command: str, banner: str | None, out: Path
) -> list[Path]:
    """Write ``ABLATIONS.md`` and ``ablations.json``, each in one step; return their paths.

    Args:
        results: The factors; some of their variants may still be missing.
        command: The command that reproduces them.
        banner: A warning at the top; None for no warning.
        out: The folder.
    """
    num_movies = len(results[0].rows[0].trained.predictions.ids) if results else 0
    parts: list[str | Table | None] = [command_markdown(command), banner_markdown(banner)]
    parts.append(
        f"One factor changed at a time, every model from one seed, scored on the {num_movies:,} "
        f"validation movies. Scores in per cent, threshold {DEFAULT_THRESHOLD:g}; points are the "
        f"variant's F1-macro less the base's, with a paired bootstrap over movies "
        f"({NUM_RESAMPLES:,} resamples). *Fitted* is with one threshold a genre, fitted in "
        f"{NUM_FOLDS}-fold cross-validation: a loss or a weight that moves all probabilities "
        "changes the scores at one threshold, not these. The interval is about movies; another "
        "seed moves scores too. The best epoch was chosen on the same movies, so all scores are "
        "a little high. Caches are filled once, and their minutes are counted for the model that "
        "came first."
    )
    for result in results:
        parts += [f"## {result.title}", ablation_table(result)]
        parts.append("\n".join(f"- {_settings(row.trained)}" for row in result.rows))
        if result.missing:
            parts.append(f"Not trained yet: {', '.join(result.missing)}.")
    content = {
        "command": command,
        "synthetic": banner is not None,
        "split": "val",
        "num_movies": num_movies,
        "threshold": DEFAULT_THRESHOLD,
        "folds": NUM_FOLDS,
        "num_resamples": NUM_RESAMPLES,
        "factors": [result.to_json_dict() for result in results],
    }
    files = {MARKDOWN_FILE: markdown("Ablations", parts), JSON_FILE: json_text(content)}
    return write_files(out, files)


def _settings(trained: Trained) -> str:
    changes = ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in trained.changes.items())
    return f"{trained.name}: {changes}"
