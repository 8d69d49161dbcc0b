"""Calibration: measure whether a probability of 0.7 is right 7 times in 10, and correct it.

A correction is a scale and a shift of the log-odds, stored by ``core.operating_point``. It never
reorders the movies of a genre, so it changes no ranking and no best F1. For the reason against
isotonic regression, see ``docs/thresholds.md``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import FloatArray, from_log_odds, log_odds
from moviegenre.core.types import CalibrationMethod

Column = npt.NDArray[np.float64]

NUM_BINS = 15
_MIN_SCALE = 0.05  # positive, so that the order of a genre's movies never reverses
_MAX_STEPS = 100
_GRADIENT_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Reliability:
    """Probabilities in bins of equal width, with the share of positives in each bin.

    Attributes:
        predicted: Mean probability of each bin (K,); NaN for an empty bin.
        observed: Share of positives of each bin (K,); NaN for an empty bin.
        counts: Number of probabilities in each bin (K,).
    """

    predicted: Column
    observed: Column
    counts: npt.NDArray[np.int64]


def reliability(
    probs: FloatArray, labels: npt.NDArray[Any], num_bins: int = NUM_BINS
) -> Reliability:
    """Put probabilities into bins and compute the share of positives in each bin.

    Args:
        probs: Probabilities of any shape, which is ignored.
        labels: The labels, of the same shape.
        num_bins: K; bin k has the probabilities in [k / K, (k + 1) / K), and the last bin also has
            probability 1.
    """
    flat = np.asarray(probs, dtype=np.float64).reshape(-1)
    edges = np.linspace(0, 1, num_bins + 1)
    bin_indices = np.minimum(np.searchsorted(edges, flat, side="right") - 1, num_bins - 1)
    counts = np.bincount(bin_indices, minlength=num_bins)
    with np.errstate(invalid="ignore"):  # an empty bin: 0 / 0 is NaN
        predicted = np.bincount(bin_indices, flat, num_bins) / counts
        observed = np.bincount(bin_indices, np.asarray(labels).reshape(-1), num_bins) / counts
    return Reliability(predicted, observed, counts.astype(np.int64))


def calibration_error(probs: FloatArray, labels: npt.NDArray[Any]) -> float:
    """Return the expected calibration error over all movie-label pairs; NaN without any.

    It is the mean distance between a bin's mean probability and its share of positives, weighted
    by the number of probabilities in the bin.

    Reference: Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning",
    https://doi.org/10.1609/aaai.v29i1.9602; differs in that every label counts, not only the most
    probable label of a movie.

    Args:
        probs: Probabilities of any shape.
        labels: The labels, of the same shape.

    Example:
        >>> round(calibration_error(np.array([0.7, 0.7]), np.array([1, 0])), 3)
        0.2
    """
    if np.size(probs) == 0:
        return float("nan")
    # These are the bins of the plots; torchmetrics has one more bin, for exactly 1.
    bins = reliability(probs, labels)
    filled = bins.counts > 0
    gaps = np.abs(bins.predicted - bins.observed)[filled]
    return float(gaps @ bins.counts[filled] / bins.counts.sum())


def calibration_error_by_label(probs: FloatArray, labels: npt.NDArray[Any]) -> Column:
    """Return the expected calibration error of each label (L,), of (N, L) probabilities."""
    columns = range(probs.shape[1])
    return np.array([calibration_error(probs[:, i], labels[:, i]) for i in columns])


def fit_calibration(
    probs: FloatArray,
    labels: npt.NDArray[Any],
    method: CalibrationMethod,
    positive_weights: FloatArray | None = None,
) -> tuple[Column, Column]:
    """Return the scale (L,) and shift (L,) of the log-odds that calibrate probabilities.

    Args:
        probs: A model's own probabilities (N, L) on a validation split.
        labels: The labels (N, L).
        method: ``none`` corrects nothing. ``weights`` undoes the positive weights of a weighted
            loss and needs no movies: weighted cross-entropy is minimal at the true odds times the
            weight, so the shift is minus the logarithm of the weight. ``temperature`` fits one
            scale for all labels. ``platt`` fits a scale and a shift for each label.
        positive_weights: The loss's weight of the positives of each label (L,); only for
            ``weights``.

    References: Guo et al., "On calibration of modern neural networks",
    https://arxiv.org/abs/1706.04599; Platt, "Probabilistic outputs for support vector machines",
    1999. Platt's targets, (n + 1) / (n + 2) instead of 1 for n positives and 1 / (m + 2) instead
    of 0 for m negatives, prevent probabilities near 1 for a label with few positives.
    """
    num_labels = probs.shape[1]
    scale, shift = np.ones(num_labels), np.zeros(num_labels)
    truth = np.asarray(labels, dtype=np.float64)
    if method == "weights":
        assert positive_weights is not None, "the caller knows the loss"
        return scale, -np.log(np.asarray(positive_weights, dtype=np.float64))
    if method == "none" or len(probs) == 0:
        return scale, shift
    odds = log_odds(probs)
    if method == "temperature":
        if not 0 < truth.mean() < 1:
            return scale, shift
        (temperature_scale,) = _logistic(odds.reshape(-1, 1), truth.reshape(-1))
        return np.full(num_labels, max(temperature_scale, _MIN_SCALE)), shift
    for column in range(num_labels):
        num_positives, num_movies = truth[:, column].sum(), len(truth)
        if 0 < num_positives < num_movies:
            positive_target = (num_positives + 1) / (num_positives + 2)
            negative_target = 1 / (num_movies - num_positives + 2)
            targets = np.where(truth[:, column] > 0, positive_target, negative_target)
            scale[column], shift[column] = _scale_and_shift(odds[:, column], targets)
    return scale, shift


def _scale_and_shift(odds: Column, targets: Column) -> tuple[float, float]:
    """Return Platt's scale, which is positive, and shift for log-odds (N,)."""
    ones = np.ones_like(odds)
    scale, shift = _logistic(np.stack([odds, ones], axis=1), targets)
    if scale < _MIN_SCALE:  # the problem is convex: the best allowed scale is the bound
        scale = _MIN_SCALE
        (shift,) = _logistic(ones[:, None], targets, scale * odds)
    return float(scale), float(shift)


def _logistic(features: Column, targets: Column, offset: Column | float = 0.0) -> Column:
    """Return the coefficients (K,) of a logistic regression.

    Args:
        features: (N, K).
        targets: Target probabilities (N,) in [0, 1].
        offset: A constant part of the log-odds (N,).
    """
    from scipy.optimize import minimize

    result = minimize(
        lambda values: _cross_entropy(values, features, targets, offset)[:2],
        np.zeros(features.shape[1]),
        jac=True,
        hess=lambda values: _cross_entropy(values, features, targets, offset)[2],
        method="trust-ncg",
        options={"gtol": _GRADIENT_TOLERANCE, "maxiter": _MAX_STEPS},
    )
    coefficients: Column = result.x
    return coefficients


def _cross_entropy(
    coefficients: Column, features: Column, targets: Column, offset: Column | float
) -> tuple[float, Column, Column]:
    """Return the mean cross-entropy, its gradient (K,) and its second derivatives (K, K)."""
    odds = features @ coefficients + offset
    probs = from_log_odds(odds)
    loss = float(np.mean(np.logaddexp(0, odds) - targets * odds))
    gradient = features.T @ (probs - targets) / len(targets)
    curvature = (features.T * (probs * (1 - probs))) @ features / len(targets)
    return loss, gradient, curvature
