"""The genre vocabulary: the genre names and their columns."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import DataError, did_you_mean


@dataclass(frozen=True)
class GenreVocabulary:
    """An ordered set of genre names; the order is the order of label columns.

    Args:
        names: Genre names, unique and not empty.

    Raises:
        DataError: A name is empty or repeated, or there is no name.

    Example:
        >>> genres = GenreVocabulary(("Drama", "Horror"))
        >>> genres.encode(["Horror"]).tolist()
        [0.0, 1.0]
        >>> genres.decode([True, False])
        ['Drama']
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.names:
            raise DataError("the genre vocabulary is empty; expected at least one genre name")
        if any(not name.strip() for name in self.names):
            raise DataError(f"the genre vocabulary has an empty name among {list(self.names)}")
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        if repeated:
            raise DataError(f"the genre vocabulary names {', '.join(repeated)} more than once")

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def encode(self, genres: Iterable[str]) -> npt.NDArray[np.float32]:
        """Return the multi-hot row (L,) of a movie's genres.

        Raises:
            DataError: A genre is not in the vocabulary.
        """
        row = np.zeros(len(self.names), dtype=np.float32)
        for genre in genres:
            if genre not in self.names:
                raise DataError(f"unknown genre {genre!r}; {did_you_mean(genre, self.names)}")
            row[self.names.index(genre)] = 1.0
        return row

    def decode(self, chosen: Sequence[bool] | npt.NDArray[np.bool_]) -> list[str]:
        """Return the names of the chosen columns of a row (L,)."""
        return [name for name, is_chosen in zip(self.names, chosen, strict=True) if is_chosen]
