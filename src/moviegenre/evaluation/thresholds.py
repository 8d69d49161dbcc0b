"""Cuts fitted to probabilities: of all cuts there are, the ones with the best F1.

F1-macro and F1-micro want different cuts. F1-macro is a mean over genres, so each genre's best cut
can be found alone. F1-micro sums over genres before it divides, so the cuts depend on each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import DEFAULT_THRESHOLD, BoolArray, FloatArray

Goal = Literal["f1_macro", "f1_micro"]
Rule = Literal["0.5", "global", "per-genre"]

Cuts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """Every decision that a cut can make, the most demanding cut first.

    Attributes:
        cuts: One cut for each of the C decisions (C,), descending; each lies half way between two
            neighbouring probabilities, so that none of the movies is on the edge.
        hits: How many of the chosen have the label (C,).
        chosen: How many are chosen (C,).
    """

    cuts: Cuts
    hits: npt.NDArray[np.float64]
    chosen: npt.NDArray[np.float64]

    @classmethod
    def of(cls, probs: FloatArray, labels: BoolArray) -> "Candidates":
        """Return the decisions of all cuts on some probabilities.

        Equal probabilities are chosen together or not at all.

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
        cuts = _between(below, lowest)
        if values[0] < 1:  # choosing nothing is a decision, too
            cuts = np.append(_between(values[:1], np.ones(1)), cuts)
            hits, chosen = np.append(0.0, hits), np.append(0.0, chosen)
        return cls(cuts, hits, chosen)

    def best(self, gain: npt.NDArray[np.float64]) -> int:
        """Return which decision has the largest gain (C,); of equals the most demanding."""
        return int(np.argmax(gain))


def _between(low: Cuts, high: Cuts) -> Cuts:
    """Return numbers in (low, high], half way where there is room."""
    middle = (low + high) / 2
    return np.where(middle > low, middle, high)


def fit_thresholds(
    probs: FloatArray,
    labels: npt.NDArray[Any],
    rule: Rule,
    goal: Goal = "f1_macro",
    *,
    shrinkage: float = 0.0,
) -> Cuts:
    """Return the cut of each label (L,) with the best score on these movies.

    Without shrinkage no other cuts of the same kind score higher on them. Cuts lie in [0, 1].

    Args:
        probs: Probabilities (N, L), those of a validation split.
        labels: The truth (N, L).
        rule: ``0.5`` fits nothing, ``global`` one cut for all labels, ``per-genre`` one for each.
        goal: What is to be best.
        shrinkage: How many positives weigh as much as the global cut: a label with n of them gets
            ``(n * own + shrinkage * global) / (n + shrinkage)``. Only for ``per-genre``.

    Returns:
        0.5 for all labels where none has a positive. For F1-macro, a label without positives,
        whose F1 is undefined, gets the global cut.

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
    overall = _global_for_macro(probs, truth) if macro else _global_for_micro(probs, truth)
    shared = np.full(num_labels, overall)
    if rule == "global":
        return shared
    candidates = [Candidates.of(probs[:, i], truth[:, i]) for i in range(num_labels)]
    if macro:
        own = np.where(positives > 0, _best_for_macro(candidates, positives), shared)
    else:
        own = _best_for_micro(candidates, float(positives.sum()))
    if shrinkage == 0:
        return own
    trust = positives / (positives + shrinkage)
    fitted: Cuts = trust * own + (1 - trust) * shared
    return fitted


def _best_for_macro(candidates: Sequence[Candidates], positives: npt.NDArray[Any]) -> Cuts:
    """Return each label's best cut (L,) for its own F1; anything for one without positives."""
    picked = []
    for found, support in zip(candidates, positives, strict=True):
        f1 = 2 * found.hits / np.maximum(support + found.chosen, 1)
        picked.append(found.cuts[found.best(f1)])
    return np.array(picked)


def _best_for_micro(candidates: Sequence[Candidates], positives: float) -> Cuts:
    """Return the cuts (L,) that are best together for F1-micro.

    The score is a ratio, ``2 hits / (positives + chosen)``, of sums over labels. A value r can be
    reached where ``2 hits - r * chosen`` can be made at least ``r * positives``; each label can
    maximise its own part of that alone. Starting from any r, the score of those cuts is a better
    r, until nothing changes; that is the maximum over all combinations of cuts.

    Reference: Dinkelbach, "On nonlinear fractional programming",
    https://doi.org/10.1287/mnsc.13.7.492.
    """
    reached, cuts = -1.0, np.full(len(candidates), DEFAULT_THRESHOLD)
    rate = 0.0
    while rate > reached:
        reached = rate
        picks = [found.best(2 * found.hits - rate * found.chosen) for found in candidates]
        pairs = list(zip(candidates, picks, strict=True))
        hits = sum(float(found.hits[pick]) for found, pick in pairs)
        chosen = sum(float(found.chosen[pick]) for found, pick in pairs)
        rate = 2 * hits / (positives + chosen)
        if rate >= reached:  # rounding may lose what the last step gained
            cuts = np.array([found.cuts[pick] for found, pick in pairs])
    return cuts


def _global_for_micro(probs: FloatArray, truth: BoolArray) -> float:
    """Return the one cut that is best for F1-micro: all pairs as if of one label."""
    found = Candidates.of(probs.reshape(-1), truth.reshape(-1))
    return float(found.cuts[found.best(2 * found.hits / (truth.sum() + found.chosen))])


def _global_for_macro(probs: FloatArray, truth: BoolArray) -> float:
    """Return the one cut that is best for the mean F1 of the labels that have positives."""
    candidates = Candidates.of(probs.reshape(-1), truth.reshape(-1))
    total = np.zeros(len(candidates.cuts))
    for column in np.flatnonzero(truth.any(axis=0)):
        own = np.sort(probs[:, column].astype(np.float64))
        hit = np.sort(probs[truth[:, column], column].astype(np.float64))
        chosen = len(own) - np.searchsorted(own, candidates.cuts, side="left")
        hits = len(hit) - np.searchsorted(hit, candidates.cuts, side="left")
        total += 2 * hits / (len(hit) + chosen)
    return float(candidates.cuts[candidates.best(total)])
