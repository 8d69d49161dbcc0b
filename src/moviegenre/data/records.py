"""Movies of a source, and the reasons for leaving a movie out."""

import re
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from moviegenre.core.types import Split
from moviegenre.data.placeholders import without_markup

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_DATED_YEAR = re.compile(r"(?<!\d)(18|19|20)\d\d(?!\d)")
_MIN_YEAR, _MAX_YEAR = 1, 9999
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
    """A movie of a source.

    Attributes:
        id: The id in the source; text, so that leading zeros stay.
        title: The title; None if the source has none.
        year: The year of its release; None if the source has none.
        genres: All genres in the source.
        plots: The plots, in the source's order.
        poster: Encoded image bytes; None if there is no poster.
        poster_name: File name of the poster.
        split: The split in the source; None if it has none.
        split_text: The cell of the split, if it is not a known split.
        fault: Why the record is unusable; None if it is usable.
        poster_fault: Why an existing poster cannot be read; empty if there is no fault.
        genre_placeholder: The text in place of genres, such as N/A; empty if there is none.
        plot_placeholder: Likewise for plots.
        poster_lack: Why a named poster is missing; empty if none is missing.
        series: Why the movie counts as a series; empty if it does not.
        unusable_year: The year in the source, if no film can have it; else empty.
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
    series: str = ""
    unusable_year: str = ""


@dataclass(frozen=True)
class ExcludedMovie:
    """A movie that was left out.

    Attributes:
        id: The id in the source.
        reason: The first reason.
        detail: Details of the reason; may be empty.
    """

    id: str
    reason: Reason
    detail: str = ""


class MovieSource(ABC):
    """A source of movies.

    Attributes:
        sha256: The source's hash.
        sha256_of: What the hash covers: a file, or a folder's names and sizes.
        form: The recognised form, in one line.
        has_split: Whether the source assigns movies to training, validation and test.
        lacks: The missing splits, joined; empty if none is missing.
        has_plots: Whether this form can have plots.
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
    r"""Return the text with U+FFFD for each lone surrogate, which cannot be written to a file.

    Lone surrogates occur in broken JSON, and in names of files that are not UTF-8.

    Example:
        >>> whole_text("caf\ud83d") == "caf\ufffd"
        True
    """
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def clean_names(values: object) -> tuple[str, ...]:
    """Return the non-blank texts of a list, stripped; a single text counts as a list of one.

    Raises:
        ValueError: The value is neither a text, nor a list of texts, nor None.

    Example:
        >>> clean_names([" Drama", "", "War "])
        ('Drama', 'War')
    """
    if values is None:
        return ()
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"found {reprlib.repr(values)}, expected a text or a list of texts")
    return tuple(whole_text(value.strip()) for value in values if value.strip())


def parse_year(value: object) -> int | None:
    """Return the year of a number, a text or a date; None if it is no whole number up to 9999.

    Example:
        >>> parse_year("1997"), parse_year(1997.0), parse_year("unknown"), parse_year(10**5000)
        (1997, 1997, None, None)
        >>> parse_year("1979.5"), parse_year("-1988")
        (None, None)
        >>> parse_year("1995-10-30"), parse_year("30 Oct 1995"), parse_year(date(1995, 10, 30))
        (1995, 1995, 1995)
    """
    if isinstance(value, date):
        return value.year
    if isinstance(value, str) and len(text := value) <= _YEAR_CHARS:
        try:
            value = float(text)
        except ValueError:
            match = _DATED_YEAR.search(text)
            return int(match[0]) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    return int(value) if _MIN_YEAR <= value <= _MAX_YEAR and value == int(value) else None


def parse_title(value: object) -> str | None:
    """Return a title as text without markup; None if it is neither a text nor a number.

    Example:
        >>> parse_title("The King&#39;s Speech"), parse_title(1917), parse_title(1917.0)
        ("The King's Speech", '1917', '1917')
    """
    if isinstance(value, str):
        return whole_text(without_markup(value))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return str(value) if isinstance(value, int | float) else None
    except ValueError:  # more digits than Python writes
        return None
