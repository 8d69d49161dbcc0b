"""Find the columns of a table by their usual names."""

import shlex
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace

from moviegenre.core.errors import DataError, shortened
from moviegenre.data.tables.known_tables import KnownTable, recognise

ID_COLUMNS = (
    *("id", "movie_id", "film_id", "show_id", "imdb_id", "tconst", "tmdb_id", "title_id"),
    *("imdb_title_id", "movie_imdb_id", "const", "wiki_id", "wikipedia_id", "freebase_id"),
)
"""Usual names of the id, the surest first; case, spaces and punctuation do not count."""

GENRES_COLUMNS = (
    *("genres", "genre", "genre_names", "listed_in", "movie_genres", "movie_genre", "film_genres"),
    *("film_genre", "genre_list", "genre_ids"),
)
TITLE_COLUMNS = (
    *("title", "movie_title", "film_title", "primary_title", "name", "movie_name", "film"),
    *("movie", "series_title", "original_title", "titel"),
)
YEAR_COLUMNS = (
    *("year", "release_year", "title_year", "start_year", "released_year", "year_of_release"),
    *("production_year", "jahr", "produktionsjahr", "erscheinungsjahr"),
    *("release_date", "original_release_date", "date_published", "released", "premiered"),
)
POSTER_COLUMNS = (
    *("poster", "poster_path", "poster_file", "poster_url", "poster_link", "image", "img"),
    *("image_path", "img_path", "image_file", "cover", "cover_path", "file_name"),
)

SPLIT_COLUMNS = ("split", "data_split", "dataset_split", "split_name")
"""Usual names of the split; such a column is read only if it has names of splits."""

PLOT_COLUMN = "plot"

OTHER_PLOT_COLUMNS = (
    *("overview", "synopsis", "description", "summary", "storyline"),
    *("plot_synopsis", "plot_summary", "movie_plot", "outline", "movie_info"),
    *("handlung", "inhalt"),
)
"""Names of the plot in other catalogues; used if there is no ``plot``."""

_LONGER_PLOT_COLUMNS = ("plot_long", "long_plot", "plot_full", "full_plot")
"""Names of a second plot; it is read only if the user names it."""

_MAX_USUAL_CHARS = 40  # of a usual name, with spaces and punctuation


@dataclass(frozen=True)
class FoundColumns:
    """The columns of a table by their content; None for missing ones.

    Attributes:
        id: The film's id.
        plot: Its plot.
        poster: Its poster.
        genres: Its genres.
        title: Its title.
        year: The year of its release.
        known: The well-known table with these columns, if any.
        unread: Columns that are not read, with nearly the same name as a column that is read.
        other_plots: Columns that may have another plot.
    """

    id: str | None = None
    plot: str | None = None
    poster: str | None = None
    genres: str | None = None
    title: str | None = None
    year: str | None = None
    known: KnownTable | None = None
    unread: tuple[str, ...] = ()
    other_plots: tuple[str, ...] = ()

    def note(self, named: Iterable[str] = ()) -> str:
        """Return a note on columns with unusual names; empty if there are none.

        The note includes columns that may have another plot, and the setting that reads them.

        Args:
            named: Parts that the user named, or that are not read.

        Example:
            >>> FoundColumns(id="movie_id", plot="plot").note()
            "id from column 'movie_id'"
            >>> FoundColumns(plot="plot", other_plots=("plot_long",)).note()
            "column 'plot_long' is left out (`plot_column` plot `plot_column` plot_long reads all)"
        """
        parts = [] if self.known is None else [f"recognised as {self.known.title}"]
        for field in fields(self):
            column = getattr(self, field.name)
            if isinstance(column, str) and column != field.name and field.name not in named:
                parts.append(f"{field.name} from column {column!r}")
        parts += [f"column {column!r} is not read" for column in self.unread]
        if self.plot is not None and self.other_plots and "plot" not in named:
            left_out = " and ".join(map(repr, self.other_plots))
            columns = "columns {} are" if len(self.other_plots) > 1 else "column {} is"
            plots = (self.plot, *self.other_plots)
            options = " ".join(f"`plot_column` {shlex.quote(name)}" for name in plots)
            parts.append(f"{columns.format(left_out)} left out ({options} reads all)")
        return ", ".join(parts)


def find_columns(
    columns: Sequence[str],
    *,
    table: str,
    advice: str,
    format: str | None = None,
    needs_plot: bool = True,
) -> FoundColumns:
    """Return the columns of a table by their usual names.

    Args:
        columns: The table's columns.
        table: The table's name, for messages.
        advice: How to name the column of plots, for messages.
        format: See ``known_tables.recognise``.
        needs_plot: Whether to look for a column of plots.

    Raises:
        DataError: Several columns may be the plot.
        ConfigError: There is no such format.
    """
    known = recognise(columns, format)
    if known is not None:
        lower = {name.lower(): name for name in reversed(columns)}

        def first_column(names: Sequence[str]) -> str | None:
            return next((lower[name] for name in names if name in lower), None)

        return FoundColumns(
            id=first_column(known.id),
            plot=first_column(known.plots),
            poster=usual_column(columns, POSTER_COLUMNS),
            genres=first_column(known.genres),
            title=first_column(known.film),
            year=first_column(known.year),
            known=known,
            other_plots=other_plot_columns(
                [name for name in columns if name.lower() not in known.not_plots],
                first_column(known.plots),
            ),
        )
    plot = find_plot_column(columns, table=table, advice=advice) if needs_plot else None
    other_columns = [name for name in columns if name != plot]
    usual_columns = FoundColumns(
        id=usual_column(other_columns, ID_COLUMNS),
        plot=plot,
        poster=usual_column(other_columns, POSTER_COLUMNS),
        genres=usual_column(other_columns, GENRES_COLUMNS),
        title=usual_column(other_columns, TITLE_COLUMNS),
        year=usual_column(other_columns, YEAR_COLUMNS),
    )
    used = {name for name in vars(usual_columns).values() if isinstance(name, str)}
    keys = {_key(name) for name in used}
    return replace(
        usual_columns,
        unread=tuple(name for name in columns if name not in used and _key(name) in keys),
        other_plots=other_plot_columns(columns, plot),
    )


def is_plot_name(name: object) -> bool:
    """Return whether a column with this name usually has plots.

    Example:
        >>> is_plot_name("Overview"), is_plot_name("title")
        (True, False)
    """
    return len(str(name)) <= _MAX_USUAL_CHARS and _key(name) in _PLOT_KEYS


def is_title_name(name: object) -> bool:
    """Return whether a column with this name usually has titles."""
    return len(str(name)) <= _MAX_USUAL_CHARS and _key(name) in _TITLE_KEYS


def plot_candidates(known: Collection[str]) -> list[str]:
    """Return the columns that may be the plot: only ``plot``, or all with another usual name.

    Case, spaces and punctuation do not count.

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
    """Return the column of plots; None if no column has a usual name.

    Args:
        known: The table's columns.
        table: The table's name, for the message.
        advice: How to name the column, as in "name one with `plot_column`".

    Raises:
        DataError: There is no ``plot``, but several others; the message names them.
    """
    candidates = plot_candidates(known)
    if len(candidates) > 1:
        names = ", ".join(map(repr, candidates))
        raise DataError(f"{table} has no column 'plot', but {names}; {advice}")
    return candidates[0] if candidates else None


def other_plot_columns(known: Iterable[str], plot: str | None) -> tuple[str, ...]:
    """Return columns that may hold another plot beside the one that is read.

    Args:
        known: The table's columns.
        plot: The column that is read; with None, the result is empty.

    Example:
        >>> other_plot_columns(["id", "plot", "Plot Long", "summary", "title"], "plot")
        ('Plot Long', 'summary')
    """
    if plot is None:
        return ()
    return tuple(name for name in known if _key(name) in _PLOT_KEYS - {_key(plot)})


def plot_column_note(name: str) -> str:
    """Return a note on the plot column that is read; empty for ``plot``."""
    return "" if name == PLOT_COLUMN else f"column {name!r} is read as the plot"


def usual_column(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the first column with one of some names; case and punctuation do not count.

    Example:
        >>> usual_column(["Movie ID", "x"], ID_COLUMNS)
        'Movie ID'
    """
    if names[0] in columns:
        return names[0]
    keys = {_key(name): name for name in reversed(columns)}
    return next((keys[_key(name)] for name in names if _key(name) in keys), None)


def require_single(used: Iterable[str], twice: Sequence[str], table: str) -> None:
    """Refuse a table with several columns of a name that is read.

    Raises:
        DataError: There are such columns; the message names them.
    """
    if clash := [name for name in used if name in twice]:
        raise DataError(
            f"{table} has several columns named {shortened(', '.join(map(repr, clash)))}; rename "
            "all but one, since it is not clear which to read"
        )


def _key(name: object) -> str:
    return "".join(char for char in str(name).lower() if char.isalnum())


_PLOT_KEYS = frozenset(map(_key, (PLOT_COLUMN, *OTHER_PLOT_COLUMNS, *_LONGER_PLOT_COLUMNS)))
_TITLE_KEYS = frozenset(map(_key, TITLE_COLUMNS))
