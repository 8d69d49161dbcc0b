"""Why a table has neither plots nor posters, and what to do."""

import re
from collections.abc import Sequence

from moviegenre.core.errors import shortened
from moviegenre.data.tables import columns as usual
from moviegenre.data.tables.known_tables import recognise
from moviegenre.data.tables.table import Table

_USUAL = (
    *(usual.ID_COLUMNS, usual.TITLE_COLUMNS, usual.YEAR_COLUMNS, usual.POSTER_COLUMNS),
    *(usual.GENRES_COLUMNS, (usual.PLOT_COLUMN, *usual.OTHER_PLOT_COLUMNS)),
)
_VALUE = re.compile(r"(tt)?\d")  # the beginning of a year, a number or an id of IMDb
_MAX_NAME_CHARS = 40  # of a column's name; a longer one is probably a cell


def missing_plots_hint(table: Table, advice: str, titles_advice: str = "") -> str:
    """Return why a table has no column of plots, if that is known, and what to do.

    Args:
        table: A table without a usual column of plots or posters.
        advice: How to name the columns.
        titles_advice: How to get answers from titles alone, if that is possible.
    """
    columns = table.columns
    last = f"; {titles_advice}" if titles_advice else ""
    if (known := recognise(columns)) is not None:
        return f"this is {known.title}: add a column of plots or posters, or {advice}{last}"
    has_usual = any(usual.usual_column(columns, names) is not None for names in _USUAL)
    if table.has_header and not has_usual and _looks_like_cells(columns):
        return (
            "the first line does not look like names of columns: remove lines before the names, "
            f"or write names such as title and plot above the films; or {advice}"
        )
    if usual.usual_column(columns, usual.TITLE_COLUMNS) is not None:
        return f"titles alone are not enough: add a column of plots or posters, or {advice}{last}"
    if table.nested:
        names = shortened(", ".join(map(repr, table.nested)))
        return f"the cells of {names} are objects: write each film as one object, or {advice}"
    return advice


def _looks_like_cells(columns: Sequence[str]) -> bool:
    """Return whether names of columns look like a film, or like a heading above the names."""
    is_heading = len(columns) == 1 or "" in columns[1:]
    return is_heading or any(
        len(name) > _MAX_NAME_CHARS or _VALUE.match(name) is not None for name in columns
    )
