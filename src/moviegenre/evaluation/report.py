"""The comparison as files: ``RESULTS.md``, ``results.json``, ``results.html`` and the plots."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moviegenre.evaluation.compare import Comparison, ModelResult
from moviegenre.evaluation.documents import SYNTHETIC_BANNER, json_text, write_files
from moviegenre.evaluation.findings import Finding
from moviegenre.evaluation.findings import findings as find
from moviegenre.evaluation.html import render_html
from moviegenre.evaluation.markdown import render_markdown
from moviegenre.evaluation.plots import PLOTS, render_png
from moviegenre.evaluation.results import number_or_none

_FEW = 20  # movies of a genre; below, one decision is 5 points of its recall or more

MARKDOWN_FILE, JSON_FILE, HTML_FILE = "RESULTS.md", "results.json", "results.html"


def write_report(comparison: Comparison, data: Mapping[str, Any], out: Path) -> list[Path]:
    """Write the report, every file in one step.

    Args:
        comparison: The models.
        data: Facts about the movies, as plain values. ``synthetic`` (true for made-up movies) adds
            a banner at the top; ``command`` reproduces the report; all other facts are listed.
        out: The folder.

    Returns:
        The files: Markdown, JSON, page and plots.

    Raises:
        MissingExtraError: matplotlib or jinja2 is not installed; no file is written.
    """
    findings = find(comparison)
    notes = report_notes(comparison)
    banner = SYNTHETIC_BANNER if data.get("synthetic") else None
    pictures = {plot: png for plot in PLOTS if (png := render_png(plot, comparison)) is not None}
    page_banner = banner and banner.replace("`", "")
    content = {"data": dict(data), **comparison_to_json_dict(comparison, findings)}
    texts = {
        MARKDOWN_FILE: render_markdown(comparison, findings, data, notes, banner, list(pictures)),
        JSON_FILE: json_text(content),
        HTML_FILE: render_html(comparison, findings, data, pictures, notes, page_banner),
    }
    images = {f"{plot.name}.png": png for plot, png in pictures.items()}
    return write_files(out, {**texts, **images})


def comparison_to_json_dict(comparison: Comparison, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the comparison as plain values: the models by name, best first, and the findings."""
    bootstrap = comparison.bootstrap
    return {
        "split": comparison.split,
        "num_movies": comparison.num_movies,
        "threshold": comparison.threshold,
        "undefined": comparison.undefined,
        "bootstrap": {"num_resamples": bootstrap.num_resamples, "seed": bootstrap.seed},
        "ranking": [result.name for result in comparison.ranking],
        "models": {result.name: _model_to_json_dict(result) for result in comparison.ranking},
        "comparisons": {finding.key: finding.to_json_dict() for finding in findings},
    }


def _model_to_json_dict(result: ModelResult) -> dict[str, Any]:
    run = result.run
    evaluation = result.evaluation.to_json_dict()
    intervals = {"f1_macro": result.f1_macro, "f1_micro": result.f1_micro}
    return {
        "title": run.title,
        "family": run.family.value,
        "track": run.track,
        "modalities": sorted(modality.value for modality in run.modalities),
        "baseline": run.baseline,
        "pretrained": run.pretrained,
        "metrics": evaluation["metrics"],
        "per_genre": evaluation["per_genre"],
        "interval": {
            name: [number_or_none(interval.low), number_or_none(interval.high)]
            for name, interval in intervals.items()
        },
        "tuned": None if result.tuned is None else result.tuned.to_json_dict(),
        "setup_seconds": run.setup_seconds,
        "train_seconds": run.train_seconds,
        "num_parameters": run.num_parameters,
        "num_trainable": run.num_trainable,
        "command": run.command,
        "settings": dict(run.settings),
        "history": [dict(record) for record in run.history],
    }


def report_notes(comparison: Comparison) -> list[str]:
    """Return notes that explain the numbers."""
    notes = [
        f"A genre is chosen where its probability is at least {comparison.threshold:g}, the same "
        "for all models and genres.",
        "F1-macro is the mean of the genres' F1; F1-micro counts all decisions together; ROC-AUC "
        "is the mean over genres (macro); subset accuracy is the share of movies with every genre "
        "right; Hamming loss is the share of wrong decisions. Definitions: docs/metrics.md.",
        f"Intervals are the 2.5th and 97.5th percentile of {comparison.bootstrap.num_resamples:,} "
        "bootstrap resamples of the movies, the same for all models. They show what other movies "
        "would change, not what another seed of training would.",
        "Models are ranked on the same movies that the comparisons use, so the best of several "
        "looks slightly better than it is.",
    ]
    if any(result.run.track == "open" for result in comparison.ranking):
        notes.append(
            "Models marked (open) belong to the open track: they, or what they started from, "
            "learned from further labelled plots. All others are of the closed track and learned "
            "from the training split alone."
        )
    else:
        notes.append(
            "Closed track: every model learned from the labels of the training split alone."
        )
    if comparison.baselines:
        listed = ", ".join(result.run.title for result in comparison.baselines)
        notes.append(
            f"Baselines ({listed}) are ranked with the models. The findings compare the models "
            "with each other, and with the bag of words where they say so."
        )
    for result in comparison.ranking:
        members = result.run.settings.get("model", {}).get("members")
        if result.run.family.is_ensemble and members:
            notes.append(
                f"{result.name} combines {_joined(members)}, with weights fitted on validation; "
                "details: docs/ensemble.md."
            )
    if any(result.tuned is not None for result in comparison.ranking):
        notes.append(
            "Tuned scores have a threshold for each genre, fitted on validation, for F1-macro or "
            "for F1-micro. The cross-validated gain is the gain on validation movies that the "
            "thresholds were not fitted on. ECE, the expected calibration error, is before and "
            "after a scale and a shift of the log-odds for each genre (Platt), fitted on "
            "validation too. Details: docs/thresholds.md."
        )
    notes.append(
        "Each command under *Reproduce it* trains one model, with its file in `configs` beside "
        "this report; other paths in that file are relative to the folder where the command runs."
    )
    support = comparison.ranking[0].evaluation.per_genre
    small = [genre for genre in comparison.genres_by_support if support[genre].support < _FEW]
    if small:
        notes.append(
            f"Genres with fewer than {_FEW} movies in this split: {', '.join(small)}. One movie "
            "more or less changes their F1 by points, and F1-macro with it."
        )
    if comparison.undefined:
        listed = "; ".join(f"{genre} ({why})" for genre, why in comparison.undefined.items())
        notes.append(
            f"Left out of the averages where their scores are undefined: {listed}. They still "
            "count in F1-micro, subset accuracy and Hamming loss."
        )
    else:
        notes.append("Every genre's scores are defined in this split; none is left out.")
    return notes


def _joined(names: Sequence[str]) -> str:
    """Return names as in ``a, b and c``."""
    *first_names, last = names
    return f"{', '.join(first_names)} and {last}" if first_names else last
