"""Genre names: one spelling each, TMDb's numbers, and reserved names."""

import re
from collections.abc import Iterable, Mapping

STANDARD_GENRES = (
    *("Action", "Adult", "Adventure", "Animation", "Biography", "Children", "Comedy", "Crime"),
    *("Documentary", "Drama", "Family", "Fantasy", "Film-Noir", "Foreign", "Game-Show", "History"),
    *("Horror", "Music", "Musical", "Mystery", "News", "Reality-TV", "Romance", "Sci-Fi", "Short"),
    *("Sport", "Talk-Show", "Thriller", "TV Movie", "War", "Western"),
)
"""Names of IMDb, MovieLens and TMDb."""

TMDB_GENRES: Mapping[int, str] = {
    28: "Action", 12: "Adventure", 16: "Animation", 35: "Comedy", 80: "Crime", 99: "Documentary",
    18: "Drama", 10751: "Family", 14: "Fantasy", 36: "History", 27: "Horror", 10402: "Music",
    9648: "Mystery", 10749: "Romance", 878: "Science Fiction", 10770: "TV Movie", 53: "Thriller",
    10752: "War", 37: "Western", 10759: "Action & Adventure", 10762: "Kids", 10763: "News",
    10764: "Reality", 10765: "Sci-Fi & Fantasy", 10766: "Soap", 10767: "Talk",
    10768: "War & Politics", 10769: "Foreign",
}  # fmt: skip
"""Genres of films and series by TMDb's number, https://developer.themoviedb.org/reference."""

RESERVED_NAMES = ("id", "genres", "error", "warnings", "modalities")
"""Columns of a catalogue's answers, which no genre may be called."""

GENRE_SEPARATORS = "/|,;"
"""Characters between several genres in one text."""

_ALIASES = dict.fromkeys(("science fiction", "sciencefiction", "scifi", "sci fi"), "Sci-Fi")
_SHORT = {"noir": "film noir"}  # may be a separate genre in a user's data
_WORD_BREAKS = re.compile(r"[\s_-]+")


def folded(name: str) -> str:
    """Return a key that all spellings of a genre share.

    Example:
        >>> folded("Film-Noir") == folded("film noir ")
        True
    """
    return _WORD_BREAKS.sub(" ", name.strip().casefold()).strip()


def is_standard(name: str) -> bool:
    """Return whether large catalogues have this genre, in any spelling."""
    return folded(name) in _STANDARD or folded(name) in _ALIASES


_STANDARD = {folded(name): name for name in (*STANDARD_GENRES, *TMDB_GENRES.values())}


def genre_key(name: str) -> str:
    """Return a key that all spellings of a genre share, with other names of Sci-Fi.

    Example:
        >>> genre_key("SciFi") == genre_key("Science Fiction") == genre_key("Sci-Fi")
        True
    """
    return folded(standard_name(name))


def standard_name(name: str) -> str:
    """Return the standard name of a genre: Sci-Fi for Science Fiction; other names unchanged.

    Example:
        >>> standard_name("science fiction"), standard_name("Heist")
        ('Sci-Fi', 'Heist')
    """
    return _ALIASES.get(folded(name), name)


def same_genre(one: str, other: str) -> bool:
    """Return whether two names mean the same genre.

    Example:
        >>> same_genre("Science Fiction", "Sci-Fi"), same_genre("War", "Drama")
        (True, False)
    """
    first, second = (genre_key(name) for name in (one, other))
    return _SHORT.get(first, first) == _SHORT.get(second, second)


def one_spelling(counts: Mapping[str, int]) -> dict[str, str]:
    """Return the common spelling of each name that changes.

    Args:
        counts: How often each name occurs.

    Example:
        >>> one_spelling({"Drama": 3, "DRAMA": 9, "Heist": 1, "Science Fiction": 2})
        {'DRAMA': 'Drama', 'Science Fiction': 'Sci-Fi'}
    """
    variants: dict[str, list[str]] = {}
    for name in counts:
        variants.setdefault(genre_key(name), []).append(name)
    spellings: dict[str, str] = {}
    for key, names in variants.items():
        spelling = max(sorted(names), key=lambda name: counts[name])
        if len(names) > 1 and _STANDARD.get(key) in names:
            spelling = _STANDARD[key]
        spelling = standard_name(spelling)
        spellings.update({name: spelling for name in names if name != spelling})
    return {name: spellings[name] for name in counts if name in spellings}


def with_spellings(names: Iterable[str], spellings: Mapping[str, str]) -> tuple[str, ...]:
    """Return names in their common spelling, each once.

    Args:
        names: The genres of a film.
        spellings: The result of ``one_spelling``.

    Example:
        >>> with_spellings(["DRAMA", "Drama", "War"], {"DRAMA": "Drama"})
        ('Drama', 'War')
    """
    return tuple(dict.fromkeys(spellings.get(name, name) for name in names))


def reserved(names: Iterable[str]) -> list[str]:
    """Return the names that are also columns of the output table."""
    return [name for name in names if name in RESERVED_NAMES]
