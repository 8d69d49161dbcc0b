"""The tables of tuned scores: the gains from fitting and the overfitting."""

import math

from moviegenre.evaluation.compare import Comparison
from moviegenre.evaluation.documents import UNDEFINED, Table, per_cent
from moviegenre.evaluation.tuning import NUM_FOLDS

TUNED_HEADING = "Tuned thresholds and calibration"
TUNED_TEXT = (
    "One threshold a genre instead of 0.5, fitted on validation for the goal in the heading. "
    f"The gain is cross-validated there ({NUM_FOLDS} folds), in points. ECE, the expected "
    "calibration error, is before and after a scale and a shift for each genre. Per cent."
)
TUNED_GENRE_TEXT = (
    "Thresholds of the first model of the ranking for F1-macro, and its F1 on validation in per "
    "cent. What is fitted there but not cross-validated is overfitted, most of all for rare genres."
)
_MACRO, _MICRO, _ECE = "tuned F1-macro", "tuned F1-micro", "ECE after"
_MACRO_GAIN, _MICRO_GAIN = "gain (macro)", "gain (micro)"
TUNED_IN_SHORT = ("model", _MACRO, _MACRO_GAIN, _MICRO, _MICRO_GAIN, "ECE before", _ECE)
"""The columns that fit into a console of eighty characters."""


def tuned_table(comparison: Comparison) -> Table | None:
    """Return tuned scores and scores at 0.5, best at 0.5 first; None if no model is tuned."""
    rows = []
    for result in comparison.ranking:
        tuned = result.tuned
        if tuned is None:
            continue
        rows.append(
            (
                result.run.title,
                per_cent(tuned.before.f1_macro),
                per_cent(tuned.macro.f1_macro),
                points(tuned.for_macro.gain("f1_macro")),
                per_cent(tuned.before.f1_micro),
                per_cent(tuned.micro.f1_micro),
                points(tuned.for_micro.gain("f1_micro")),
                per_cent(tuned.before.ece),
                per_cent(tuned.macro.ece),
            )
        )
    headings = (
        "model",
        "F1-macro at 0.5",
        _MACRO,
        _MACRO_GAIN,
        "F1-micro at 0.5",
        _MICRO,
        _MICRO_GAIN,
        "ECE before",
        _ECE,
    )
    return Table(headings, tuple(rows)) if rows else None


def tuned_genre_table(comparison: Comparison) -> Table | None:
    """Return the thresholds of the best model and their scores; None if it is not tuned."""
    tuned = comparison.ranking[0].tuned
    if tuned is None:
        return None
    fit = tuned.for_macro
    genres = list(fit.point.genres)
    order = sorted(range(len(genres)), key=lambda index: (-fit.support[index], genres[index]))
    rows = tuple(
        (
            genres[index],
            f"{fit.support[index]:,}",
            f"{fit.point.thresholds[index]:.3f}",
            per_cent(float(fit.before.f1[index])),
            per_cent(float(fit.in_sample.f1[index])),
            per_cent(float(fit.cross_validated.f1[index])),
            points(float(fit.in_sample.f1[index] - fit.cross_validated.f1[index])),
        )
        for index in order
    )
    headings = (
        "genre",
        "movies",
        "threshold",
        "at 0.5",
        "fitted there",
        "cross-validated",
        "overfitted",
    )
    return Table(headings, rows)


def points(difference: float) -> str:
    """Return a difference of fractions in points, with its sign."""
    return UNDEFINED if math.isnan(difference) else f"{100 * difference:+.2f}"
