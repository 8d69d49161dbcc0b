"""The forms of a film for fits and scores."""

from collections.abc import Collection
from dataclasses import dataclass

from moviegenre.core.types import PLOT_AND_POSTER, Modality, Part, PlotRule


@dataclass(frozen=True)
class FilmForm:
    """One form of film: the inputs that the model gets.

    Attributes:
        plot: The plot rule.
        reads: The parts.
        name: Its name in tables.
    """

    plot: PlotRule
    reads: tuple[Part, ...]
    name: str = ""

    def unread(self, parts: Collection[Part]) -> tuple[Part, ...]:
        """Return the parts of this form that a model does not read, in their usual order.

        Args:
            parts: The parts that the model reads.
        """
        return tuple(part for part in self.reads if part not in parts)

    @property
    def missing(self) -> Modality | None:
        """The modality that every film lacks, if any."""
        if "poster" not in self.reads:
            return Modality.POSTER
        return None if "plot" in self.reads else Modality.PLOT


WITH_NAMES: tuple[Part, ...] = (*PLOT_AND_POSTER, "title", "year")

FILM_FORMS = (
    FilmForm("first", PLOT_AND_POSTER, "short plot and poster"),
    FilmForm("joined", PLOT_AND_POSTER, "all plots and poster"),
    FilmForm("first", ("plot",), "short plot"),
    FilmForm("joined", ("plot",), "all plots"),
    FilmForm("sentence", ("plot",), "first sentence"),
    FilmForm("first", ("poster",), "poster"),
    FilmForm("first", WITH_NAMES, "short plot, poster, title, year"),
    FilmForm("joined", WITH_NAMES, "all plots, poster, title, year"),
)
"""The rows of the table on the model card."""
