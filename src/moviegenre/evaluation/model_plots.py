"""Plots with a bar or line for each model: the ranking and the training curves."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from moviegenre.evaluation.canvas import (
    INK,
    dress,
    kind_colour,
    legend,
    line_style,
    new_figure,
    whole_numbers,
)
from moviegenre.evaluation.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_ranking(comparison: Comparison) -> "Figure | None":
    """Draw a bar for each model, with its interval; None if no score is defined."""
    from matplotlib.patches import Patch

    results = [r for r in comparison.ranking if not math.isnan(r.score)]
    if not results:
        return None
    figure = new_figure(8, 1.3 + 0.42 * len(results))
    axes = figure.subplots()
    dress(axes, grid="x")
    heights = np.arange(len(results))[::-1]
    scores = np.array([100 * r.score for r in results])
    intervals = [(100 * r.f1_macro.low, 100 * r.f1_macro.high) for r in results]
    colours = [kind_colour(r.kind) for r in results]
    axes.barh(heights, scores, color=colours, height=0.66)
    for height, score, (low, high) in zip(heights, scores, intervals, strict=True):
        axes.plot([low, high], [height, height], color=INK, linewidth=1.6)
        for end in (low, high):
            axes.plot([end, end], [height - 0.14, height + 0.14], color=INK, linewidth=1.6)
        axes.annotate(
            f"{score:.1f}",
            (max(high, score), height),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=10,
        )
    axes.set_yticks(heights, [r.run.title for r in results])
    axes.tick_params(axis="y", labelsize=10, length=0)
    axes.set_xlim(0, min(108.0, 1.12 * max(high for _, high in intervals) + 1))
    axes.set_xlabel("F1-macro, per cent")
    kinds = dict.fromkeys(r.kind for r in results)
    handles = [Patch(color=kind_colour(kind), label=kind) for kind in kinds]
    legend(figure, handles, loc="outside upper right", ncols=len(handles))
    return figure


def _series(
    history: Sequence[Mapping[str, float]], key: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    points = [(float(r["epoch"]), float(r[key])) for r in history if key in r and "epoch" in r]
    array = np.array(points, dtype=np.float64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def draw_training(comparison: Comparison) -> "Figure | None":
    """Draw validation score and relative loss over epochs; None if no model has a history."""
    from matplotlib.lines import Line2D

    results = [r for r in comparison.models if len(r.run.history)]  # baselines have no steps
    if not results:
        return None
    figure = new_figure(9, 4.2)
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        dress(axes, grid="both")
        axes.set_xlabel("epoch")
    handles = []
    for index, result in enumerate(results):
        style = line_style(index)
        epochs, scores = _series(result.run.history, "val_f1_macro")
        left.plot(epochs, 100 * scores, **style)
        epochs, losses = _series(result.run.history, "train_loss")
        if losses.size and losses[0] > 0:
            right.plot(epochs, losses / losses[0], **style)
        handles.append(Line2D([], [], label=result.run.title, **style))
    left.set_title("F1-macro on validation, per cent", fontsize=10)
    right.set_title("training loss, as a share of the first", fontsize=10)
    right.set_ylim(bottom=0)
    for axes in (left, right):
        axes.set_xlim(0, 1.03 * max(1.0, axes.get_xlim()[1]))
        whole_numbers(axes)
    legend(figure, handles, loc="outside lower center", ncols=min(4, len(handles)))
    return figure
