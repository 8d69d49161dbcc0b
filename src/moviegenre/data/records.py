"""Movies as a source gives them, movies as they are kept, and why one was left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from moviegenre.core.types import Split


class Reason(StrEnum):
    """Why a movie is left out of the prepared data."""

    BROKEN_RECORD = "broken record"
    DUPLICATE_ID = "duplicate id"
    NO_PLOT = "no plot"
    NO_POSTER = "no poster"
    POSTER_DOES_NOT_DECODE = "poster does not decode"
    NO_GENRE_LEFT = "no genre left"
    IN_NO_SPLIT = "in no split"
    NEAR_DUPLICATE = "near duplicate of a movie in a later split"


@dataclass(frozen=True)
class RawMovie:
    """A movie as its source has it.

    Attributes:
        id: As in the source; text, so that leading zeros stay.
        title: None where the source has none.
        year: Likewise.
        genres: All that the source names.
        plots: In the source's order.
        poster: Encoded image bytes; None where there is none.
        poster_name: File name of the poster.
        split: Where the source puts it; None where it does not say.
        split_text: What the source says of the split, where that names none.
        fault: What makes the record unusable, if anything.
    """

    id: str
    title: str | None = None
    year: int | None = None
    genres: tuple[str, ...] = ()
    plots: tuple[str, ...] = ()
    poster: bytes | None = None
    poster_name: str | None = None
    split: Split | None = None
    split_text: str = ""
    fault: str | None = None


@dataclass(frozen=True)
class ExcludedMovie:
    """A movie that was left out.

    Attributes:
        id: As in the source.
        reason: The first reason that was found.
        detail: What exactly was found; may be empty.
    """

    id: str
    reason: Reason
    detail: str = ""


class MovieSource(Protocol):
    """Somewhere to read movies from."""

    @property
    def description(self) -> str:
        """What the data sheet calls it."""

    @property
    def sha256(self) -> str:
        """Hash of what it was read from."""

    @property
    def sha256_of(self) -> str:
        """What that is: a file, or a folder's names and sizes."""

    @property
    def has_split(self) -> bool:
        """Whether it says which movies are for training, validation and test."""

    @property
    def synthetic(self) -> bool:
        """Whether its movies are made up."""

    def __iter__(self) -> Iterator[RawMovie]:
        """Yield every movie, in the source's order."""


def clean_names(values: object) -> tuple[str, ...]:
    """Return the non-blank texts of a list, stripped; a single text counts as a list of one.

    Raises:
        ValueError: It is neither a text, nor a list of texts, nor None.

    Example:
        >>> clean_names([" Drama", "", "War "])
        ('Drama', 'War')
    """
    if values is None:
        return ()
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
        raise ValueError(f"found {values!r}, expected a list of texts")
    return tuple(value.strip() for value in values if value.strip())


def parse_year(value: object) -> int | None:
    """Return a year as a number; None where it is none.

    Example:
        >>> parse_year("1997"), parse_year(1997.0), parse_year("unknown")
        (1997, 1997, None)
    """
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None
