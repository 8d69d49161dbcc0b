"""Films for an ensemble: each member uses its own tokenizer and plot rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from PIL import Image

from moviegenre.artifacts.info import ModelInfo
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays
from moviegenre.inference.films import Film, FilmReader


@dataclass(frozen=True)
class EnsembleFilm(Film):
    """A film in every member's form; what it says of itself is what most is read of.

    Attributes:
        views: The film as each member reads it; empty ones where a member can read nothing.
    """

    views: tuple[Film, ...] = ()


class EnsembleReader(FilmReader):
    """Reads films for all members of an ensemble.

    Args:
        model: What the ensemble says of itself.
    """

    chooses_plots: ClassVar[bool] = True

    def __init__(self, model: ModelInfo) -> None:
        super().__init__(model)
        self._readers = [film_reader(member) for member in model.members]

    def form(
        self,
        texts: Sequence[str],
        image: Image.Image | None,
        title: str | None = None,
        year: int | None = None,
    ) -> EnsembleFilm:
        """Bring a film's texts and its poster into every member's form.

        Args:
            texts: What was written of the film, none of it blank.
            image: Its poster, upright.
            title: Its title.
            year: The year of its release.
        """
        views = tuple(
            reader.form(texts, image if Modality.POSTER in reader.modalities else None, title, year)
            for reader in self._readers
        )
        longest = max(views, key=lambda view: len(view.tokens))
        posters = [view.poster for view in views if view.poster is not None]
        poster = posters[0] if posters else None
        return EnsembleFilm(
            longest.plot,
            longest.tokens,
            poster,
            longest.heading,
            views,
            warnings=longest.warnings,
        )

    def batch(self, films: Sequence[Film]) -> BatchArrays:
        """Return films as the batch an ensemble takes."""
        views: list[tuple[Film, ...]] = []
        for film in films:
            assert isinstance(film, EnsembleFilm), "the ensemble's reader read them"
            views.append(film.views)
        batches = [
            reader.batch([film[number] for film in views])
            for number, reader in enumerate(self._readers)
        ]
        return BatchArrays.joint(batches)


def film_reader(model: ModelInfo) -> FilmReader:
    """Return the film reader of a model."""
    return EnsembleReader(model) if model.members else FilmReader(model)
