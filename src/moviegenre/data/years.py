"""Whether a film may have a year."""

from datetime import date

import numpy as np

from moviegenre.core.errors import shortened
from moviegenre.data.placeholders import is_placeholder
from moviegenre.data.records import parse_year

FIRST_YEAR, LAST_YEAR = 1874, 2100
"""Years that a film may have; the first is that of the oldest moving picture."""

_MAX_QUOTED = 40  # characters of a year in a message


def usable_year(year: object) -> tuple[int | None, str]:
    """Return a usable year, or None and the value that is not usable, as text.

    The text is empty for a usable and for a missing year.

    Example:
        >>> usable_year("1947"), usable_year("N/A"), usable_year("soon"), usable_year(99999)
        ((1947, ''), (None, ''), (None, "'soon'"), (None, '99999'))
    """
    if isinstance(year, np.generic):
        year = str(year) if isinstance(year, np.datetime64) else year.item()
    if year is None or year != year:
        return None, ""
    text = year.strip() if isinstance(year, str) else ""
    if isinstance(year, str) and text != "0" and is_placeholder(text):
        return None, ""
    number = parse_year(year)
    if number is not None and FIRST_YEAR <= number <= LAST_YEAR:
        return number, ""
    if isinstance(year, int) and abs(year) >= 10**_MAX_QUOTED:  # Python may not write it
        return None, f"a year of more than {_MAX_QUOTED} digits"
    if isinstance(year, date):
        return None, str(year)
    return None, text if _is_number(text) else shortened(repr(year), _MAX_QUOTED)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return len(text) <= _MAX_QUOTED
