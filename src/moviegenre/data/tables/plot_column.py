"""Which column of a table is the plot where nobody names one: the only place that decides."""

from collections.abc import Collection, Iterable

from moviegenre.core.errors import DataError

PLOT_COLUMN = "plot"

OTHER_PLOT_COLUMNS = (
    *("overview", "synopsis", "description", "summary", "storyline"),
    *("plot_synopsis", "plot_summary", "movie_plot", "outline"),
)
"""Names that other catalogues have for the plot; taken where there is no ``plot``."""

_LONGER_PLOT_COLUMNS = ("plot_long", "long_plot", "plot_full", "full_plot")
"""Names of a second plot beside another, which nobody reads unless it is named."""


def plot_candidates(known: Collection[str]) -> list[str]:
    """Return the columns that may be the plot: ``plot`` alone, or all with another usual name.

    Capital letters, spaces and signs in a name do not count.

    Example:
        >>> plot_candidates(["id", "plot", "overview"]), plot_candidates(["summary", "Overview"])
        (['plot'], ['Overview', 'summary'])
    """
    if PLOT_COLUMN in known:
        return [PLOT_COLUMN]
    columns = {_key(name): name for name in known}
    if PLOT_COLUMN in columns:
        return [columns[PLOT_COLUMN]]
    return [columns[_key(name)] for name in OTHER_PLOT_COLUMNS if _key(name) in columns]


def find_plot_column(known: Collection[str], *, table: str, advice: str) -> str | None:
    """Return the column of plots; None where no column has a usual name.

    Args:
        known: The table's columns.
        table: The table's name, for the message.
        advice: How to name the column, as in "name one with `plot_column`".

    Raises:
        DataError: There is no ``plot``, but several others; the message names them.
    """
    candidates = plot_candidates(known)
    if len(candidates) > 1:
        named = ", ".join(repr(name) for name in candidates)
        raise DataError(f"{table} has no column 'plot', but {named}; {advice}")
    return candidates[0] if candidates else None


def other_plot_columns(known: Iterable[str], plot: str) -> tuple[str, ...]:
    """Return columns that may hold another plot beside the one that is read.

    Args:
        known: The table's columns.
        plot: The one that is read.

    Example:
        >>> other_plot_columns(["id", "plot", "Plot Long", "summary", "title"], "plot")
        ('Plot Long', 'summary')
    """
    keys = {_key(name) for name in (PLOT_COLUMN, *OTHER_PLOT_COLUMNS, *_LONGER_PLOT_COLUMNS)}
    return tuple(name for name in known if _key(name) in keys - {_key(plot)})


def plot_column_note(name: str) -> str:
    """Return a sentence ending that says which column is read; empty for ``plot`` itself."""
    return "" if name == PLOT_COLUMN else f"column {name!r} is read as the plot"


def _key(name: object) -> str:
    return "".join(char for char in str(name).lower() if char.isalnum())
