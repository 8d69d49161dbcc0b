"""Films with the user's genres, in the form that a model reads."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import ConfigError, DataError, MovieGenreError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.data.sources.table import MovieTable, TableColumns
from moviegenre.inference.films import Film
from moviegenre.inference.predictor import Predictor

_CHUNK = 32  # films between two reports of progress

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class OwnFilms:
    """Films that a model can learn from.

    Attributes:
        films: What the model reads of each; N of them.
        texts: The plots of each, joined; empty where there are none.
        labels: Which genres each has (N, L), 0 or 1.
        genres: What the columns mean.
        rare: Genres with too few films, which are left out, and their films.
        left_out: Why rows of the table are left out, and how many.
    """

    films: list[Film]
    texts: list[str]
    labels: Floats
    genres: GenreVocabulary
    rare: dict[str, int]
    left_out: dict[str, int]


def read_own_films(
    path: Path, columns: TableColumns, predictor: Predictor, min_films: int
) -> OwnFilms:
    """Read a table of films with genres.

    A film whose genres are all rare stays, as one that has none of the others.

    Args:
        path: The table.
        columns: Which column holds what.
        predictor: The model that is to read the films.
        min_films: Films that a genre needs.

    Raises:
        DataError: The table cannot be read, or no genre has so many films.
        ConfigError: All films that can be read have the same genres.
    """
    films: list[Film] = []
    texts: list[str] = []
    names: list[tuple[str, ...]] = []
    left_out: Counter[str] = Counter()
    for movie in MovieTable(path, columns):
        if movie.fault or not movie.genres:
            left_out["the row is damaged" if movie.fault else "no genre"] += 1
            continue
        try:
            film = predictor.reader.read(movie.plots, movie.poster, movie.title, movie.year)
        except MovieGenreError:
            left_out["nothing to read"] += 1
            continue
        if not film.modalities:
            left_out["nothing to read"] += 1
            continue
        films.append(film)
        texts.append("\n".join(movie.plots))
        names.append(movie.genres)
    counts = Counter(name for given in names for name in set(given))
    kept = sorted(name for name, number in counts.items() if number >= min_films)
    rare = {name: number for name, number in counts.most_common() if number < min_films}
    if not kept:
        most = ", ".join(f"{name} ({number})" for name, number in counts.most_common(3))
        raise DataError(
            f"{path}: no genre has {min_films} films; the most have {most or 'no genre'}; add "
            "films, or lower `min_films`"
        )
    genres = GenreVocabulary(tuple(kept))
    own = [[name for name in given if name in kept] for given in names]
    labels = np.stack([genres.encode(given) for given in own])
    constant = [name for name, share in zip(kept, labels.mean(axis=0), strict=True) if share == 1]
    if constant:
        raise ConfigError(
            f"{path}: every film is {', '.join(constant)}, so there is nothing to tell apart; add "
            "films without it, or leave the genre out"
        )
    return OwnFilms(films, texts, labels, genres, rare, dict(left_out))


def compute_features(
    predictor: Predictor,
    films: list[Film],
    on_progress: Callable[[int], None] = lambda _: None,
) -> Floats:
    """Return the features (N, D + L) of each film: its embedding and its logits.

    Args:
        predictor: A model whose ONNX file gives embeddings.
        films: What its reader returned.
        on_progress: Called with the number of films done so far.

    Raises:
        CheckpointError: The model gives no embeddings.
    """
    features: list[Floats] = []
    for start in range(0, len(films), _CHUNK):
        batch = predictor.reader.batch(films[start : start + _CHUNK])
        logits, embeddings = predictor.backend.embed(batch)
        features.append(np.concatenate([embeddings, logits], axis=1))
        on_progress(min(start + _CHUNK, len(films)))
    return np.concatenate(features)
