"""Movies as a source gives them, movies as they are kept, and why one was left out."""

import re
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from moviegenre.core.types import Split

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_DATED_YEAR = re.compile(r"(?<!\d)(18|19|20)\d\d(?!\d)")
_YEARS = range(1, 10_000)
_YEAR_CHARS = 32


class Reason(StrEnum):
    """Why a movie is left out of the prepared data."""

    BROKEN_RECORD = "broken record"
    DUPLICATE_ID = "duplicate id"
    NO_PLOT = "no plot"
    NO_POSTER = "no poster"
    POSTER_DOES_NOT_DECODE = "poster does not decode"
    NO_GENRE_LEFT = "no genre left"
    IN_NO_SPLIT = "in no split"
    GENRE = "genre left out"
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
        poster_fault: Why there is a poster that cannot be read; empty where there is none.
        genre_placeholder: What stands where genres should, such as N/A; empty for nothing.
        plot_placeholder: Likewise for plots.
        poster_lack: Why a poster that is named is not there; empty where none is missing.
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
    poster_fault: str = ""
    genre_placeholder: str = ""
    plot_placeholder: str = ""
    poster_lack: str = ""


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


class MovieSource(ABC):
    """Somewhere to read movies from.

    Attributes:
        sha256: Hash of its source.
        sha256_of: What that is: a file, or a folder's names and sizes.
        form: What it was recognised as, in one line.
        has_split: Whether it says which movies are for training, validation and test.
        lacks: The splits that should be there and are not, joined; empty where none is missing.
        has_plots: Whether it can have plots at all.
        synthetic: Whether its movies are made up.
    """

    sha256: str
    sha256_of: str
    form: str
    has_split = False
    lacks = ""
    has_plots = True
    synthetic = False

    @abstractmethod
    def __iter__(self) -> Iterator[RawMovie]:
        """Yield every movie, in the source's order."""


def whole_text(text: str) -> str:
    r"""Return the text with U+FFFD for half of a surrogate pair, which no file can hold.

    Broken JSON has these, and names of files that are no UTF-8.

    Example:
        >>> whole_text("caf\ud83d") == "caf\ufffd"
        True
    """
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


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
        raise ValueError(f"found {reprlib.repr(values)}, expected a list of texts")
    return tuple(whole_text(value.strip()) for value in values if value.strip())


def parse_year(value: object) -> int | None:
    """Return a year as a number, also that of a date; None where it is none of 1 to 9999.

    Example:
        >>> parse_year("1997"), parse_year(1997.0), parse_year("unknown"), parse_year(2**31)
        (1997, 1997, None, None)
        >>> parse_year("1995-10-30"), parse_year("30 Oct 1995"), parse_year(date(1995, 10, 30))
        (1995, 1995, 1995)
    """
    if isinstance(value, date):
        return value.year
    if not isinstance(value, str | int | float) or len(text := str(value)) > _YEAR_CHARS:
        return None
    try:
        year = int(float(text))
    except (ValueError, OverflowError):
        match = _DATED_YEAR.search(text)
        return int(match[0]) if match else None
    return year if year in _YEARS else None


def parse_title(value: object) -> str | None:
    """Return a title as text; None where it is no text and no number."""
    if isinstance(value, str):
        return whole_text(value)
    return str(value) if isinstance(value, int | float) else None
