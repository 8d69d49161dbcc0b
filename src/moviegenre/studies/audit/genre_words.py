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
"""Sets of names for the same genre; other names are derived from the genre's name."""


@dataclass(frozen=True)
class GenreWord:
    """How often plots contain the name of a genre.

    Attributes:
        genre: The genre.
        words: The searched names, without plurals.
        with_label: Share of the movies with the genre that have the word; NaN if undefined.
        without_label: Share of the movies without the genre that have the word; NaN if undefined.
        precision: Share of the movies with the word that have the genre; NaN if undefined.
        num_movies: Number of movies with the word.
    """

    genre: str
    words: tuple[str, ...]
    with_label: float
    without_label: float
    precision: float
    num_movies: int


def genre_names(genre: str) -> tuple[str, ...]:
    """Return the searched names: in lower case, with one space between words.

    Example:
        >>> genre_names("Film-Noir")
        ('film noir', 'noir')
        >>> genre_names("Action/Adventure")
        ('action', 'adventure')
    """
    names: list[str] = []
    for part in re.split(r"[/|,&]| and ", genre.lower()):
        name = " ".join(re.findall(r"\w+", part))
        aliases_of_name = next(
            (aliases for aliases in _ALIASES if name in aliases), frozenset({name})
        )
        names += [name, *sorted(aliases_of_name - {name})]
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
    forms.sort(key=len, reverse=True)  # longer names first, because they may contain shorter ones
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
    for genre, has_genre in zip(genres, labels.T, strict=True):
        pattern = genre_pattern(genre)
        stems = tuple(name.split(" ")[0].removesuffix("y") for name in genre_names(genre))
        names_genre = np.array(  # searching for the stems first is many times faster
            [any(s in text for s in stems) and bool(pattern.search(text)) for text in lowered],
            dtype=bool,
        )
        genre_words.append(
            GenreWord(
                genre=genre,
                words=genre_names(genre),
                with_label=_share(names_genre[has_genre]),
                without_label=_share(names_genre[~has_genre]),
                precision=_share(has_genre[names_genre]),
                num_movies=int(names_genre.sum()),
            )
        )
    return genre_words


def _share(chosen: npt.NDArray[np.bool_]) -> float:
    return float(chosen.mean()) if chosen.size else float("nan")
