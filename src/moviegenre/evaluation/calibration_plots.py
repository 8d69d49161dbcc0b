"""Reliability diagrams, over all genres and for each genre."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from moviegenre.evaluation.calibration import reliability
from moviegenre.evaluation.canvas import FAINT, INK, LINES, by_support, dress, legend, new_figure
from moviegenre.evaluation.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BEFORE, _AFTER = 1, 0  # places in LINES
_GENRE_BINS = 8  # a genre has too few movies for the fifteen of all genres together
SMALLEST_BIN = 10  # the share of fewer movies is mostly chance


def draw_reliability(comparison: Comparison) -> "Figure | None":
    """Draw the best model's reliability and its error by genre; None where nothing was fitted."""
    from matplotlib.lines import Line2D

    best = comparison.ranking[0]
    if best.tuned is None:
        return None
    labels = best.run.predictions.labels
    genres = by_support(comparison)
    figure = new_figure(9, max(4.4, 1.4 + 0.24 * len(genres)))
    left, right = figure.subplots(1, 2)
    looks = (
        ("before", _BEFORE, "--", "s", best.run.predictions.probs, best.tuned.before),
        ("after", _AFTER, "-", "o", best.tuned.calibrated, best.tuned.macro),
    )
    dress(left, grid="both")
    dress(right, grid="x")
    left.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2)
    places = np.arange(len(genres))[::-1]
    order = [comparison.genres.index(genre) for genre in genres]
    handles = []
    for name, colour, line, marker, probs, scores in looks:
        bins = reliability(probs, labels)
        filled = bins.counts > 0
        look: dict[str, Any] = {"color": LINES[colour], "marker": marker}
        shown: dict[str, Any] = {"linestyle": line, **look}
        left.plot(
            bins.predicted[filled], bins.observed[filled], linestyle=line, markersize=4.5, **look
        )
        right.plot(
            100 * scores.ece_by_genre[order], places, linestyle="none", markersize=5.5, **look
        )
        label = f"{name} (error {100 * scores.ece:.1f} %)"
        handles.append(Line2D([], [], label=label, **shown))
    left.set(xlim=(0, 1), ylim=(0, 1))
    left.set_xlabel("probability")
    left.set_ylabel("share that was right")
    right.set_yticks(places, genres)
    right.set_xlim(left=0)
    right.set_xlabel("expected calibration error, per cent")
    figure.suptitle(best.run.title, fontsize=11, color=INK)
    legend(figure, handles, loc="outside lower center", ncols=2)
    return figure


def draw_genre_reliability(comparison: Comparison) -> "Figure | None":
    """Draw one panel a genre with the best model's reliability; None where nothing was fitted."""
    from matplotlib.lines import Line2D

    best = comparison.ranking[0]
    if best.tuned is None:
        return None
    predictions, genres = best.run.predictions, by_support(comparison)
    looks = (
        ("before", _BEFORE, "--", "s", predictions.probs, best.tuned.before),
        ("after", _AFTER, "-", "o", best.tuned.calibrated, best.tuned.macro),
    )
    columns = min(4, len(genres))
    rows = math.ceil(len(genres) / columns)
    figure = new_figure(2.3 * columns + 0.4, 1.9 * rows + 0.9)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for panel, genre in zip(panels.flat, genres, strict=False):
        dress(panel, grid="both")
        panel.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2)
        column = comparison.genres.index(genre)
        for _, colour, line, marker, probs, _ in looks:
            bins = reliability(probs[:, column], predictions.labels[:, column], _GENRE_BINS)
            filled = bins.counts >= SMALLEST_BIN
            panel.plot(
                bins.predicted[filled],
                bins.observed[filled],
                color=LINES[colour],
                linestyle=line,
                linewidth=1.4,
                marker=marker,
                markersize=3,
            )
        errors = " → ".join(f"{100 * look[-1].ece_by_genre[column]:.1f}" for look in looks)
        panel.set_title(f"{genre}: {errors} %", fontsize=9.5, color=INK)
        panel.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    for unused in range(len(genres), panels.size):
        panels.flat[unused].set_visible(False)
        panels.flat[unused - columns].tick_params(labelbottom=True)
    figure.supxlabel("probability", fontsize=10, color=INK)
    figure.supylabel("share that was right", fontsize=10, color=INK)
    handles = []
    for name, colour, line, marker, *_ in looks:
        shown: dict[str, Any] = {"linestyle": line, "marker": marker, "label": name}
        handles.append(Line2D([], [], color=LINES[colour], **shown))
    legend(figure, handles, loc="outside upper center", ncols=len(handles))
    return figure
