"""Colours and empty figures that all plots share.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart; lines differ in style
besides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from moviegenre.evaluation.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 130
_KIND_LINES = {"plot": 0, "poster": 4, "fusion": 2}  # places in a theme's lines
_OTHER_LINE = 3
STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")


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


# Okabe and Ito's orange, sky blue and purple are darkened for white paper, to a contrast of 3:1.
LIGHT = Theme(
    "light",
    "#ffffff",
    "#1b1f24",
    "#d0d7de",
    ("#0072b2", "#d55e00", "#009e73", "#b85c90", "#b87a00", "#2e93cc", "#333333"),
)
DARK = Theme(
    "dark",
    "#161b22",
    "#e6edf3",
    "#3d444d",
    ("#4aa8e0", "#ff8c4a", "#2cc99b", "#e39cc4", "#e69f00", "#a5d8f5", "#d0d0d0"),
)


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure, sizes in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=_DPI, layout="constrained")


def dress(axes: "Axes", theme: Theme, *, grid: Literal["x", "y", "both"] | None = None) -> None:
    """Give axes the theme's colours and only the lines they need."""
    axes.set_facecolor(theme.paper)
    for side, spine in axes.spines.items():
        spine.set_color(theme.faint)
        spine.set_visible(side in ("left", "bottom"))
    axes.tick_params(colors=theme.ink, labelsize=9, length=3)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(theme.ink)
    if grid:
        axes.grid(axis=grid, color=theme.faint, linewidth=0.6)
        axes.set_axisbelow(True)


def legend(owner: Any, theme: Theme, handles: Sequence[Any], **placement: Any) -> None:  # noqa: ANN401
    """Add a legend without a frame, in the theme's ink, to a figure or to axes."""
    drawn = owner.legend(handles=handles, frameon=False, fontsize=9, **placement)
    for text in drawn.get_texts():
        text.set_color(theme.ink)


def kind_colour(kind: str, theme: Theme) -> str:
    """Return the colour of a kind of model: plot, poster, fusion or other."""
    return theme.lines[_KIND_LINES.get(kind, _OTHER_LINE)]


def by_support(comparison: Comparison) -> list[str]:
    """Return the genres, the commonest in the split first."""
    per_genre = comparison.ranking[0].evaluation.per_genre
    return sorted(comparison.genres, key=lambda genre: (-per_genre[genre].support, genre))
