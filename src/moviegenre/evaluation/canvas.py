"""The colours and empty figures of all plots.

The colours of Okabe and Ito are distinct for colour-blind readers. Lines also differ in style.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 130
_KIND_LINES = {"plot": 0, "poster": 4, "fusion": 2}  # indices in LINES
_OTHER_LINE = 3
STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")

PAPER, INK, FAINT = "#ffffff", "#1b1f24", "#d0d7de"
# Okabe and Ito's orange, sky blue and purple are darkened for white paper, to a contrast of 3:1.
LINES = (
    *("#0072b2", "#d55e00", "#009e73", "#b85c90", "#b87a00", "#2e93cc", "#333333"),
    *("#5b3fa0", "#7d8500", "#8a1c1c", "#00767f", "#7a4a2a"),
)
_MARKERS = ("o", "s", "^")


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure, sizes in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=_DPI, layout="constrained")


def dress(axes: "Axes", *, grid: Literal["x", "y", "both"] | None = None) -> None:
    """Show only the left and bottom lines of axes, and set their colours."""
    axes.set_facecolor(PAPER)
    for side, spine in axes.spines.items():
        spine.set_color(FAINT)
        spine.set_visible(side in ("left", "bottom"))
    axes.tick_params(colors=INK, labelsize=9, length=3)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(INK)
    if grid:
        axes.grid(axis=grid, color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)


def legend(owner: Any, handles: Sequence[Any], **placement: Any) -> None:  # noqa: ANN401
    """Add a legend without a frame, in the colour of text, to a figure or to axes."""
    box = owner.legend(handles=handles, frameon=False, fontsize=9, **placement)
    for text in box.get_texts():
        text.set_color(INK)


def line_style(index: int) -> dict[str, Any]:
    """Return the colour, style and marker of a figure's line; the first 36 all differ."""
    return {
        "color": LINES[index % len(LINES)],
        "linestyle": STYLES[index % len(STYLES)],
        "linewidth": 1.8,
        "marker": _MARKERS[index // len(LINES) % len(_MARKERS)],
        "markersize": 3.5,
    }


def whole_numbers(axes: "Axes") -> None:
    """Mark only whole numbers on the horizontal axis."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def kind_colour(kind: str) -> str:
    """Return the colour of a kind of model: plot, poster, fusion or other."""
    return LINES[_KIND_LINES.get(kind, _OTHER_LINE)]


def genre_panels(num_genres: int, extra_height: float) -> tuple["Figure", list["Axes"]]:
    """Return a figure with a panel for each genre, whose axes go from 0 to 1.

    Args:
        num_genres: The number of panels.
        extra_height: Inches for labels and legend.
    """
    columns = min(4, num_genres)
    rows = math.ceil(num_genres / columns)
    figure = new_figure(2.3 * columns + 0.4, 1.9 * rows + extra_height)
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    for panel in panels[:num_genres]:
        dress(panel, grid="both")
        panel.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    for index in range(num_genres, len(panels)):
        panels[index].set_visible(False)
        panels[index - columns].tick_params(labelbottom=True)
    return figure, panels[:num_genres]


def axis_labels(figure: "Figure", x: str, y: str) -> None:
    """Write one label below all panels of a figure and one beside them."""
    figure.supxlabel(x, fontsize=10, color=INK)
    figure.supylabel(y, fontsize=10, color=INK)
