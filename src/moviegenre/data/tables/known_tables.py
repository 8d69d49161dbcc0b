"""Well-known tables, recognised by their columns."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from moviegenre.core.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class KnownTable:
    """A well-known table.

    Attributes:
        name: Its name in the setting ``format``.
        title: Its name in messages.
        needs: Columns that it has, in lower case.
        plots: Columns of plots; the first existing one is read, and no other.
        genres: Columns of genres, likewise.
        id: Columns of ids, likewise; if empty, rows are numbered.
        film: Columns of titles, likewise.
        year: Columns of years or dates, likewise.
        not_plots: Columns with a usual name of plots that have something else.
        lacks: Columns that it does not have, unlike similar tables.
    """

    name: str
    title: str
    needs: frozenset[str]
    plots: tuple[str, ...]
    genres: tuple[str, ...]
    id: tuple[str, ...] = ()
    film: tuple[str, ...] = ("title",)
    year: tuple[str, ...] = ()
    not_plots: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()


_TMDB = frozenset({"budget", "genres", "id", "original_title", "overview", "vote_average"})

KNOWN_TABLES = (
    KnownTable(
        "kaggle-movies",
        "Kaggle's The Movies Dataset (movies_metadata.csv)",
        _TMDB | {"adult", "belongs_to_collection", "imdb_id", "poster_path"},
        *(("overview",), ("genres",), ("id",), ("title", "original_title"), ("release_date",)),
    ),
    KnownTable(
        "tmdb-5000",
        "TMDb 5000 movies",
        _TMDB | {"keywords", "production_companies"},
        *(("overview",), ("genres",), ("id",), ("title", "original_title"), ("release_date",)),
        lacks=frozenset({"belongs_to_collection"}),
    ),
    KnownTable(
        "tmdb",
        "results of TMDb",
        frozenset({"id", "overview", "genre_ids"}),
        *(("overview",), ("genre_ids",), ("id",), ("title", "original_title"), ("release_date",)),
    ),
    KnownTable(
        "streaming",
        "titles of Netflix, Disney+ or Prime Video",
        frozenset({"show_id", "type", "title", "listed_in", "description"}),
        *(("description",), ("listed_in",), ("show_id",), ("title",), ("release_year",)),
    ),
    KnownTable(
        "wikipedia",
        "Wikipedia movie plots",
        frozenset({"release year", "title", "origin/ethnicity", "genre", "plot"}),
        *(("plot",), ("genre",), (), ("title",), ("release year",)),
    ),
    KnownTable(
        "omdb",
        "answers of OMDb",
        frozenset({"title", "plot", "imdbid", "genre"}),
        *(("plot",), ("genre",), ("imdbid",), ("title",), ("year",)),
    ),
    KnownTable(
        "mediaelch",
        "an export of MediaElch",
        frozenset({"title", "sort_title", "overview", "outline", "genres"}),
        *(("overview", "outline"), ("genres",), ("imdb_id", "tmdb_id"), ("title",)),
        year=("release_date",),
    ),
    KnownTable(
        "imdb-list",
        "an export of IMDb",
        frozenset({"const", "title", "title type", "imdb rating"}),
        *(("plot", "overview", "synopsis", "storyline"), ("genres",), ("const",)),
        year=("year", "release date"),
        not_plots=frozenset({"description"}),
    ),
    KnownTable(
        "cmu",
        "the CMU Movie Summary Corpus with its metadata",
        frozenset({"id", "title", "year", "genres", "plot"}),
        *(("plot",), ("genres",), ("id",), ("title",), ("year",)),
        lacks=frozenset({"id"}),  # recognised by the names of its files
    ),
)


def recognise(columns: Collection[str], name: str | None = None) -> KnownTable | None:
    """Return the well-known table with these columns; None if there is none.

    Args:
        columns: A table's columns.
        name: The name of the table, if the user gave it; ``plain`` for no well-known table.

    Raises:
        ConfigError: There is no such format, or the table lacks columns of it.
    """
    lower = {column.lower() for column in columns}
    if name is None:
        matching = (
            table for table in KNOWN_TABLES if table.needs <= lower and not table.lacks & lower
        )
        table = next(matching, None)
        return table and _described(table, columns)
    if name == "plain":
        return None
    tables = {table.name: table for table in KNOWN_TABLES}
    if name not in tables:
        hint = did_you_mean(name, [*tables, "plain"])
        raise ConfigError(f"`format` {name!r} is not known; {hint}")
    if missing := sorted(tables[name].needs - lower):
        raise ConfigError(
            f"`format` {name}: the table has no column {', '.join(map(repr, missing))}; "
            "leave `format` out"
        )
    return _described(tables[name], columns)


def _described(table: KnownTable, columns: Collection[str]) -> KnownTable:
    """Return a table whose title names its columns that only look like plots."""
    notes = [column for column in columns if column.lower() in table.not_plots]
    if not notes:
        return table
    return replace(table, title=f"{table.title}, whose {notes[0]!r} is your own note")
