"""The pictures of a comparison, for a light and for a dark page.

Drawn with matplotlib's object interface, so no window and no global state. Colours are those of
Okabe and Ito, which colour-blind readers can tell apart; lines differ in style besides.
"""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import decide
from moviegenre.core.errors import MissingExtraError
from moviegenre.evaluation.compare import Comparison, ModelResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 130
_BLUE, _ORANGE, _GREEN, _VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
_PURPLE, _SKY = "#CC79A7", "#56B4E9"
_KIND_COLOURS = {"plot": _BLUE, "poster": _ORANGE, "fusion": _GREEN}
_STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Theme:
    """The colours of a page.

    Attributes:
        name: ``light`` or ``dark``.
        paper: Behind everything.
        ink: Text and axes.
        faint: Grids and what is not there.
        lines: For models, in turn.
    """

    name: str
    paper: str
    ink: str
    faint: str
    lines: tuple[str, ...]


LIGHT = Theme(
    "light",
    "#ffffff",
    "#1b1f24",
    "#d0d7de",
    (_BLUE, _VERMILLION, _GREEN, _PURPLE, _ORANGE, _SKY, "#333333"),
)
DARK = Theme(
    "dark",
    "#161b22",
    "#e6edf3",
    "#3d444d",
    ("#4aa8e0", "#ff8c4a", "#2cc99b", "#e39cc4", _ORANGE, "#a5d8f5", "#d0d0d0"),
)


@dataclass(frozen=True)
class Plot:
    """A kind of picture.

    Attributes:
        name: Its file is ``NAME.png``.
        title: Its heading.
        caption: What it shows, for those who read and those who cannot see it.
        draw: Draws it; None where there is nothing to draw.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Comparison, Theme], "Figure | None"]


def render_png(plot: Plot, comparison: Comparison, theme: Theme = LIGHT) -> bytes | None:
    """Return a plot as PNG bytes; None where there is nothing to draw.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError:
        raise MissingExtraError("matplotlib", "report", "the report's plots") from None
    figure = plot.draw(comparison, theme)
    if figure is None:
        return None
    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    # Without the version in it, equal results give equal files.
    figure.savefig(stream, format="png", facecolor=theme.paper, metadata={"Software": None})
    return stream.getvalue()


def _figure(width: float, height: float) -> "Figure":
    """Return an empty figure, sizes in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=_DPI, layout="constrained")


def _dress(axes: "Axes", theme: Theme, *, grid: str = "") -> None:
    """Give axes the theme's colours and only the lines they need."""
    axes.set_facecolor(theme.paper)
    for side, spine in axes.spines.items():
        spine.set_color(theme.faint)
        spine.set_visible(side in ("left", "bottom"))
    axes.tick_params(colors=theme.ink, labelsize=9, length=3)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(theme.ink)
    if grid:
        axes.grid(axis=grid, color=theme.faint, linewidth=0.6)  # type: ignore[arg-type]
        axes.set_axisbelow(True)


def _legend(owner: Any, theme: Theme, handles: Sequence[Any], **placement: Any) -> None:  # noqa: ANN401
    legend = owner.legend(handles=handles, frameon=False, fontsize=9, **placement)
    for text in legend.get_texts():
        text.set_color(theme.ink)


def _kind_colour(result: ModelResult, theme: Theme) -> str:
    return _KIND_COLOURS.get(result.kind, theme.lines[3])


def _draw_ranking(comparison: Comparison, theme: Theme) -> "Figure | None":
    from matplotlib.patches import Patch

    results = [r for r in comparison.ranking if not math.isnan(r.score)]
    if not results:
        return None
    figure = _figure(8, 1.3 + 0.42 * len(results))
    axes = figure.subplots()
    _dress(axes, theme, grid="x")
    places = np.arange(len(results))[::-1]
    scores = np.array([100 * r.score for r in results])
    ends = [(100 * r.f1_macro.low, 100 * r.f1_macro.high) for r in results]
    colours = [_kind_colour(r, theme) for r in results]
    axes.barh(places, scores, color=colours, height=0.66)
    for place, score, (low, high) in zip(places, scores, ends, strict=True):
        axes.plot([low, high], [place, place], color=theme.ink, linewidth=1.6)
        for end in (low, high):
            axes.plot([end, end], [place - 0.14, place + 0.14], color=theme.ink, linewidth=1.6)
        axes.annotate(
            f"{score:.1f}",
            (max(high, score), place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=theme.ink,
            fontsize=10,
        )
    axes.set_yticks(places, [r.run.title for r in results])
    axes.tick_params(axis="y", labelsize=10, length=0)
    axes.set_xlim(0, min(108.0, 1.12 * max(high for _, high in ends) + 1))
    axes.set_xlabel("F1-macro, per cent")
    kinds = dict.fromkeys(r.kind for r in results)
    handles = [Patch(color=_KIND_COLOURS.get(k, theme.lines[3]), label=k) for k in kinds]
    _legend(figure, theme, handles, loc="outside upper right", ncols=len(handles))
    return figure


def _by_support(comparison: Comparison) -> list[str]:
    per_genre = comparison.ranking[0].evaluation.per_genre
    return sorted(comparison.genres, key=lambda genre: (-per_genre[genre].support, genre))


def _heat(
    axes: "Axes", values: npt.NDArray[np.float64], theme: Theme, highest: float, size: float
) -> Any:  # noqa: ANN401 - matplotlib's AxesImage
    """Draw a matrix of per cents with its numbers; undefined cells stay empty."""
    from matplotlib import colormaps

    colours = colormaps["cividis"].with_extremes(bad=theme.faint)
    image = axes.imshow(np.ma.masked_invalid(values), cmap=colours, vmin=0, vmax=highest)
    axes.set_aspect("auto")
    for (row, column), value in np.ndenumerate(values):
        known = bool(np.isfinite(value))
        # cividis turns from dark to light about its middle.
        shade = "#ffffff" if known and value < 0.55 * highest else "#000000"
        axes.text(
            column,
            row,
            f"{value:.0f}" if known else "",
            ha="center",
            va="center",
            color=shade,
            fontsize=size,
        )
    return image


def _draw_genres(comparison: Comparison, theme: Theme) -> "Figure | None":
    genres = _by_support(comparison)
    results = comparison.ranking
    values = np.array(
        [[100 * r.evaluation.per_genre[genre].f1 for r in results] for genre in genres]
    )
    if not np.isfinite(values).any():
        return None
    figure = _figure(max(5.5, 2.6 + 0.85 * len(results)), 1.6 + 0.3 * len(genres))
    axes = figure.subplots()
    _dress(axes, theme)
    image = _heat(axes, values, theme, max(1.0, float(np.nanmax(values))), 9)
    support = results[0].evaluation.per_genre
    axes.set_yticks(range(len(genres)), [f"{g} ({support[g].support:,})" for g in genres])
    axes.set_xticks(range(len(results)), [r.run.title for r in results], rotation=35, ha="right")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _colour_bar(figure, image, axes, "F1, per cent", theme)
    return figure


def _colour_bar(figure: "Figure", image: Any, axes: Any, label: str, theme: Theme) -> None:  # noqa: ANN401
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02)
    bar.set_label(label, color=theme.ink, fontsize=9)
    bar.ax.tick_params(colors=theme.ink, labelsize=8)
    bar.outline.set_visible(False)


def precision_recall(
    probs: npt.NDArray[np.floating], labels: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return recall and precision (K,) at every distinct probability, highest first.

    Args:
        probs: Probabilities of one label (N,).
        labels: Its truth (N,), with at least one positive.
    """
    order = np.argsort(-probs, kind="stable")
    hits = np.cumsum(np.asarray(labels, dtype=np.float64)[order])
    chosen = np.arange(1, len(order) + 1, dtype=np.float64)
    last_of_ties = np.append(np.diff(probs[order]) != 0, True)
    return hits[last_of_ties] / hits[-1], hits[last_of_ties] / chosen[last_of_ties]


def _draw_precision_recall(comparison: Comparison, theme: Theme) -> "Figure | None":
    from matplotlib.lines import Line2D

    best = [comparison.best(kind) for kind in ("fusion", "plot", "poster")]
    results = [r for r in best if r is not None] or list(comparison.ranking[:3])
    support = results[0].evaluation.per_genre
    genres = [genre for genre in _by_support(comparison) if support[genre].support]
    if not genres:
        return None
    columns = min(4, len(genres))
    rows = math.ceil(len(genres) / columns)
    figure = _figure(2.3 * columns + 0.4, 1.9 * rows + 0.7)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    styles = dict(zip([r.name for r in results], _STYLES, strict=False))
    for panel, genre in zip(panels.flat, genres, strict=False):
        _dress(panel, theme, grid="both")
        column = comparison.genres.index(genre)
        share = support[genre].support / comparison.num_movies
        panel.axhline(share, color=theme.faint, linewidth=1.2)
        for result in results:
            found = result.run.predictions
            recall, precision = precision_recall(found.probs[:, column], found.labels[:, column])
            panel.plot(
                recall,
                precision,
                color=_kind_colour(result, theme),
                linestyle=styles[result.name],
                linewidth=1.6,
                drawstyle="steps-pre",
            )
        panel.set_title(f"{genre} ({support[genre].support:,})", fontsize=9.5, color=theme.ink)
        panel.set(xlim=(0, 1), ylim=(0, 1.02), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    for panel in panels.flat[len(genres) :]:
        panel.set_visible(False)
    figure.supxlabel("recall", fontsize=10, color=theme.ink)
    figure.supylabel("precision", fontsize=10, color=theme.ink)
    handles = [
        Line2D([], [], color=_kind_colour(r, theme), linestyle=styles[r.name], label=r.run.title)
        for r in results
    ]
    _legend(figure, theme, handles, loc="outside upper center", ncols=len(handles))
    return figure


def _series(
    history: Sequence[Mapping[str, float]], key: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    points = [(float(r["epoch"]), float(r[key])) for r in history if key in r and "epoch" in r]
    array = np.array(points, dtype=np.float64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _draw_training(comparison: Comparison, theme: Theme) -> "Figure | None":
    from matplotlib.lines import Line2D

    results = [r for r in comparison.ranking if len(r.run.history)]
    if not results:
        return None
    figure = _figure(9, 4.2)
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        _dress(axes, theme, grid="both")
        axes.set_xlabel("epoch")
    handles = []
    for place, result in enumerate(results):
        look: dict[str, Any] = {
            "color": theme.lines[place % len(theme.lines)],
            "linestyle": _STYLES[place % len(_STYLES)],
            "linewidth": 1.8,
            "marker": "o",
            "markersize": 3.5,
        }
        epochs, scores = _series(result.run.history, "val_f1_macro")
        left.plot(epochs, 100 * scores, **look)
        epochs, losses = _series(result.run.history, "train_loss")
        if losses.size and losses[0] > 0:
            right.plot(epochs, losses / losses[0], **look)
        handles.append(Line2D([], [], label=result.run.title, **look))
    left.set_title("F1-macro on validation, per cent", fontsize=10)
    right.set_title("training loss, as a share of the first", fontsize=10)
    right.set_ylim(bottom=0)
    _legend(figure, theme, handles, loc="outside lower center", ncols=min(4, len(handles)))
    return figure


def cooccurrence(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the per cent of movies with one label (row) that have another (column), (L, L).

    Args:
        chosen: Labels of movies (N, L).

    Returns:
        NaN on the diagonal, and in the row of a label that no movie has.
    """
    counts = chosen.astype(np.float64).T @ chosen.astype(np.float64)
    having = np.diag(counts).copy()
    shares = 100 * counts / np.maximum(having, 1)[:, None]
    shares[having == 0] = np.nan
    np.fill_diagonal(shares, np.nan)
    return shares


def _draw_cooccurrence(comparison: Comparison, theme: Theme) -> "Figure | None":
    genres = _by_support(comparison)
    if len(genres) < 2:
        return None
    order = [comparison.genres.index(genre) for genre in genres]
    best = comparison.ranking[0].run
    found = best.predictions
    truth = cooccurrence(found.labels.astype(bool)[:, order])
    answer = cooccurrence(
        np.asarray(decide(found.probs, comparison.threshold), dtype=bool)[:, order]
    )
    highest = max(1.0, float(np.nanmax(np.append(truth, answer), initial=0)))
    side = 1.5 + 0.3 * len(genres)
    figure = _figure(2 * side, side + 0.6)
    panels = figure.subplots(1, 2, sharey=True)
    titles = ("truth", f"prediction of {best.title}")
    for axes, values, title in zip(panels, (truth, answer), titles, strict=True):
        _dress(axes, theme)
        image = _heat(axes, values, theme, highest, 6.5)
        axes.set_title(title, fontsize=11, color=theme.ink)
        axes.set_xticks(range(len(genres)), genres, rotation=90)
        axes.set_yticks(range(len(genres)), genres)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
    _colour_bar(figure, image, list(panels), "of movies with the row's genre, per cent", theme)
    return figure


PLOTS = (
    Plot(
        "ranking",
        "Ranking",
        "F1-macro of every model with the 95 % interval of the bootstrap over movies.",
        _draw_ranking,
    ),
    Plot(
        "genre_f1",
        "F1 by genre and model",
        "F1 in per cent; genres from the commonest to the rarest with their number of movies, "
        "models from the best to the last. An empty cell is undefined.",
        _draw_genres,
    ),
    Plot(
        "precision_recall",
        "Precision and recall by genre",
        "Precision over recall at every threshold, for the best fusion, plot and poster model. "
        "The grey line is the share of movies that have the genre: what guessing would reach.",
        _draw_precision_recall,
    ),
    Plot(
        "training",
        "Training",
        "Validation score and training loss after every interval. Losses of different kinds "
        "cannot be compared, so each is drawn relative to its own first value.",
        _draw_training,
    ),
    Plot(
        "cooccurrence",
        "Genres that occur together",
        "Of the movies with the row's genre, the per cent that also have the column's: in truth, "
        "and as the best model decides.",
        _draw_cooccurrence,
    ),
)
