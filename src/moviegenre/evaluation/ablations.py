"""What one changed factor does to a model's validation scores, as ``ABLATIONS.md`` and numbers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import DEFAULT_THRESHOLD, decide
from moviegenre.core.errors import DataError, printable
from moviegenre.core.files import write_text
from moviegenre.evaluation.bootstrap import NUM_RESAMPLES, Interval, paired_bootstrap
from moviegenre.evaluation.results import Predictions, number_or_none
from moviegenre.evaluation.tables import Table, interval_text, per_cent, rich_table
from moviegenre.evaluation.tuning import NUM_FOLDS, TuningSettings, tune
from moviegenre.metrics import compute_metrics

MARKDOWN_FILE, JSON_FILE = "ABLATIONS.md", "ablations.json"
BASE = "base"

_TUNING = TuningSettings(thresholds="per-genre")
_MINUTE = 60


@dataclass(frozen=True)
class Trained:
    """A trained model on the validation movies.

    Attributes:
        name: Of the variant; the base's is not shown.
        predictions: Its probabilities.
        train_seconds: What training took; None where it is unknown.
        setup_seconds: What filling the caches took that it reads from; None likewise.
        changes: The settings that make the variant, by dotted name; of the base, what it has.
    """

    name: str
    predictions: Predictions
    train_seconds: float | None
    setup_seconds: float | None
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """What a variant scores more than its base, a fraction.

    Attributes:
        value: Of F1-macro.
        interval: 95 % of it over resampled movies, the same for both.
    """

    value: float
    interval: Interval

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values; what is undefined is None."""
        return {
            "value": number_or_none(self.value),
            "low": number_or_none(self.interval.low),
            "high": number_or_none(self.interval.high),
        }


@dataclass(frozen=True)
class AblationRow:
    """The scores of one variant, fractions.

    Attributes:
        trained: The variant.
        f1_macro: At 0.5.
        f1_micro: At 0.5.
        roc_auc: Macro-averaged.
        tuned_f1_macro: With a cut for each genre, cross-validated.
        difference: F1-macro at 0.5 less the base's; None for the base.
        tuned_difference: The same with the cross-validated cuts.
        tuned_chosen: What is chosen with these (N, L).
    """

    trained: Trained
    f1_macro: float
    f1_micro: float
    roc_auc: float
    tuned_f1_macro: float
    difference: Difference | None
    tuned_difference: Difference | None
    tuned_chosen: npt.NDArray[np.bool_]

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values; what is undefined or unknown is None."""
        return {
            "settings": dict(self.trained.changes),
            "f1_macro": number_or_none(self.f1_macro),
            "f1_micro": number_or_none(self.f1_micro),
            "roc_auc": number_or_none(self.roc_auc),
            "tuned_f1_macro": number_or_none(self.tuned_f1_macro),
            "difference": self.difference.to_json_dict() if self.difference else None,
            "tuned_difference": (
                self.tuned_difference.to_json_dict() if self.tuned_difference else None
            ),
            "train_seconds": self.trained.train_seconds,
            "setup_seconds": self.trained.setup_seconds,
        }


@dataclass(frozen=True)
class AblationResult:
    """One factor of one base.

    Attributes:
        base: The model.
        factor: What is changed.
        rows: The base, then the variants that are trained.
        missing: The variants that are not trained yet.
    """

    base: str
    factor: str
    rows: tuple[AblationRow, ...]
    missing: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Of its table."""
        return f"{self.base}: {self.factor}"

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values."""
        base, *variants = self.rows
        return {
            "base": self.base,
            "factor": self.factor,
            BASE + "_row": base.to_json_dict(),
            "variants": {row.trained.name: row.to_json_dict() for row in variants},
            "missing": list(self.missing),
        }


def measure(trained: Trained, base: AblationRow | None = None) -> AblationRow:
    """Score a variant on the validation movies, and against its base where it is given.

    Raises:
        DataError: The two were not scored on the same movies, or there are too few of them.
    """
    found = trained.predictions
    if base is not None and base.trained.predictions.ids != found.ids:
        raise DataError(
            f"{trained.name} was scored on other movies than its base; delete the predictions "
            "beside both and run it again"
        )
    scores = compute_metrics(found.probs, found.labels, DEFAULT_THRESHOLD).metrics
    tuned = tune(found, _TUNING)
    row = AblationRow(
        trained=trained,
        f1_macro=scores["f1_macro"],
        f1_micro=scores["f1_micro"],
        roc_auc=scores["roc_auc"],
        tuned_f1_macro=tuned.cross_validated.f1_macro,
        difference=None,
        tuned_difference=None,
        tuned_chosen=tuned.chosen,
    )
    if base is None:
        return row
    before = base.trained.predictions
    return replace(
        row,
        difference=Difference(
            row.f1_macro - base.f1_macro,
            _interval(decide(found.probs), decide(before.probs), found.labels),
        ),
        tuned_difference=Difference(
            row.tuned_f1_macro - base.tuned_f1_macro,
            _interval(row.tuned_chosen, base.tuned_chosen, found.labels),
        ),
    )


def _interval(
    chosen: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_], labels: npt.NDArray[Any]
) -> Interval:
    """Return the interval of F1-macro that decisions (N, L) have more than others."""
    return paired_bootstrap({"new": chosen, "old": before}, labels).difference("new", "old")


def ablation_table(found: AblationResult) -> Table:
    """Return the base and its variants, a row each; scores in per cent, differences in points."""
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
        for row in found.rows
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
    found: Sequence[AblationResult], command: str, banner: str | None, out: Path
) -> list[Path]:
    """Write ``ABLATIONS.md`` and ``ablations.json``, each in one step; return their paths.

    Args:
        found: The factors, some of whose variants may be missing yet.
        command: What makes all of it again.
        banner: What must be seen first; None for nothing.
        out: The folder.
    """
    num_movies = len(found[0].rows[0].trained.predictions.ids) if found else 0
    parts = ["# Ablations", f"```\n{command}\n```"]
    if banner:
        parts.append(f"> **{banner}**")
    parts.append(
        f"One factor changed at a time, every model from one seed, scored on the {num_movies:,} "
        f"validation movies. Scores in per cent, cut at {DEFAULT_THRESHOLD:g}; points are the "
        f"variant's F1-macro less the base's, with a paired bootstrap over movies "
        f"({NUM_RESAMPLES:,} resamples). *Fitted* is with one cut for each genre, fitted in "
        f"{NUM_FOLDS}-fold cross-validation: a loss or a weight that moves all probabilities "
        "changes the scores at one cut, and not these. The interval is about movies: another seed "
        "moves scores too. The best epoch was chosen on the same movies, so that all scores are "
        "a little high. Caches are filled once, and their minutes stand at the model that came "
        "first."
    )
    for one in found:
        parts += [f"## {one.title}", ablation_table(one).to_markdown()]
        parts.append("\n".join(f"- {_settings(row.trained)}" for row in one.rows))
        if one.missing:
            parts.append(f"Not trained yet: {', '.join(one.missing)}.")
    write_text(out / MARKDOWN_FILE, "\n\n".join(parts) + "\n")
    content = {
        "command": command,
        "synthetic": banner is not None,
        "split": "val",
        "num_movies": num_movies,
        "threshold": DEFAULT_THRESHOLD,
        "folds": NUM_FOLDS,
        "num_resamples": NUM_RESAMPLES,
        "factors": [one.to_json_dict() for one in found],
    }
    write_text(out / JSON_FILE, json.dumps(content, indent=1, allow_nan=False) + "\n")
    return [out / MARKDOWN_FILE, out / JSON_FILE]


def _settings(trained: Trained) -> str:
    told = ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in trained.changes.items())
    return f"{trained.name}: {told}"


def print_ablations(found: Sequence[AblationResult], files: Sequence[Path]) -> None:
    """Print every table, narrowed for a console, and where the files are."""
    from rich.console import Console

    kept = (
        "variant",
        "F1-macro",
        "points",
        "95 % interval",
        "F1-macro, fitted",
        "min training",
    )
    console = Console(highlight=False)
    for one in found:
        console.print(rich_table(ablation_table(one), title=f"{one.title}, validation", kept=kept))
    print("wrote", printable(", ".join(str(path) for path in files)))
