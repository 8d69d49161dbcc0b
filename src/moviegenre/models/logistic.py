"""Logistic regressions on sparse features of plots, and their held-out logits.

scikit-learn is only needed to fit the regressions, not to use them.
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

_BATCH_SIZE = 64


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
    """Yield token ids (B, T) and masks (B, T) of movies, in the order of ``rows``."""
    for start in range(0, len(rows), _BATCH_SIZE):
        batch = to_batch(movies.batch(rows[start : start + _BATCH_SIZE].tolist()))
        yield batch.input_ids, batch.attention_mask


def sparse_rows(features: Sequence[SparseFeatures], num_features: int) -> Any:  # noqa: ANN401
    """Return batches of features as one scipy matrix (N, F).

    Raises:
        MissingExtraError: scipy is not installed.
    """
    csr_matrix, _ = require_solver()
    masks = [batch.values > 0 for batch in features]
    lengths = torch.cat([mask.sum(dim=1) for mask in masks]).numpy()
    values = torch.cat([batch.values[mask] for batch, mask in zip(features, masks, strict=True)])
    columns = torch.cat([batch.columns[mask] for batch, mask in zip(features, masks, strict=True)])
    ends = np.concatenate([[0], np.cumsum(lengths)])
    matrix = csr_matrix((values.numpy(), columns.numpy(), ends), shape=(len(lengths), num_features))
    matrix.sum_duplicates()
    return matrix


def logistic_regressions(
    rows: Any,  # noqa: ANN401
    labels: npt.NDArray[np.float32],
    c: float,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Fit a balanced logistic regression for each label.

    Args:
        rows: Sparse features (N, F).
        labels: Labels (N, L), multi-hot; rows with NaN (unknown) are ignored for that label.
        c: Inverse strength of the L2 penalty.

    Returns:
        Weights (F, L) and biases (L,); zeros and NaN for a label that all or no rows have.
    """
    _, logistic_regression = require_solver()
    weight = np.zeros((rows.shape[1], labels.shape[1]), dtype=np.float32)
    bias = np.full(labels.shape[1], np.nan, dtype=np.float32)
    for label, truth in enumerate(labels.T):
        is_known = ~np.isnan(truth)
        if len(set(truth[is_known])) < 2:
            continue
        solver = logistic_regression(
            C=c, class_weight="balanced", solver="liblinear", max_iter=1000
        )
        solver.fit(rows if is_known.all() else rows[is_known], truth[is_known])
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
    """Return held-out logits (N, L): each movie is scored by regressions fitted to other movies.

    Every ``folds``-th movie is held out in turn. A model is surer of movies that it was fitted to
    than of new movies; a second model that learns to weigh its logits needs those of new movies.
    Reference: Wolpert, "Stacked generalization", https://doi.org/10.1016/S0893-6080(05)80023-1.

    Args:
        rows: Sparse features (N, F).
        labels: Labels (N, L), multi-hot; NaN if unknown.
        c: Inverse strength of the L2 penalty.
        folds: The number of folds, at least 2.
        groups: A number for each row (N,): rows of one group, such as several texts of one movie,
            are held out together. None takes each row as its own group.
    """
    logits = np.zeros(labels.shape, dtype=np.float32)
    fold_of_row = (np.arange(len(labels)) if groups is None else groups) % folds
    for fold in range(folds):
        weight, bias = logistic_regressions(
            rows[fold_of_row != fold], labels[fold_of_row != fold], c
        )
        logits[fold_of_row == fold] = rows[fold_of_row == fold] @ weight + np.nan_to_num(bias)
    return logits
