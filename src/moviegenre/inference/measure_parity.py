"""Compare the decisions of exported ONNX files with those of the model, on real movies."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.parity import FileParity, Parity, f1_macro
from moviegenre.core.decisions import BoolArray, FloatArray
from moviegenre.core.errors import DataError, MovieGenreError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.inference.films import Film, FilmReader
from moviegenre.inference.predictor import Predictor

_CHUNK = 128  # films in memory at a time
_COLUMNS = ["plots", "genres", "poster", "title", "year"]

LabelledFilm = tuple[Film, npt.NDArray[np.float32]]


def labelled_films(
    data: PreparedData, split: Split, reader: FilmReader, genres: GenreVocabulary
) -> Iterator[LabelledFilm]:
    """Yield the films of a split in a model's form, with their labels (L,), in order.

    Films that the model cannot read are left out. Nothing is cached.

    Args:
        data: Prepared movies.
        split: The split.
        reader: The model's reader.
        genres: The model's genres.

    Raises:
        CheckpointError: The movies have other genres than the model.
    """
    data.require_genres(genres, "the model", "name data with the same ones")
    for batch in data.poster_file(split).iter_batches(_CHUNK, columns=_COLUMNS):
        for row in batch.to_pylist():
            try:
                poster = row["poster"]["bytes"] if row["poster"] else None
                film = reader.read(tuple(row["plots"]), poster, row["title"], row["year"])
            except MovieGenreError:
                continue
            yield film, genres.encode(row["genres"])


def measure_parity(
    model: Predictor,
    files: Mapping[str, Predictor],
    films: Iterator[LabelledFilm],
    *,
    limit: int,
    source: str,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Parity:
    """Compare exported ONNX files with their model.

    Args:
        model: The model, computed by PyTorch.
        files: The same model computed from its files, by backend.
        films: The films to compare on.
        limit: The maximum number of films.
        source: The source of the films, for the report.
        on_progress: Called with the number of films done so far.

    Raises:
        DataError: There are no films.
    """
    probs: dict[str, list[FloatArray]] = {name: [] for name in ("torch", *files)}
    chosen: dict[str, list[BoolArray]] = {name: [] for name in probs}
    labels: list[npt.NDArray[np.float32]] = []
    chosen_films = islice(films, limit)
    while chunk := list(islice(chosen_films, _CHUNK)):
        chunk_films = [film for film, _ in chunk]
        labels += [row for _, row in chunk]
        for name, predictor in {"torch": model, **files}.items():
            probs[name].append(predictor.probabilities(chunk_films))
            chosen[name].append(model.decide(chunk_films, probs[name][-1]))
        on_progress(len(labels))
    if not labels:
        raise DataError(f"{source} holds no movie that the model can read; name other data")
    truth = np.stack(labels)
    answers = {name: (np.concatenate(probs[name]), np.concatenate(chosen[name])) for name in probs}
    expected = answers["torch"]
    score = f1_macro(expected[1], truth)
    return Parity(
        num_movies=len(labels),
        source=source,
        f1_macro=score,
        files={name: _compare(expected, answers[name], truth, score) for name in files},
    )


def _compare(
    expected: tuple[FloatArray, BoolArray],
    answers: tuple[FloatArray, BoolArray],
    truth: npt.NDArray[np.float32],
    score: float,
) -> FileParity:
    file_score = f1_macro(answers[1], truth)
    return FileParity(
        equal_decisions=float((expected[1] == answers[1]).mean()),
        largest_difference=float(np.abs(expected[0] - answers[0]).max()),
        f1_macro=file_score,
        f1_macro_lost=score - file_score,
    )
