"""Find labels that models contradict that were not trained on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import FloatArray


@dataclass(frozen=True)
class LabelError:
    """A label that is likely wrong.

    Attributes:
        row: The movie.
        genre: Column of the genre.
        labelled: Whether the movie has the genre; the models predict the opposite.
        prob: The genre's calibrated probability.
        score: Self-confidence (the probability of the given label) minus the mean of all movies
            with the same label; an error is more likely at a lower score.
    """

    row: int
    genre: int
    labelled: bool
    prob: float
    score: float


def find_label_errors(
    probs: FloatArray, labels: npt.NDArray[np.bool_], rows: Sequence[int] | npt.NDArray[np.int64]
) -> list[LabelError]:
    """Return the labels that probabilities clearly contradict, the worst first.

    Each genre is judged alone. A movie with the genre is reported if its probability of *not*
    having the genre is at least the average of movies without it, and its probability of having the
    genre is below the average of movies with it. A movie without the genre is judged in reverse.

    References: Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset
    labels", https://doi.org/10.1613/jair.1.12125, whose class thresholds these are; Thyagarajan et
    al., "Identifying incorrect annotations in multi-label classification data",
    https://arxiv.org/abs/2211.13895, for one genre at a time.

    Args:
        probs: Calibrated out-of-sample probabilities (N, L).
        labels: The labels (N, L).
        rows: The row of each movie (N,), for the result.
    """
    errors: list[LabelError] = []
    for genre in range(probs.shape[1]):
        has_label, prob = labels[:, genre], np.asarray(probs[:, genre], dtype=np.float64)
        if has_label.all() or not has_label.any():
            continue  # nothing to compare with
        mean_with = float(prob[has_label].mean())
        mean_without = float((1 - prob[~has_label]).mean())
        predicts_yes, predicts_no = prob >= mean_with, 1 - prob >= mean_without
        wrong = np.where(has_label, predicts_no & ~predicts_yes, predicts_yes & ~predicts_no)
        scores = np.where(has_label, prob - mean_with, 1 - prob - mean_without)
        errors += [
            LabelError(
                int(rows[movie]),
                genre,
                bool(has_label[movie]),
                float(prob[movie]),
                float(scores[movie]),
            )
            for movie in np.flatnonzero(wrong).tolist()
        ]
    return sorted(errors, key=lambda error: (error.score, error.row, error.genre))
