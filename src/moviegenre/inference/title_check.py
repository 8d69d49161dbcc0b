"""Check whether a film's title and year are usable."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from moviegenre.core.errors import InputError
from moviegenre.data.placeholders import is_title_placeholder
from moviegenre.data.records import parse_title
from moviegenre.data.tables.cells import cell_text
from moviegenre.data.titles import split_title
from moviegenre.data.years import usable_year

Title = str | float | None
"""A title, which may be a number such as 1917, or None."""

Year = str | float | date | None
"""A year, also as a text or as a date, or None."""

MAX_TITLE = 500
"""Characters of a title; the longest of 97,000 titles has 196."""

_MAX_QUOTED = 40  # characters of a title in a warning
_ID = re.compile(r"[a-z]{0,2}\d{5,}|(?=.*\d)[0-9a-f-]{12,}", re.IGNORECASE)  # none of 97,000 titles
_REPEATED = re.compile(r"(.)\1{7,}")
_WORD = re.compile(r"[^\W\d_]+")
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_MIN_CONSONANTS = 5  # different ones, with which a title without a vowel is no "Phffft"


@dataclass(frozen=True)
class TitleAndYear:
    """A film's title and year as far as they are usable.

    Attributes:
        title: The title without markup and without the year at its end.
        year: The year of the release.
        warnings: Why the title or the year was ignored, as sentences.
    """

    title: str | None
    year: int | None
    warnings: tuple[str, ...] = ()


def check_title_and_year(title: object, year: object, *, reads_title: bool = True) -> TitleAndYear:
    """Return the title and the year that a model should read, with warnings.

    A missing year is taken from the end of the title, as in ``Toy Story (1995)``.

    Args:
        title: See ``Title``.
        year: See ``Year``.
        reads_title: Whether the model reads titles; if not, only the year at its end counts.

    Raises:
        InputError: The title or the year has another type.

    Example:
        >>> check_title_and_year("Godfather, The (1972)", None)
        TitleAndYear(title='The Godfather', year=1972, warnings=())
    """
    release, year_warning = check_year(year)
    name, release = split_title(_text(title), release)
    if name is None or not reads_title:
        return TitleAndYear(None, release, tuple(filter(None, [year_warning])))
    fault = _title_fault(name)
    title_warning = fault and f"The title {fault}, so it was ignored."
    warnings = tuple(filter(None, [title_warning, year_warning]))
    return TitleAndYear(None if fault else name, release, warnings)


def title_cell(value: object) -> Any:  # noqa: ANN401 - a cell of any table
    """Return the title in a table's cell; None for a value that is no title."""
    return value if isinstance(value, np.generic) else parse_title(value)


def year_cell(value: object) -> Any:  # noqa: ANN401 - a cell of any table
    """Return the year in a table's cell; a value of another type as text, so that it is ignored."""
    is_year = isinstance(value, str | int | float | date | np.generic)
    return value if is_year and not isinstance(value, bool | np.bool_) else cell_text(value) or None


def check_year(year: object) -> tuple[int | None, str | None]:
    """Return a usable year, and a warning if the year is not usable.

    Raises:
        InputError: The year has another type.

    Example:
        >>> check_year("1947"), check_year("N/A")
        ((1947, None), (None, None))
        >>> check_year("soon")[1]
        "No film was released in 'soon', so the year was ignored."
    """
    if isinstance(year, np.generic):
        year = str(year) if isinstance(year, np.datetime64) else year.item()
    if year is None or year != year:
        return None, None
    if isinstance(year, bool) or not isinstance(year, str | int | float | date):
        raise InputError(f"a year is {year!r}; expected a whole number, such as 1947")
    number, unusable = usable_year(year)
    if unusable:
        return None, f"No film was released in {unusable}, so the year was ignored."
    return number, None


def _text(title: object) -> str | None:
    """Return a title as text without markup; None if it is missing.

    Raises:
        InputError: The title has another type.
    """
    if title is None:
        return None
    value = title.item() if isinstance(title, np.generic) else title
    text = None if isinstance(value, bool) else parse_title(value)
    if text is None:
        raise InputError(f"a title is {type(title).__name__}; expected a text")
    return text.strip() or None


def _title_fault(name: str) -> str | None:
    """Return why a title is not usable; None if it is."""
    if is_title_placeholder(name):
        return f'is a placeholder ("{name[:_MAX_QUOTED]}")'
    if len(name) > MAX_TITLE:
        return f"has {len(name):,} characters, more than any title"
    if _ID.fullmatch(name):
        return f'is an id ("{name[:_MAX_QUOTED]}")'
    if _is_random(_WORD.findall(name.lower())) or _REPEATED.search(name):
        return "is only random letters or symbols"
    return None


def _is_random(words: Sequence[str]) -> bool:
    """Return whether words are no words of any language; none of 97,000 titles is such."""
    letters = "".join(words)
    if not letters.isascii() or not letters:
        return False
    keys = all(len(word) >= 4 and any(word in row for row in _KEYBOARD) for word in words)
    has_vowel = not set(letters).isdisjoint("aeiouy")
    return keys or (not has_vowel and len(set(letters)) >= _MIN_CONSONANTS)
