"""Films with the user's genres, in the form that a model reads."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from moviegenre.adapt.features import Floats, compute_features
from moviegenre.adapt.regression import Variant
from moviegenre.adapt.without import variants
from moviegenre.core.errors import ConfigError, DataError, MovieGenreError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Modality
from moviegenre.data.sources.table import MovieTable, TableColumns
from moviegenre.inference.films import Film, FilmReader
from moviegenre.inference.predictor import Predictor

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class OwnFilms:
    """Films that a model can learn from.

    Attributes:
        features: Embedding and logits of each (N, F).
        texts: The plots of each, joined (N); empty where there are none.
        labels: Which genres each has (N, L), 0 or 1.
        variants: Films as if they lacked their plot, or their poster, by what they lack.
        genres: What the columns mean.
        rare: Genres with too few films, which are left out, and their films.
        left_out: Why rows of the table are left out, and how many.
    """

    features: Floats
    texts: list[str]
    labels: Floats
    variants: dict[Modality, Variant]
    genres: GenreVocabulary
    rare: dict[str, int]
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.labels)


class _Rows:
    """The rows of a table that can be read; what is kept of them is all but the posters."""

    def __init__(
        self, table: MovieTable, reader: FilmReader, on_row: Callable[[int], None]
    ) -> None:
        self._table = table
        self._reader = reader
        self._on_row = on_row
        self.texts: list[str] = []
        self.modalities: list[tuple[Modality, ...]] = []
        self.names: list[tuple[str, ...]] = []
        self.left_out: Counter[str] = Counter()

    def films(self) -> Iterator[Film]:
        for number, movie in enumerate(self._table, start=1):
            self._on_row(number)
            if movie.fault or not movie.genres:
                self.left_out["the row is damaged" if movie.fault else "no genre"] += 1
                continue
            try:
                film = self._reader.read(movie.plots, movie.poster, movie.title, movie.year)
            except MovieGenreError:
                film = None
            if film is None or not film.modalities:
                self.left_out["nothing to read"] += 1
                continue
            self.texts.append("\n".join(movie.plots))
            self.modalities.append(film.modalities)
            self.names.append(movie.genres)
            yield film


def read_own_films(
    path: Path,
    columns: TableColumns,
    predictor: Predictor,
    min_films: int,
    on_progress: Progress = lambda _done, _total: None,
) -> OwnFilms:
    """Read a table of films with genres and compute their features.

    Genres are counted before anything is computed. A film whose genres are all rare stays, as one
    that has none of the others.

    Args:
        path: The table.
        columns: Which column holds what.
        predictor: The model that is to read the films, opened with one thread.
        min_films: Films that a genre needs.
        on_progress: Called with the rows read so far and all rows.

    Raises:
        CheckpointError: The model gives no embeddings.
        DataError: The table cannot be read, or no genre has so many films.
        ConfigError: All films that can be read have the same genres.
    """
    table = MovieTable(path, columns)
    every = list(table.genres())
    _frequent(path, [given for given in every if given], min_films)
    rows = _Rows(table, predictor.reader, lambda done: on_progress(done, len(every)))
    features = compute_features(predictor, rows.films())
    has = {one: np.array([one in given for given in rows.modalities]) for one in Modality}
    counts = _count(rows.names)
    genres = GenreVocabulary(tuple(_frequent(path, rows.names, min_films)))
    own = [[name for name in given if name in genres] for given in rows.names]
    return OwnFilms(
        features=features,
        texts=rows.texts,
        labels=np.stack([genres.encode(given) for given in own]),
        variants=variants(
            predictor, features, has, _Rows(table, predictor.reader, lambda _: None).films
        ),
        genres=genres,
        rare={name: number for name, number in counts.most_common() if number < min_films},
        left_out=dict(rows.left_out),
    )


def _count(names: Sequence[Sequence[str]]) -> Counter[str]:
    return Counter(name for given in names for name in set(given))


def _frequent(path: Path, names: Sequence[Sequence[str]], min_films: int) -> list[str]:
    """Return the genres with enough films, sorted.

    Raises:
        DataError: There is none.
        ConfigError: All films have one.
    """
    counts = _count(names)
    kept = sorted(name for name, number in counts.items() if number >= min_films)
    if not kept:
        most = ", ".join(f"{name} ({number})" for name, number in counts.most_common(3))
        raise DataError(
            f"{path}: no genre has {min_films} films; the most have {most or 'no genre'}; add "
            "films, or lower `min_films`"
        )
    if constant := [name for name in kept if counts[name] == len(names)]:
        raise ConfigError(
            f"{path}: every film is {', '.join(constant)}, so there is nothing to tell apart; add "
            "films without it, or leave the genre out"
        )
    return kept
