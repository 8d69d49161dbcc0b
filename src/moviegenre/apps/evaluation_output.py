"""Printing the scores of one model: as it is, with fitted thresholds, and form by form."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from moviegenre.apps.console import print_table
from moviegenre.apps.messages import echo
from moviegenre.artifacts.folder import CARD_FILE, METRICS_FILE
from moviegenre.evaluation.documents import Table, fraction, per_cent
from moviegenre.evaluation.results import Evaluation
from moviegenre.evaluation.tuning import Tuning, TuningSettings
from moviegenre.experiment.form_points import FormsEvaluation
from moviegenre.experiment.tuning import TunedEvaluation

_FRACTION = "hamming_loss"  # the only score that no table shows in per cent


def print_evaluation(evaluation: Evaluation) -> None:
    """Print the scores, and the scores of every genre, in per cent."""
    title = f"{evaluation.model} on {evaluation.split}, {evaluation.num_movies:,} movies"
    rows = tuple(
        (f"{name} (a fraction)", fraction(value)) if name == _FRACTION else (name, per_cent(value))
        for name, value in evaluation.metrics.items()
    )
    print_table(Table(("metric", "per cent"), rows), title=title)
    names = ("f1", "precision", "recall", "roc_auc")
    genre_rows = []
    for genre, scores in evaluation.to_json_dict()["per_genre"].items():
        cells = [scores[name] for name in names]
        texts = ["undefined" if cell is None else f"{100 * cell:.1f}" for cell in cells]
        genre_rows.append((genre, *texts, str(scores["support"])))
    print_table(Table(("genre", *names, "support"), tuple(genre_rows)), title="by genre, per cent")


def print_tuning(tuned: TunedEvaluation) -> None:
    """Print the scores without and with fitting, on validation and on the split."""
    tuning, split = tuned.tuning, tuned.evaluation.split
    columns = {
        "val at 0.5": tuning.before,
        "val fitted there": tuning.in_sample,
        "val cross-validated": tuning.cross_validated,
        f"{split} at 0.5": tuned.before,
        f"{split} fitted on val": tuned.after,
    }
    names = (("F1-macro", "f1_macro"), ("F1-micro", "f1_micro"), ("ECE", "ece"))
    rows = tuple(
        (title, *(f"{100 * getattr(scores, name):.2f}" for scores in columns.values()))
        for title, name in names
    )
    title = f"fitted on val ({_settings_text(tuning.settings)}), per cent"
    print_table(Table(("", *columns), rows), title=title)
    if tuning.settings.thresholds == "per-genre":
        headings = ("genre", "movies", "threshold", "at 0.5", "fitted there", "cross-validated")
        title = "by genre on val: threshold, and F1 in per cent"
        print_table(Table(headings, tuple(_genre_rows(tuning))), title=title)
    _print_fit(tuned.file)


def _settings_text(settings: TuningSettings) -> str:
    goal = f" for {settings.goal}" if settings.thresholds != "0.5" else ""
    return f"thresholds {settings.thresholds}{goal}, calibration {settings.calibration}"


def _genre_rows(tuning: Tuning) -> Iterator[tuple[str, ...]]:
    """Yield a row for each genre, the most frequent first."""
    genres = list(tuning.point.genres)
    for index in sorted(range(len(genres)), key=lambda i: (-tuning.support[i], genres[i])):
        scores = (tuning.before, tuning.in_sample, tuning.cross_validated)
        cells = [float(score.f1[index]) for score in scores]
        yield (
            genres[index],
            f"{tuning.support[index]:,}",
            f"{tuning.point.thresholds[index]:.3f}",
            *("undefined" if np.isnan(cell) else f"{100 * cell:.1f}" for cell in cells),
        )


def _print_fit(file: Path | None) -> None:
    """Print where a fit was written, and how to undo it."""
    if file is None:
        echo("wrote nothing")
        return
    echo(
        f"wrote {file}: predictions now use this fit; delete the file for threshold 0.5 without "
        "calibration, or write nothing with --no-save"
    )


def print_forms(evaluation: FormsEvaluation, title: str) -> None:
    """Print the scores of each form of a film, the forms left out, and what was written."""
    rows = []
    for form in evaluation.scores:
        scores = (form.scores.f1_macro, form.scores.f1_micro, form.scores.ece)
        cells = [f"{100 * value:.1f}" for value in scores]
        cells += [f"{form.mean_chosen:.2f}", f"{form.mean_true:.2f}"]
        rows.append((form.form.name, *cells))
    headings = ("what is given", "F1-macro", "F1-micro", "ECE", "chosen", "true")
    print_table(Table(headings, tuple(rows)), title=title)
    for parts, forms in evaluation.left_out.items():
        names = "; ".join(form.name for form in forms)
        echo(f"left out, because the model reads no {' or '.join(parts)}: {names}")
    if evaluation.scored_folder is not None:
        echo(f"added the scores to {CARD_FILE} and {METRICS_FILE} in {evaluation.scored_folder}")
    else:
        _print_fit(evaluation.file)
