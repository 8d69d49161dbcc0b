"""Films for an ensemble: each member uses its own tokenizer and plot rule."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from PIL import Image

from moviegenre.artifacts.info import ModelInfo
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays
from moviegenre.inference.films import Film, FilmReader


@dataclass(frozen=True)
class EnsembleFilm(Film):
    """A film in every member's form; its other fields are those of the longest form.

    Attributes:
        views: The film's forms for each member: one form, or several if the member's plot rule
            is ``each``; empty forms if a member can read nothing.
    """

    views: tuple[tuple[Film, ...], ...] = ()

    @property
    def key(self) -> object:
        """See ``Film.key``: the keys of all forms."""
        return tuple(tuple(form.key for form in forms) for forms in self.views)


class EnsembleReader(FilmReader):
    """Reads films for all members of an ensemble.

    Args:
        model: The ensemble.
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
        """Convert a film's texts and poster to every member's form, see ``FilmReader.form``."""
        views = tuple(
            reader.forms(
                texts, image if Modality.POSTER in reader.modalities else None, title, year
            )
            for reader in self._readers
        )
        films = [film for forms in views for film in forms]
        longest = max(films, key=lambda film: len(film.tokens))
        poster = next((film.poster for film in films if film.poster is not None), None)
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
        batches: list[BatchArrays] = []
        for member, reader in enumerate(self._readers):
            forms: list[Film] = []
            index: list[int] = []
            for film_index, film in enumerate(films):
                assert isinstance(film, EnsembleFilm), "the ensemble's reader read them"
                forms += film.views[member]
                index += [film_index] * len(film.views[member])
            batches.append(replace(reader.batch(forms), index=np.array(index, dtype=np.int64)))
        return BatchArrays.joint(batches)


def film_reader(model: ModelInfo) -> FilmReader:
    """Return the film reader of a model."""
    return EnsembleReader(model) if model.members else FilmReader(model)
