"""Plots with a cell, panel or row for each genre: F1, precision over recall, co-occurrence."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import decide
from moviegenre.data.cooccurrence import cooccurrence
from moviegenre.evaluation.canvas import (
    FAINT,
    INK,
    STYLES,
    axis_labels,
    dress,
    genre_panels,
    kind_colour,
    legend,
    new_figure,
)
from moviegenre.evaluation.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _draw_heat_map(axes: "Axes", values: npt.NDArray[np.float64], highest: float) -> Any:  # noqa: ANN401 - matplotlib's AxesImage
    """Draw a matrix of per cents; undefined cells stay empty."""
    from matplotlib import colormaps

    colours = colormaps["cividis"].with_extremes(bad=FAINT)
    image = axes.imshow(np.ma.masked_invalid(values), cmap=colours, vmin=0, vmax=highest)
    axes.set_aspect("auto")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def _write_numbers(axes: "Axes", values: npt.NDArray[np.float64], highest: float) -> None:
    """Write the numbers of a heat map into its cells."""
    for (row, column), value in np.ndenumerate(values):
        is_defined = bool(np.isfinite(value))
        # The colours of cividis are dark below the middle and light above it.
        shade = "#ffffff" if is_defined and value < 0.55 * highest else "#000000"
        axes.text(
            column,
            row,
            f"{value:.0f}" if is_defined else "",
            ha="center",
            va="center",
            color=shade,
            fontsize=9,
        )


def draw_genres(comparison: Comparison) -> "Figure | None":
    """Draw F1 as a heat map; None if no score is defined."""
    genres = comparison.genres_by_support
    results = comparison.ranking
    values = np.array(
        [[100 * r.evaluation.per_genre[genre].f1 for r in results] for genre in genres]
    )
    if not np.isfinite(values).any():
        return None
    figure = new_figure(max(5.5, 2.6 + 0.85 * len(results)), 1.6 + 0.3 * len(genres))
    axes = figure.subplots()
    dress(axes)
    image = _draw_heat_map(axes, values, max(1.0, float(np.nanmax(values))))
    _write_numbers(axes, values, max(1.0, float(np.nanmax(values))))
    support = results[0].evaluation.per_genre
    axes.set_yticks(range(len(genres)), [f"{g} ({support[g].support:,})" for g in genres])
    axes.set_xticks(range(len(results)), [r.run.title for r in results], rotation=35, ha="right")
    _colour_bar(figure, image, axes, "F1, per cent")
    return figure


def _colour_bar(figure: "Figure", image: Any, axes: Any, label: str) -> None:  # noqa: ANN401
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02)
    bar.set_label(label, color=INK, fontsize=9)
    bar.ax.tick_params(colors=INK, labelsize=8)
    bar.outline.set_visible(False)


def precision_recall(
    probs: npt.NDArray[np.floating], labels: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return recall and precision (K + 1,) at all K distinct probabilities, highest first.

    Before them is a point at recall 0 with the precision of the highest probability, because a
    curve of steps starts there.

    Args:
        probs: Probabilities of one label (N,).
        labels: Its values (N,), with at least one positive.
    """
    order = np.argsort(-probs, kind="stable")
    hits = np.cumsum(np.asarray(labels, dtype=np.float64)[order])
    chosen = np.arange(1, len(order) + 1, dtype=np.float64)
    last_of_ties = np.append(np.diff(probs[order]) != 0, True)
    recall = hits[last_of_ties] / hits[-1]
    precision = hits[last_of_ties] / chosen[last_of_ties]
    return np.append(0.0, recall), np.append(precision[0], precision)


def draw_precision_recall(comparison: Comparison) -> "Figure | None":
    """Draw a panel for each genre, with the best model of each kind; None without positives."""
    from matplotlib.lines import Line2D

    best = [comparison.best(kind) for kind in ("fusion", "plot", "poster")]
    results = [r for r in best if r is not None] or list(comparison.ranking[:3])
    support = results[0].evaluation.per_genre
    genres = [genre for genre in comparison.genres_by_support if support[genre].support]
    if not genres:
        return None
    figure, panels = genre_panels(len(genres), extra_height=0.7)
    styles = dict(zip([r.name for r in results], STYLES, strict=False))
    for panel, genre in zip(panels, genres, strict=True):
        column = comparison.genres.index(genre)
        share = support[genre].support / comparison.num_movies
        panel.axhline(share, color=FAINT, linewidth=1.2)
        for result in results:
            predictions = result.run.predictions
            recall, precision = precision_recall(
                predictions.probs[:, column], predictions.labels[:, column]
            )
            panel.plot(
                recall,
                precision,
                color=kind_colour(result.kind),
                linestyle=styles[result.name],
                linewidth=1.6,
                drawstyle="steps-pre",
            )
        panel.set_title(f"{genre} ({support[genre].support:,})", fontsize=9.5, color=INK)
        panel.set_ylim(0, 1.02)
    axis_labels(figure, "recall", "precision")
    handles = [
        Line2D([], [], color=kind_colour(r.kind), linestyle=styles[r.name], label=r.run.title)
        for r in results
    ]
    legend(figure, handles, loc="outside upper center", ncols=len(handles))
    return figure


def draw_cooccurrence(comparison: Comparison) -> "Figure | None":
    """Draw the labels and the best model's predictions side by side; None for a single genre."""
    genres = comparison.genres_by_support
    if len(genres) < 2:
        return None
    order = [comparison.genres.index(genre) for genre in genres]
    best = comparison.ranking[0].run
    predictions = best.predictions
    truth = cooccurrence(predictions.labels.astype(bool)[:, order])
    predicted = cooccurrence(
        np.asarray(decide(predictions.probs, comparison.threshold), dtype=bool)[:, order]
    )
    highest = max(1.0, float(np.nanmax(np.append(truth, predicted), initial=0)))
    side = 1.4 + 0.2 * len(genres)
    figure = new_figure(2 * side + 0.6, side + 0.9)
    panels = figure.subplots(1, 2, sharey=True)
    titles = ("truth", f"prediction of {best.title}")
    for axes, values, title in zip(panels, (truth, predicted), titles, strict=True):
        dress(axes)
        image = _draw_heat_map(axes, values, highest)
        axes.set_title(title, fontsize=11, color=INK)
        axes.set_xticks(range(len(genres)), genres, rotation=90)
        axes.set_yticks(range(len(genres)), genres)
    _colour_bar(figure, image, list(panels), "per cent of the row's movies")
    return figure
