"""The plots of a comparison, on white; a dark page inverts them.

They use matplotlib's object interface, so there is no window and no global state.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from moviegenre.core.errors import MissingExtraError
from moviegenre.evaluation.calibration_plots import (
    SMALLEST_BIN,
    draw_genre_reliability,
    draw_reliability,
)
from moviegenre.evaluation.canvas import PAPER
from moviegenre.evaluation.compare import Comparison
from moviegenre.evaluation.genre_plots import draw_cooccurrence, draw_genres, draw_precision_recall
from moviegenre.evaluation.model_plots import draw_ranking, draw_training

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plot:
    """A kind of plot.

    Attributes:
        name: Its file is ``NAME.png``.
        title: Its heading.
        caption: Its description, also for readers who cannot see it.
        draw: Draws the plot; None if there is no content.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Comparison], "Figure | None"]


def render_png(plot: Plot, comparison: Comparison) -> bytes | None:
    """Return a plot as PNG bytes; None if there is no content.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    _check_matplotlib()
    figure = plot.draw(comparison)
    return None if figure is None else figure_png(figure)


def figure_png(figure: "Figure") -> bytes:
    """Return a figure as PNG bytes.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    _check_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_facecolor(PAPER)
    canvas = FigureCanvasAgg(figure)
    # This draws once; savefig would draw twice, to place legends outside the axes.
    canvas.draw()  # type: ignore[no-untyped-call]
    # A palette of 256 colours makes the files a third as large, without a visible difference.
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    picture = Image.fromarray(pixels).convert("RGB")
    stream = io.BytesIO()
    palette = picture.quantize(256, dither=Image.Dither.NONE)
    palette.save(stream, format="png", optimize=True)
    return stream.getvalue()


def _check_matplotlib() -> None:
    try:
        import matplotlib.backends.backend_agg  # noqa: F401
    except ImportError:
        raise MissingExtraError("matplotlib", "report", "the report's plots") from None


PLOTS = (
    Plot(
        "ranking",
        "Ranking",
        "F1-macro of every model with the 95 % interval of the bootstrap over movies.",
        draw_ranking,
    ),
    Plot(
        "genre_f1",
        "F1 by genre and model",
        "F1 in per cent; genres from the commonest to the rarest with their number of movies, "
        "models from the best to the last. An empty cell is undefined.",
        draw_genres,
    ),
    Plot(
        "precision_recall",
        "Precision and recall by genre",
        "Precision over recall at every threshold, for the best fusion, plot and poster model. "
        "The grey line is the share of movies that have the genre: what guessing would reach.",
        draw_precision_recall,
    ),
    Plot(
        "training",
        "Training",
        "Validation score and training loss after every interval. Losses of different kinds "
        "cannot be compared, so each is drawn relative to its own first value.",
        draw_training,
    ),
    Plot(
        "cooccurrence",
        "Genres that occur together",
        "Of the movies with the row's genre, the per cent that also have the column's: in truth, "
        "and as the best model decides.",
        draw_cooccurrence,
    ),
    Plot(
        "reliability",
        "Reliability of the best model",
        "Left: of all decisions with about this probability, the share of movies that have the "
        "genre; on the diagonal, 0.7 means 7 movies in 10. Right: the expected calibration error "
        "by genre. Before, and after Platt's scale and shift for each genre, fitted on validation.",
        draw_reliability,
    ),
    Plot(
        "reliability_by_genre",
        "Reliability by genre",
        "The same for each genre, the commonest first, with its expected calibration error before "
        f"and after. Points stand for at least {SMALLEST_BIN} movies; if a genre has none in "
        "the upper half, the model is seldom sure of it.",
        draw_genre_reliability,
    ),
)
