"""Rows that a table marks as series or video games, not films."""

from collections.abc import Iterable

from moviegenre.data.tables.cells import cell_text

_COLUMNS = frozenset({"type", "media_type", "mediatype", "titletype", "title type", "title_type"})
_SERIES = frozenset(
    {"tv", "tv show", "tvshow", "show", "series", "tvseries", "tv series", "tvminiseries"}
    | {"tv mini series", "tv mini-series", "season", "episode", "tvepisode", "tv episode"}
)
"""Values of these columns: Netflix, TMDb, IMDb, OMDb, Trakt, Plex, Jellyfin, Kodi."""

_OTHER_KINDS = {
    "a video game": frozenset({"video game", "videogame", "game"}),
    "a music video": frozenset({"music video", "musicvideo"}),
    "a podcast": frozenset(
        {"podcast", "podcast series", "podcastseries", "podcast episode", "podcastepisode"}
    ),
}
_KINDS = {"a series": _SERIES, **_OTHER_KINDS}


def kind_column(columns: Iterable[str]) -> str | None:
    """Return the column that tells films from series; None if there is none.

    Example:
        >>> kind_column(["tconst", "titleType"]), kind_column(["id", "plot"])
        ('titleType', None)
    """
    return next((name for name in columns if name.lower() in _COLUMNS), None)


def other_kind(cell: object) -> tuple[str, str]:
    """Return what a row is if it is no film, and the word of its cell; else two empty texts.

    Example:
        >>> other_kind(" tvSeries "), other_kind("Video Game"), other_kind("movie")
        (('a series', 'tvSeries'), ('a video game', 'Video Game'), ('', ''))
    """
    word = cell_text(cell).strip()
    kind = next((kind for kind, words in _KINDS.items() if word.lower() in words), "")
    return kind, word if kind else ""


def kind_warning(cell: object) -> str | None:
    """Return a warning if a cell says that its row is no film; None for a film.

    Example:
        >>> kind_warning("tvSeries")
        'This is a series (tvSeries), and the model is made for films.'
    """
    kind, word = other_kind(cell)
    return f"This is {kind} ({word}), and the model is made for films." if kind else None
