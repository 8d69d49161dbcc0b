"""Genre names in plots: how often a plot contains the name of its genre."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_ALIASES = (
    frozenset({"sci fi", "science fiction"}),
    frozenset({"film noir", "noir"}),
    frozenset({"biography", "biopic"}),
    frozenset({"animation", "animated"}),
)
"""Names of one genre under which writers know it; everything else is derived from the name."""


@dataclass(frozen=True)
class GenreWord:
    """How often plots contain the name of a genre.

    Attributes:
        genre: The genre.
        words: The names that were searched, besides plurals.
        with_label: Share of the movies that have the genre, NaN without any.
        without_label: Share of those that do not, likewise.
        precision: Share of the movies with the word that have the genre, likewise.
        num_movies: Movies with the word.
    """

    genre: str
    words: tuple[str, ...]
    with_label: float
    without_label: float
    precision: float
    num_movies: int


def genre_names(genre: str) -> tuple[str, ...]:
    """Return the names to look for: lower case, words apart by one space.

    Example:
        >>> genre_names("Film-Noir")
        ('film noir', 'noir')
        >>> genre_names("Action/Adventure")
        ('action', 'adventure')
    """
    names: list[str] = []
    for part in re.split(r"[/|,&]| and ", genre.lower()):
        name = " ".join(re.findall(r"\w+", part))
        same = next((aliases for aliases in _ALIASES if name in aliases), frozenset({name}))
        names += [name, *sorted(same - {name})]
    return tuple(dict.fromkeys(name for name in names if name))


def genre_pattern(genre: str) -> re.Pattern[str]:
    """Return a pattern for a genre's names in text, with or without hyphens, and their plurals.

    Example:
        >>> genre_pattern("Comedy").findall("Two comedies and a tragicomedy.")
        ['comedies']
        >>> genre_pattern("Sci-Fi").findall("Science-fiction, sci-fi or scifi.")
        ['Science-fiction', 'sci-fi', 'scifi']
    """
    forms = []
    for name in genre_names(genre):
        *start, last = name.split(" ")
        ending = (
            f"{re.escape(last[:-1])}(?:y|ies)" if last.endswith("y") else f"{re.escape(last)}s?"
        )
        forms.append(r"[\s-]*".join([*map(re.escape, start), ending]))
    forms.sort(key=len, reverse=True)  # the longest name wins where one holds another
    return re.compile(rf"\b(?:{'|'.join(forms)})\b" if forms else r"(?!)", re.IGNORECASE)


def find_genre_words(
    texts: Sequence[str], labels: npt.NDArray[np.bool_], genres: Sequence[str]
) -> list[GenreWord]:
    """Count genre names in the text of each movie.

    Args:
        texts: The text of each movie, N of them.
        labels: Multi-hot labels (N, L).
        genres: Genre names in column order, L of them.
    """
    lowered = [text.lower() for text in texts]
    genre_words = []
    for genre, has in zip(genres, labels.T, strict=True):
        pattern = genre_pattern(genre)
        stems = tuple(name.split(" ")[0].removesuffix("y") for name in genre_names(genre))
        names_genre = np.array(  # a plain search for the stems first: it is many times faster
            [any(s in text for s in stems) and bool(pattern.search(text)) for text in lowered],
            dtype=bool,
        )
        genre_words.append(
            GenreWord(
                genre=genre,
                words=genre_names(genre),
                with_label=_share(names_genre[has]),
                without_label=_share(names_genre[~has]),
                precision=_share(has[names_genre]),
                num_movies=int(names_genre.sum()),
            )
        )
    return genre_words


def _share(chosen: npt.NDArray[np.bool_]) -> float:
    return float(chosen.mean()) if chosen.size else float("nan")
