"""Rows that a table marks as series, not films."""

from collections.abc import Iterable

from moviegenre.data.tables.cells import cell_text

_COLUMNS = frozenset({"type", "media_type", "mediatype", "titletype", "title type", "title_type"})
_SERIES = frozenset(
    {"tv", "tv show", "tvshow", "show", "series", "tvseries", "tv series", "tvminiseries"}
    | {"tv mini series", "tv mini-series", "season", "episode", "tvepisode", "tv episode"}
)
"""Values of these columns: Netflix, TMDb, IMDb, OMDb, Trakt, Plex, Jellyfin, Kodi."""


def kind_column(columns: Iterable[str]) -> str | None:
    """Return the column that tells films from series; None if there is none.

    Example:
        >>> kind_column(["tconst", "titleType"]), kind_column(["id", "plot"])
        ('titleType', None)
    """
    return next((name for name in columns if name.lower() in _COLUMNS), None)


def series_kind(cell: object) -> str:
    """Return the kind of series that a cell names; empty if it names none.

    Example:
        >>> series_kind(" tvSeries "), series_kind("movie")
        ('tvSeries', '')
    """
    kind = cell_text(cell).strip()
    return kind if kind.lower() in _SERIES else ""
