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
    """All thresholds of one label that decide differently, the highest first.

    Attributes:
        thresholds: The C thresholds (C,), descending. Each lies half way between two neighbouring
            probabilities, so that no movie is on the edge.
        hits: Number of chosen movies that have the label (C,).
        chosen: Number of chosen movies (C,).
    """

    thresholds: Thresholds
    hits: npt.NDArray[np.float64]
    chosen: npt.NDArray[np.float64]

    @classmethod
    def of(cls, probs: FloatArray, labels: BoolArray) -> "Candidates":
        """Return all thresholds that decide differently on these probabilities.

        Movies with equal probabilities are chosen together or not at all.

        Args:
            probs: Probabilities (N,) in [0, 1], at least one.
            labels: The truth (N,).
        """
        order = np.argsort(-probs, kind="stable")
        values = probs[order].astype(np.float64)
        last_of_ties = np.append(np.diff(values) != 0, True)
        lowest = values[last_of_ties]
        hits = np.cumsum(labels[order], dtype=np.float64)[last_of_ties]
        chosen = (np.flatnonzero(last_of_ties) + 1).astype(np.float64)
        below = np.append(lowest[1:], 0.0)
        thresholds = _between(below, lowest)
        if values[0] < 1:  # choosing nothing is a decision, too
            thresholds = np.append(_between(values[:1], np.ones(1)), thresholds)
            hits, chosen = np.append(0.0, hits), np.append(0.0, chosen)
        return cls(thresholds, hits, chosen)

    def best(self, gain: npt.NDArray[np.float64]) -> float:
        """Return the threshold with the largest gain (C,); of equal gains the highest."""
        return float(self.thresholds[np.argmax(gain)])


def _between(low: Thresholds, high: Thresholds) -> Thresholds:
    """Return numbers in (low, high], half way where there is room."""
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

    Without shrinkage no other thresholds of the same rule score higher on these movies.

    Args:
        probs: Probabilities (N, L), those of a validation split.
        labels: The truth (N, L).
        rule: ``0.5`` fits nothing, ``global`` one threshold for all labels, ``per-genre`` one for
            each label.
        goal: The score to maximise.
        shrinkage: How many positives weigh as much as the global threshold. A label with n
            positives gets ``(n * own + shrinkage * global) / (n + shrinkage)``. Only for
            ``per-genre``.
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
    macro = goal == "f1_macro"
    overall = _global_for_macro(probs, truth, beta) if macro else _global_for_micro(probs, truth)
    shared = np.full(num_labels, overall)
    if rule == "global":
        return shared
    candidates = [Candidates.of(probs[:, i], truth[:, i]) for i in range(num_labels)]
    if macro:
        own = np.where(positives > 0, _best_for_macro(candidates, positives, beta), shared)
    else:
        own = _best_for_micro(candidates, float(positives.sum()))
    if shrinkage == 0:
        return own
    trust = positives / (positives + shrinkage)
    fitted: Thresholds = trust * own + (1 - trust) * shared
    return fitted


def _best_for_macro(
    candidates: Sequence[Candidates], positives: npt.NDArray[Any], beta: float
) -> Thresholds:
    """Return each label's threshold (L,) with the best F-beta; any if it has no positives."""
    thresholds = []
    for label, support in zip(candidates, positives, strict=True):
        scores = _f_beta(label.hits, label.chosen, float(support), beta)
        thresholds.append(label.best(scores))
    return np.array(thresholds)


def _best_for_micro(candidates: Sequence[Candidates], positives: float) -> Thresholds:
    """Return the thresholds (L,) with the best F1-micro.

    The score is a ratio of sums over labels, ``2 hits / (positives + chosen)``. A score r can be
    reached if ``2 hits - r * chosen`` can reach ``r * positives``, and each label maximises its
    part of this sum alone. Starting from any r, the score of these thresholds is the next r. When r
    no longer grows, it is the maximum over all combinations of thresholds.

    Reference: Dinkelbach, "On nonlinear fractional programming",
    https://doi.org/10.1287/mnsc.13.7.492.
    """
    reached, thresholds = -1.0, np.full(len(candidates), DEFAULT_THRESHOLD)
    rate = 0.0
    while rate > reached:
        reached = rate
        picks = [int(np.argmax(2 * one.hits - rate * one.chosen)) for one in candidates]
        pairs = list(zip(candidates, picks, strict=True))
        hits = sum(float(label.hits[pick]) for label, pick in pairs)
        chosen = sum(float(label.chosen[pick]) for label, pick in pairs)
        rate = 2 * hits / (positives + chosen)
        if rate >= reached:  # rounding may lose what the last step gained
            thresholds = np.array([label.thresholds[pick] for label, pick in pairs])
    return thresholds


def _global_for_micro(probs: FloatArray, truth: BoolArray) -> float:
    """Return the global threshold with the best F1-micro: all labels are treated as one."""
    candidates = Candidates.of(probs.reshape(-1), truth.reshape(-1))
    f1_micro = 2 * candidates.hits / (truth.sum() + candidates.chosen)
    return candidates.best(f1_micro)


def _global_for_macro(probs: FloatArray, truth: BoolArray, beta: float) -> float:
    """Return the global threshold with the best mean F-beta of the labels that have positives."""
    candidates = Candidates.of(probs.reshape(-1), truth.reshape(-1))
    total = np.zeros(len(candidates.thresholds))
    for column in np.flatnonzero(truth.any(axis=0)):
        every = np.sort(probs[:, column].astype(np.float64))
        positive = np.sort(probs[truth[:, column], column].astype(np.float64))
        chosen = len(every) - np.searchsorted(every, candidates.thresholds, side="left")
        hits = len(positive) - np.searchsorted(positive, candidates.thresholds, side="left")
        total += _f_beta(hits, chosen, len(positive), beta)
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
