"""The predictions of a model on a split, and their scores."""

import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import FloatArray
from moviegenre.core.errors import DamagedError, DataError, missing_path_message
from moviegenre.core.seals import check_seal, sealed_file
from moviegenre.metrics import compute_metrics

NO_POSITIVE = "no movie of the split has it"
_UNREADABLE = (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
NO_NEGATIVE = "every movie of the split has it"


@dataclass(frozen=True)
class Predictions:
    """The probabilities and true labels of the movies of a split.

    Attributes:
        ids: Movie ids, N of them.
        genres: Genre names in column order, L of them.
        probs: Probabilities (N, L).
        labels: The labels (N, L), zeros and ones.
    """

    ids: tuple[str, ...]
    genres: tuple[str, ...]
    probs: FloatArray
    labels: npt.NDArray[Any]

    def __post_init__(self) -> None:
        expected = (len(self.ids), len(self.genres))
        if self.probs.shape != expected or self.labels.shape != expected:
            raise DataError(
                f"{expected[0]} ids and {expected[1]} genres, but probabilities "
                f"{self.probs.shape} and labels {self.labels.shape}; expected {expected} of both"
            )

    def save(self, path: Path) -> None:
        """Write an ``.npz`` file of plain arrays, in one step."""
        with sealed_file(path) as stream:
            np.savez_compressed(
                stream,
                ids=np.array(self.ids, dtype=np.str_),
                genres=np.array(self.genres, dtype=np.str_),
                probs=np.asarray(self.probs, dtype=np.float32),
                labels=np.asarray(self.labels, dtype=np.uint8),
            )

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read the file that ``save`` wrote; no code in the file is executed.

        Raises:
            DataError: The file is missing, damaged, or not a file of predictions.
        """
        if not path.is_file():
            next_step = "make it with: moviegenre compare"
            raise DataError(missing_path_message(path, "saved predictions", next_step))
        try:
            check_seal(path)
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                return cls(
                    ids=tuple(str(name) for name in arrays["ids"]),
                    genres=tuple(str(name) for name in arrays["genres"]),
                    probs=arrays["probs"],
                    labels=arrays["labels"],
                )
        except (*_UNREADABLE, DamagedError) as error:
            raise DataError(
                f"{path} does not hold predictions ({error}); delete it and evaluate again"
            ) from None


@dataclass(frozen=True)
class GenreScores:
    """The scores of one genre, fractions in [0, 1]; NaN where undefined.

    Attributes:
        f1: Harmonic mean of precision and recall.
        precision: Share of the chosen movies that have the genre.
        recall: Share of the movies with the genre that were chosen.
        roc_auc: Area under the receiver operating characteristic.
        average_precision: Area under precision over recall, as a step function.
        support: Number of movies with the genre.
    """

    f1: float
    precision: float
    recall: float
    roc_auc: float
    average_precision: float
    support: int

    def to_json_dict(self) -> dict[str, float | int | None]:
        """Return plain values; None if undefined."""
        scores = {name: number_or_none(value) for name, value in vars(self).items()}
        return {**scores, "support": self.support}


@dataclass(frozen=True)
class Evaluation:
    """The scores of a model on a split.

    Attributes:
        model: The model's name.
        split: The split's name.
        num_movies: The number of scored movies.
        threshold: The threshold of all genres, or the threshold of each genre.
        metrics: The overall scores, as in ``metrics.METRIC_NAMES``; NaN if undefined.
        per_genre: Scores by genre.
        undefined: Genres with an undefined score, with the reason.
    """

    model: str
    split: str
    num_movies: int
    threshold: float | dict[str, float]
    metrics: dict[str, float]
    per_genre: dict[str, GenreScores]
    undefined: dict[str, str]

    def to_json_dict(self) -> dict[str, Any]:
        """Return the content of ``moviegenre evaluate --json``; undefined values are None."""
        return {
            "model": self.model,
            "split": self.split,
            "num_movies": self.num_movies,
            "threshold": self.threshold,
            "metrics": {name: number_or_none(value) for name, value in self.metrics.items()},
            "per_genre": {name: scores.to_json_dict() for name, scores in self.per_genre.items()},
            "undefined": self.undefined,
        }


def number_or_none(value: float) -> float | None:
    """Return the value, or None for NaN, which JSON does not have."""
    return None if math.isnan(value) else float(value)


def evaluate_predictions(
    predictions: Predictions, model: str, split: str, threshold: float | FloatArray
) -> Evaluation:
    """Score predictions.

    Args:
        predictions: A model's probabilities and the labels.
        model: The model's name.
        split: The split's name.
        threshold: The threshold of all genres, or the thresholds of each genre (L,).

    Raises:
        MovieGenreError: A probability is not finite.
    """
    scores = compute_metrics(predictions.probs, predictions.labels, threshold)
    genres = predictions.genres
    per_genre = {
        genre: GenreScores(
            f1=float(scores.f1[i]),
            precision=float(scores.precision[i]),
            recall=float(scores.recall[i]),
            roc_auc=float(scores.roc_auc[i]),
            average_precision=float(scores.average_precision[i]),
            support=int(scores.support[i]),
        )
        for i, genre in enumerate(genres)
    }
    undefined = {genres[i]: NO_POSITIVE for i in scores.without_positives}
    undefined |= {genres[i]: NO_NEGATIVE for i in scores.without_negatives}
    return Evaluation(
        model=model,
        split=split,
        num_movies=scores.num_movies,
        threshold=_plain_threshold(threshold, genres),
        metrics=scores.metrics,
        per_genre=per_genre,
        undefined=undefined,
    )


def _plain_threshold(
    threshold: float | FloatArray, genres: tuple[str, ...]
) -> float | dict[str, float]:
    if isinstance(threshold, np.ndarray) and threshold.ndim == 1:
        return {genre: float(threshold) for genre, threshold in zip(genres, threshold, strict=True)}
    return float(threshold)
