"""Logistic regressions on sparse features of plots, and their held-out logits.

Knows features and labels only. scikit-learn solves; what is solved needs it no more.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from moviegenre.core.errors import MissingExtraError
from moviegenre.data.batches import MovieTensors
from moviegenre.models.batch import to_batch
from moviegenre.nn.ngrams import SparseFeatures

_TEXTS_AT_ONCE = 64


def require_solver() -> tuple[Any, Any]:
    """Return scipy's sparse matrix and scikit-learn's logistic regression.

    Raises:
        MissingExtraError: They are not installed.
    """
    try:
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtraError("scikit-learn", "baselines", "fitting words to genres") from None
    return csr_matrix, LogisticRegression


def plot_texts(
    movies: MovieTensors, rows: npt.NDArray[np.int64]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield token ids (B, T) and masks (B, T) of some movies, in the order of ``rows``."""
    for start in range(0, len(rows), _TEXTS_AT_ONCE):
        batch = to_batch(movies.batch(rows[start : start + _TEXTS_AT_ONCE].tolist()))
        yield batch.input_ids, batch.attention_mask


def sparse_rows(features: Sequence[SparseFeatures], num_features: int) -> Any:  # noqa: ANN401
    """Return batches of features as one scipy matrix (N, F).

    Raises:
        MissingExtraError: scipy is not installed.
    """
    csr_matrix, _ = require_solver()
    real = [part.values > 0 for part in features]
    lengths = torch.cat([kept.sum(dim=1) for kept in real]).numpy()
    values = torch.cat([part.values[kept] for part, kept in zip(features, real, strict=True)])
    columns = torch.cat([part.columns[kept] for part, kept in zip(features, real, strict=True)])
    ends = np.concatenate([[0], np.cumsum(lengths)])
    matrix = csr_matrix((values.numpy(), columns.numpy(), ends), shape=(len(lengths), num_features))
    matrix.sum_duplicates()
    return matrix


def logistic_regressions(
    rows: Any,  # noqa: ANN401
    labels: npt.NDArray[np.float32],
    c: float,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Solve one balanced logistic regression a label.

    Args:
        rows: Sparse features (N, F).
        labels: Multi-hot truth (N, L); a row is left out where a label is NaN, unknown.
        c: Inverse strength of the L2 penalty.

    Returns:
        Weights (F, L) and biases (L,); zeros and NaN for a label that all rows or none have.
    """
    _, logistic_regression = require_solver()
    weight = np.zeros((rows.shape[1], labels.shape[1]), dtype=np.float32)
    bias = np.full(labels.shape[1], np.nan, dtype=np.float32)
    for label, truth in enumerate(labels.T):
        known = ~np.isnan(truth)
        if len(set(truth[known])) < 2:
            continue
        solver = logistic_regression(
            C=c, class_weight="balanced", solver="liblinear", max_iter=1000
        )
        solver.fit(rows if known.all() else rows[known], truth[known])
        weight[:, label], bias[label] = solver.coef_[0], solver.intercept_[0]
    return weight, bias


def held_out_logits(
    rows: Any,  # noqa: ANN401
    labels: npt.NDArray[np.float32],
    c: float,
    *,
    folds: int,
    groups: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.float32]:
    """Return held-out logits (N, L): each movie is scored by regressions fitted to the others.

    Every ``folds``-th movie is held out in turn. What a model says of movies it was fitted to is
    surer than what it says of new ones; who learns to weigh it against other evidence must
    see the latter. Reference: Wolpert, "Stacked generalization",
    https://doi.org/10.1016/S0893-6080(05)80023-1.

    Args:
        rows: Sparse features (N, F).
        labels: Multi-hot truth (N, L); NaN where unknown.
        c: Inverse strength of the L2 penalty.
        folds: How many parts, at least 2.
        groups: A number for each row (N,): rows of one group, such as several texts of one movie,
            are held out together. None takes each row for itself.
    """
    logits = np.zeros(labels.shape, dtype=np.float32)
    part = (np.arange(len(labels)) if groups is None else groups) % folds
    for fold in range(folds):
        weight, bias = logistic_regressions(rows[part != fold], labels[part != fold], c)
        logits[part == fold] = rows[part == fold] @ weight + np.nan_to_num(bias)
    return logits
