"""The metrics of multi-label classification.

Counts and areas of each label are from torchmetrics. The averages are computed here, because a
label without a positive (or without a negative) in the split has undefined scores. Definitions in
words: ``docs/metrics.md``.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchmetrics.functional.classification import (
    binary_auroc,
    multilabel_auroc,
    multilabel_average_precision,
    multilabel_stat_scores,
)

from moviegenre.core.decisions import FloatArray, decide
from moviegenre.core.errors import MovieGenreError

Scores = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

METRIC_NAMES = (
    "f1_macro",
    "f1_micro",
    "f1_samples",
    "roc_auc",
    "mean_average_precision",
    "subset_accuracy",
    "hamming_loss",
    "roc_auc_micro",
)


@dataclass(frozen=True)
class LabelMetrics:
    """The scores of movies, over all labels and for each label.

    Attributes:
        metrics: Every name in ``METRIC_NAMES``, fractions in [0, 1]; NaN if undefined.
        f1: F1 of each label (L,); NaN without positives.
        precision: Precision of each label (L,); NaN without positives, 0 if never chosen.
        recall: Recall of each label (L,); NaN without positives.
        roc_auc: ROC-AUC of each label (L,); NaN without positives or negatives.
        average_precision: Average precision of each label (L,); NaN without positives.
        support: Number of positives of each label (L,).
        num_movies: N, the number of movies.
    """

    metrics: dict[str, float]
    f1: Scores
    precision: Scores
    recall: Scores
    roc_auc: Scores
    average_precision: Scores
    support: Counts
    num_movies: int

    @property
    def without_positives(self) -> tuple[int, ...]:
        """Columns of the labels that no movie has; all their scores are undefined."""
        return tuple(int(i) for i in np.flatnonzero(self.support == 0))

    @property
    def without_negatives(self) -> tuple[int, ...]:
        """Columns of the labels that every movie has; their ROC-AUC is undefined."""
        has_all = (self.support == self.num_movies) & (self.support > 0)
        return tuple(int(i) for i in np.flatnonzero(has_all))

    @property
    def undefined(self) -> tuple[int, ...]:
        """Columns of all labels with an undefined score."""
        return tuple(sorted({*self.without_positives, *self.without_negatives}))


def compute_metrics(
    probs: FloatArray, labels: npt.NDArray[Any], threshold: float | FloatArray
) -> LabelMetrics:
    """Score probabilities.

    Averages over labels (``f1_macro``, ``roc_auc``, ``mean_average_precision``) include only the
    labels with a defined score; ``LabelMetrics.undefined`` has the other labels.

    Args:
        probs: Probabilities (N, L) in [0, 1].
        labels: The labels (N, L), zeros and ones.
        threshold: The threshold of all labels in [0, 1], or of each label (L,).

    Raises:
        MovieGenreError: A probability is not finite, for example after a diverged training.
        ValueError: The shapes do not fit, or values are outside [0, 1].

    Example:
        >>> probs = np.array([[0.9, 0.2], [0.4, 0.7]])
        >>> labels = np.array([[1, 0], [1, 1]])
        >>> round(compute_metrics(probs, labels, 0.5).metrics["f1_micro"], 3)
        0.8
    """
    _check(probs, labels)
    if len(probs) == 0:
        return _undefined_metrics(probs.shape[1])
    truth = torch.from_numpy(np.ascontiguousarray(labels).astype(np.int64))
    scores = torch.from_numpy(np.array(probs, dtype=np.float64))
    chosen = torch.from_numpy(np.asarray(decide(probs, threshold)).astype(np.int64))
    num_movies, num_labels = truth.shape
    positives = truth.sum(dim=0)
    has_positives = positives > 0
    has_both = has_positives & (positives < num_movies)

    counts = multilabel_stat_scores(
        chosen, truth, num_labels, average="none", validate_args=False
    ).double()
    counts = counts.reshape(num_labels, -1)  # torchmetrics drops the dimension of a single label
    tp, fp, fn = counts[:, 0], counts[:, 1], counts[:, 3]
    f1 = _where(has_positives, _ratio(2 * tp, 2 * tp + fp + fn))
    roc_auc, precision_area = _ranking_scores(scores, truth, has_positives, has_both)
    metrics = {
        "f1_macro": _mean(f1),
        "f1_micro": float(_ratio(2 * tp.sum(), (2 * tp + fp + fn).sum())),
        "hamming_loss": float((fp + fn).sum() / truth.numel()),
        **_by_movie(chosen, truth),
        "roc_auc": _mean(roc_auc),
        "mean_average_precision": _mean(precision_area),
        "roc_auc_micro": _micro_auc(scores, truth),
    }
    return LabelMetrics(
        metrics={name: metrics[name] for name in METRIC_NAMES},
        f1=f1.numpy(),
        precision=_where(has_positives, _ratio(tp, tp + fp)).numpy(),
        recall=_where(has_positives, _ratio(tp, tp + fn)).numpy(),
        roc_auc=roc_auc.numpy(),
        average_precision=precision_area.numpy(),
        support=positives.numpy(),
        num_movies=num_movies,
    )


def _check(probs: FloatArray, labels: npt.NDArray[Any]) -> None:
    if probs.ndim != 2 or probs.shape != labels.shape:
        raise ValueError(
            f"probabilities {probs.shape} and labels {labels.shape} must have one shape (N, L)"
        )
    num_bad = int((~np.isfinite(probs)).any(axis=1).sum())
    if num_bad:
        raise MovieGenreError(
            f"the probabilities of {num_bad} of {len(probs)} movies are not finite; expected "
            "numbers from 0 to 1; the training has diverged: lower its rates and train again"
        )
    if probs.size and (probs.min() < 0 or probs.max() > 1):
        raise ValueError(f"probabilities from {probs.min()} to {probs.max()}; expected 0 to 1")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("labels must be 0 or 1")


def _undefined_metrics(num_labels: int) -> LabelMetrics:
    undefined = np.full(num_labels, np.nan)
    return LabelMetrics(
        metrics=dict.fromkeys(METRIC_NAMES, float("nan")),
        f1=undefined,
        precision=undefined,
        recall=undefined,
        roc_auc=undefined,
        average_precision=undefined,
        support=np.zeros(num_labels, dtype=np.int64),
        num_movies=0,
    )


def _by_movie(chosen: Tensor, truth: Tensor) -> dict[str, float]:
    """Return the scores that are averages over movies.

    They are computed here, because torchmetrics' F1 fails for a single movie or a single label.
    """
    hits = (chosen & truth).sum(dim=1).double()
    f1 = _ratio(2 * hits, (chosen + truth).sum(dim=1))
    return {
        "f1_samples": float(f1.mean()),
        "subset_accuracy": float((chosen == truth).all(dim=1).double().mean()),
    }


def _ranking_scores(
    scores: Tensor, truth: Tensor, has_positives: Tensor, has_both: Tensor
) -> tuple[Tensor, Tensor]:
    """Return ROC-AUC and average precision of each label (L,); NaN if undefined."""
    num_labels = truth.shape[1]
    arguments: dict[str, Any] = {
        "num_labels": num_labels,
        "average": "none",
        "thresholds": None,
        "validate_args": False,
    }
    with warnings.catch_warnings():
        # torchmetrics warns of labels without positives or negatives, which are masked below.
        warnings.simplefilter("ignore", UserWarning)
        roc_auc = multilabel_auroc(scores, truth, **arguments)
        area = multilabel_average_precision(scores, truth, **arguments)
    roc_auc, area = roc_auc.double().reshape(num_labels), area.double().reshape(num_labels)
    return _where(has_both, roc_auc), _where(has_positives, area)


def _micro_auc(scores: Tensor, truth: Tensor) -> float:
    """Return ROC-AUC over all movie-label pairs as one ranking."""
    positives = int(truth.sum())
    if positives in (0, truth.numel()):
        return float("nan")
    return float(binary_auroc(scores.flatten(), truth.flatten(), validate_args=False))


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Return the ratio of counts, with 0 for 0 / 0."""
    return numerator / denominator.clamp(min=1)


def _where(defined: Tensor, values: Tensor) -> Tensor:
    return torch.where(defined, values, torch.nan)


def _mean(values: Tensor) -> float:
    return float(values.nanmean())
