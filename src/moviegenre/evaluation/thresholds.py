"""Fit thresholds to probabilities: an exact search for the best F1.

F1-macro and F1-micro need different thresholds. F1-macro is a mean over genres, so the threshold of
each genre is fitted alone. F1-micro sums over genres before it divides, so the thresholds depend on
each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import DEFAULT_THRESHOLD, BoolArray, FloatArray
from moviegenre.core.types import Goal, ThresholdRule

Thresholds = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """All thresholds of one label with different decisions, the highest first.

    Attributes:
        thresholds: The thresholds (C,), descending. Each is half way between two neighbouring
            probabilities, so that no probability equals a threshold.
        hits: Number of chosen movies that have the label (C,).
        chosen: Number of chosen movies (C,).
    """

    thresholds: Thresholds
    hits: npt.NDArray[np.float64]
    chosen: npt.NDArray[np.float64]

    @classmethod
    def of(cls, probs: FloatArray, labels: BoolArray) -> "Candidates":
        """Return all thresholds with different decisions on these probabilities.

        Movies with equal probabilities are chosen together or not at all.

        Args:
            probs: Probabilities (N,) in [0, 1], at least one.
            labels: The labels (N,).
        """
        order = np.argsort(-probs, kind="stable")
        values = probs[order].astype(np.float64)
        last_of_ties = np.append(np.diff(values) != 0, True)
        lowest = values[last_of_ties]
        hits = np.cumsum(labels[order], dtype=np.float64)[last_of_ties]
        chosen = (np.flatnonzero(last_of_ties) + 1).astype(np.float64)
        below = np.append(lowest[1:], 0.0)
        thresholds = _between(below, lowest)
        if values[0] < 1:  # add the decision to choose no movie
            thresholds = np.append(_between(values[:1], np.ones(1)), thresholds)
            hits, chosen = np.append(0.0, hits), np.append(0.0, chosen)
        return cls(thresholds, hits, chosen)

    def best(self, gain: npt.NDArray[np.float64]) -> float:
        """Return the threshold with the largest gain (C,); of equal gains the highest."""
        return float(self.thresholds[np.argmax(gain)])


def _between(low: Thresholds, high: Thresholds) -> Thresholds:
    """Return the numbers half way in (low, high], or high if floats have none between."""
    middle = (low + high) / 2
    return np.where(middle > low, middle, high)


def fit_thresholds(
    probs: FloatArray,
    labels: npt.NDArray[Any],
    rule: ThresholdRule,
    goal: Goal = "f1_macro",
    *,
    shrinkage: float = 0.0,
    beta: float = 1.0,
) -> Thresholds:
    """Return the threshold of each label (L,), in [0, 1], with the best score on these movies.

    Without shrinkage, no other thresholds of the same rule have a higher score on these movies.

    Args:
        probs: Probabilities (N, L) on a validation split.
        labels: The labels (N, L).
        rule: ``0.5`` fits nothing, ``global`` one threshold for all labels, ``per-genre`` one for
            each label.
        goal: The score to maximise.
        shrinkage: The number of positives that have the same weight as the global threshold. A
            label with n positives and its own best threshold t gets
            ``(n * t + shrinkage * global) / (n + shrinkage)``. Only for ``per-genre``.
        beta: Weight of recall against precision in the mean that ``f1_macro`` maximises. Below 1,
            fewer genres are chosen: F-beta (van Rijsbergen 1979) in place of F1.

    Returns:
        0.5 for all labels if no label has a positive. For F1-macro, a label without positives has
        no F1 and gets the global threshold.

    Example:
        >>> probs = np.array([[0.9], [0.4], [0.3], [0.1]])
        >>> labels = np.array([[1], [1], [0], [0]])
        >>> fit_thresholds(probs, labels, "per-genre").tolist()
        [0.35]
    """
    truth = np.asarray(labels, dtype=bool)
    num_labels = probs.shape[1]
    positives = truth.sum(axis=0)
    if rule == "0.5" or not positives.any():
        return np.full(num_labels, DEFAULT_THRESHOLD)
    for_macro = goal == "f1_macro"
    global_threshold = (
        _global_for_macro(probs, truth, beta) if for_macro else _global_for_micro(probs, truth)
    )
    global_thresholds = np.full(num_labels, global_threshold)
    if rule == "global":
        return global_thresholds
    candidates = [Candidates.of(probs[:, i], truth[:, i]) for i in range(num_labels)]
    if for_macro:
        label_thresholds = np.where(
            positives > 0, _best_for_macro(candidates, positives, beta), global_thresholds
        )
    else:
        label_thresholds = _best_for_micro(candidates, float(positives.sum()))
    if shrinkage == 0:
        return label_thresholds
    weight = positives / (positives + shrinkage)
    fitted: Thresholds = weight * label_thresholds + (1 - weight) * global_thresholds
    return fitted


def _best_for_macro(
    candidates: Sequence[Candidates], positives: npt.NDArray[Any], beta: float
) -> Thresholds:
    """Return each label's threshold (L,) with the best F-beta; any threshold without positives."""
    thresholds = []
    for label, support in zip(candidates, positives, strict=True):
        scores = _f_beta(label.hits, label.chosen, float(support), beta)
        thresholds.append(label.best(scores))
    return np.array(thresholds)


def _best_for_micro(candidates: Sequence[Candidates], positives: float) -> Thresholds:
    """Return the thresholds (L,) with the best F1-micro.

    The score is a ratio of sums over labels, ``2 hits / (positives + chosen)``. A score r is
    possible if ``2 hits - r * chosen`` can be ``r * positives``, and each label maximises its part
    of this sum alone. Starting from any r, the score of these thresholds is the next r. When r no
    longer grows, it is the maximum over all combinations of thresholds.

    Reference: Dinkelbach, "On nonlinear fractional programming",
    https://doi.org/10.1287/mnsc.13.7.492.
    """
    previous_f1, thresholds = -1.0, np.full(len(candidates), DEFAULT_THRESHOLD)
    f1 = 0.0
    while f1 > previous_f1:
        previous_f1 = f1
        best = [int(np.argmax(2 * label.hits - f1 * label.chosen)) for label in candidates]
        pairs = list(zip(candidates, best, strict=True))
        hits = sum(float(label.hits[index]) for label, index in pairs)
        chosen = sum(float(label.chosen[index]) for label, index in pairs)
        f1 = 2 * hits / (positives + chosen)
        if f1 >= previous_f1:  # rounding may make the last step worse
            thresholds = np.array([label.thresholds[index] for label, index in pairs])
    return thresholds


def _global_for_micro(probs: FloatArray, truth: BoolArray) -> float:
    """Return the global threshold with the best F1-micro; all labels count as one label."""
    candidates = Candidates.of(probs.reshape(-1), truth.reshape(-1))
    f1_micro = 2 * candidates.hits / (truth.sum() + candidates.chosen)
    return candidates.best(f1_micro)


def _global_for_macro(probs: FloatArray, truth: BoolArray, beta: float) -> float:
    """Return the global threshold with the best mean F-beta of the labels that have positives."""
    candidates = Candidates.of(probs.reshape(-1), truth.reshape(-1))
    total = np.zeros(len(candidates.thresholds))
    for column in np.flatnonzero(truth.any(axis=0)):
        all_probs = np.sort(probs[:, column].astype(np.float64))
        positive_probs = np.sort(probs[truth[:, column], column].astype(np.float64))
        chosen = len(all_probs) - np.searchsorted(all_probs, candidates.thresholds, side="left")
        hits = len(positive_probs) - np.searchsorted(
            positive_probs, candidates.thresholds, side="left"
        )
        total += _f_beta(hits, chosen, len(positive_probs), beta)
    return candidates.best(total)


def _f_beta(
    hits: npt.NDArray[Any], chosen: npt.NDArray[Any], positives: float, beta: float
) -> npt.NDArray[np.float64]:
    """Return F-beta (C,) of each number of hits and chosen movies; 0 if there are neither."""
    weight = beta**2
    scores: npt.NDArray[np.float64] = (
        (1 + weight) * hits / np.maximum(weight * positives + chosen, weight)
    )
    return scores
