"""The paired bootstrap: the variation of scores and differences with other movies.

Every resample draws the split's movies with replacement, the same movies for every model, so that
the draw does not blur the difference between two models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Draws = npt.NDArray[np.float64]

NUM_RESAMPLES = 1000
_PERCENTILES = (2.5, 97.5)  # the ends of a 95 % interval


@dataclass(frozen=True)
class Interval:
    """A 95 % interval; NaN at both ends if the score is undefined.

    Attributes:
        low: The 2.5th percentile of the resamples.
        high: The 97.5th percentile.
    """

    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Whether the interval contains zero."""
        return not (self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Bootstrap:
    """The scores of every model on the same resamples.

    Attributes:
        f1_macro: A score for each resample (S,), by model.
        f1_micro: A score for each resample (S,), by model.
        num_resamples: S.
        seed: The seed of the draws.
    """

    f1_macro: Mapping[str, Draws]
    f1_micro: Mapping[str, Draws]
    num_resamples: int
    seed: int

    def difference(self, first: str, second: str) -> Interval:
        """Return the interval of the first model's F1-macro minus the second's."""
        return interval_of(self.f1_macro[first] - self.f1_macro[second])


def interval_of(draws: Draws) -> Interval:
    """Return the central 95 % interval of the finite draws (S,)."""
    finite = draws[np.isfinite(draws)]
    if finite.size == 0:
        return Interval(float("nan"), float("nan"))
    low, high = np.percentile(finite, _PERCENTILES)
    return Interval(float(low), float(high))


def paired_bootstrap(
    decisions: Mapping[str, npt.NDArray[np.bool_]],
    labels: npt.NDArray[Any],
    *,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Bootstrap:
    """Score every model on the same resamples of the movies.

    F1-macro is defined as in ``metrics.compute_metrics``: in each resample, it is the mean over the
    labels with a positive.

    Args:
        decisions: Chosen labels (N, L) of each model, movies in the same order.
        labels: The labels (N, L).
        num_resamples: S, the number of resamples.
        seed: The seed of the draws; equal seeds give equal intervals.
    """
    truth = np.asarray(labels, dtype=bool)
    num_movies = len(truth)
    generator = np.random.default_rng(seed)
    draw_counts = np.zeros((num_resamples, num_movies), dtype=np.float64)
    if num_movies:
        shares = np.full(num_movies, 1 / num_movies)
        draw_counts[:] = generator.multinomial(num_movies, shares, size=num_resamples)
    positives = draw_counts @ truth  # (S, L)
    macro: dict[str, Draws] = {}
    micro: dict[str, Draws] = {}
    for name, chosen in decisions.items():
        hits = draw_counts @ (truth & chosen)
        # 2 tp + fp + fn is the number of positives plus the number of chosen labels.
        denominators = positives + draw_counts @ chosen
        f1 = 2 * hits / np.maximum(denominators, 1)
        macro[name] = _mean_where(f1, positives > 0)
        micro[name] = 2 * hits.sum(axis=1) / np.maximum(denominators.sum(axis=1), 1)
    return Bootstrap(macro, micro, num_resamples, seed)


def _mean_where(values: Draws, defined: npt.NDArray[np.bool_]) -> Draws:
    """Return the mean of the defined entries of each row (S, L); NaN if there are none."""
    counts = defined.sum(axis=1)
    means = np.where(defined, values, 0).sum(axis=1) / np.maximum(counts, 1)
    return np.where(counts > 0, means, np.nan)
