"""Reliability diagrams, over all genres and for each genre."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from moviegenre.core.decisions import FloatArray
from moviegenre.evaluation.calibration import reliability
from moviegenre.evaluation.canvas import (
    FAINT,
    INK,
    LINES,
    axis_labels,
    dress,
    genre_panels,
    legend,
    new_figure,
)
from moviegenre.evaluation.compare import Comparison, ModelResult
from moviegenre.evaluation.tuning import TunedScores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GENRE_BINS = 8  # fewer bins than for all genres, because a genre has fewer movies
SMALLEST_BIN = 10  # the share of positives among fewer movies is mostly chance


class _Series(NamedTuple):
    """The model's probabilities and scores before or after fitting, and the style of its line."""

    name: str
    style: dict[str, Any]
    probs: FloatArray
    scores: TunedScores


def _before_and_after(best: ModelResult) -> list[_Series]:
    """Return both series of a model; empty if the model is not tuned."""
    if best.tuned is None:
        return []
    before = {"color": LINES[1], "linestyle": "--", "marker": "s"}
    after = {"color": LINES[0], "linestyle": "-", "marker": "o"}
    return [
        _Series("before", before, best.run.predictions.probs, best.tuned.before),
        _Series("after", after, best.tuned.calibrated, best.tuned.macro),
    ]


def draw_reliability(comparison: Comparison) -> "Figure | None":
    """Draw the best model's reliability and its error by genre; None if it is not tuned."""
    from matplotlib.lines import Line2D

    best = comparison.ranking[0]
    all_series = _before_and_after(best)
    if not all_series:
        return None
    genres = comparison.genres_by_support
    figure = new_figure(9, max(4.4, 1.4 + 0.24 * len(genres)))
    left, right = figure.subplots(1, 2)
    dress(left, grid="both")
    dress(right, grid="x")
    left.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2)
    heights = np.arange(len(genres))[::-1]
    columns = [comparison.genres.index(genre) for genre in genres]
    handles = []
    for name, style, probs, scores in all_series:
        bins = reliability(probs, best.run.predictions.labels)
        filled = bins.counts > 0
        left.plot(bins.predicted[filled], bins.observed[filled], markersize=4.5, **style)
        dot_style = {**style, "linestyle": "none"}
        right.plot(100 * scores.ece_by_genre[columns], heights, markersize=5.5, **dot_style)
        handles.append(
            Line2D([], [], label=f"{name} calibration (error {100 * scores.ece:.1f} %)", **style)
        )
    left.set(xlim=(0, 1), ylim=(0, 1))
    left.set_xlabel("predicted probability")
    left.set_ylabel("share of movies with the genre")
    right.set_yticks(heights, genres)
    right.set_xlim(left=0)
    right.set_xlabel("expected calibration error, per cent")
    figure.suptitle(best.run.title, fontsize=11, color=INK)
    legend(figure, handles, loc="outside lower center", ncols=2)
    return figure


def draw_genre_reliability(comparison: Comparison) -> "Figure | None":
    """Draw a panel for each genre, with the best model's reliability; None if it is not tuned."""
    from matplotlib.lines import Line2D

    best = comparison.ranking[0]
    all_series = _before_and_after(best)
    if not all_series:
        return None
    genres, labels = comparison.genres_by_support, best.run.predictions.labels
    figure, panels = genre_panels(len(genres), extra_height=1.3)
    for panel, genre in zip(panels, genres, strict=True):
        panel.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2)
        column = comparison.genres.index(genre)
        for _, style, probs, _ in all_series:
            bins = reliability(probs[:, column], labels[:, column], _GENRE_BINS)
            filled = bins.counts >= SMALLEST_BIN
            panel.plot(
                bins.predicted[filled],
                bins.observed[filled],
                linewidth=1.4,
                markersize=3,
                clip_on=False,  # markers at 0 and 1 are whole
                in_layout=False,  # an empty line would have no place
                **style,
            )
        errors = ", ".join(
            f"{100 * series.scores.ece_by_genre[column]:.1f} % {series.name}"
            for series in all_series
        )
        panel.set_title(f"{genre}\nerror {errors}", fontsize=8.5, color=INK)
    axis_labels(figure, "predicted probability", "movies with the genre")
    handles = [
        Line2D([], [], label=f"{best.run.title} {series.name} calibration", **series.style)
        for series in all_series
    ]
    ncols = len(handles) if len(panels) > 2 else 1  # one below the other in a narrow figure
    legend(figure, handles, loc="outside upper center", ncols=ncols)
    return figure
