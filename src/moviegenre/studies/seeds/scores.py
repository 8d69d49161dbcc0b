"""The same comparison from several seeds: differences between models and between seeds.

The deviation over seeds is the variation of a score if the same model is trained again. The
interval over movies is its variation on other films. A clear difference exceeds both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np

from moviegenre.core.decisions import decide
from moviegenre.core.errors import DataError
from moviegenre.core.types import Track
from moviegenre.evaluation.bootstrap import Interval, interval_of, paired_bootstrap
from moviegenre.evaluation.compare import Comparison
from moviegenre.evaluation.findings import findings
from moviegenre.evaluation.results import number_or_none

METRICS = {
    "f1_macro": "F1-macro",
    "f1_micro": "F1-micro",
    "roc_auc": "ROC-AUC",
    "subset_accuracy": "subset acc.",
    "hamming_loss": "Hamming loss",
}


@dataclass(frozen=True)
class Spread:
    """One metric of one model over the seeds.

    Attributes:
        values: A fraction for each seed, in the order of seeds.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The average over seeds."""
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float:
        """The sample standard deviation over seeds."""
        return float(np.std(self.values, ddof=1))

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values; None if undefined."""
        return {
            "values": [number_or_none(value) for value in self.values],
            "mean": number_or_none(self.mean),
            "deviation": number_or_none(self.deviation),
        }


@dataclass(frozen=True)
class SeededDifference:
    """Two models and the difference of their F1-macros.

    Attributes:
        first: The model.
        second: The model that it is compared with.
        points: The first F1-macro minus the second, for each seed.
        interval: 95 % interval of the mean over seeds on resampled movies, equal for all seeds.
    """

    first: str
    second: str
    points: Spread
    interval: Interval

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes zero and all seeds agree on the sign."""
        signs = {value > 0 for value in self.points.values}
        return not self.interval.holds_zero and len(signs) == 1


@dataclass(frozen=True)
class SeedComparison:
    """The comparison of models over seeds.

    Attributes:
        seeds: The seeds.
        titles: The name of each model in text, best mean F1-macro first.
        tracks: The track of each model, ``closed`` or ``open``.
        scores: The scores by model and metric.
        differences: The differences of all pairs in the report.
        split: The name of the split.
        num_movies: The number of movies in the split.
        threshold: The threshold of all genres.
    """

    seeds: tuple[int, ...]
    titles: Mapping[str, str]
    tracks: Mapping[str, Track]
    scores: Mapping[str, Mapping[str, Spread]]
    differences: tuple[SeededDifference, ...]
    split: str
    num_movies: int
    threshold: float

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "seeds": list(self.seeds),
            "split": self.split,
            "num_movies": self.num_movies,
            "threshold": self.threshold,
            "models": {
                name: {
                    "track": self.tracks[name],
                    **{metric: spread.to_json_dict() for metric, spread in metrics.items()},
                }
                for name, metrics in self.scores.items()
            },
            "differences": [
                {
                    "first": difference.first,
                    "second": difference.second,
                    "points": difference.points.to_json_dict(),
                    "interval": [
                        number_or_none(difference.interval.low),
                        number_or_none(difference.interval.high),
                    ],
                    "clear": difference.is_clear,
                }
                for difference in self.differences
            ],
        }


def compare_seeds(comparisons: Mapping[int, Comparison]) -> SeedComparison:
    """Combine comparisons of the same models from several seeds.

    Args:
        comparisons: The comparisons by seed.

    Raises:
        DataError: There are fewer than two seeds, or their models or movies differ.
    """
    if len(comparisons) < 2:
        raise DataError(
            f"a deviation needs at least two seeds; found {len(comparisons)}; train more"
        )
    by_seed = {
        seed: {result.name: result for result in comparison.ranking}
        for seed, comparison in comparisons.items()
    }
    first = next(iter(comparisons.values()))
    names = {result.name: result.run.title for result in first.ranking}
    movies = first.ranking[0].run.predictions
    for seed, results in by_seed.items():
        if set(results) != set(names):
            raise DataError(f"seed {seed} has other models than the first; compare the same ones")
        for result in results.values():
            predictions = result.run.predictions
            if predictions.ids != movies.ids or not np.array_equal(
                predictions.labels, movies.labels
            ):
                raise DataError(
                    f"seed {seed} has other movies or other labels; evaluate all on the same data"
                )
    scores = {
        name: {
            metric: Spread(
                tuple(results[name].evaluation.metrics[metric] for results in by_seed.values())
            )
            for metric in METRICS
        }
        for name in names
    }
    means = {name: np.nan_to_num(scores[name]["f1_macro"].mean) for name in names}
    order = sorted(names, key=lambda name: (-means[name], name))
    decisions = {
        f"{name}@{seed}": decide(result.run.predictions.probs, first.threshold)
        for seed, results in by_seed.items()
        for name, result in results.items()
    }
    draws = paired_bootstrap(decisions, movies.labels).f1_macro
    differences = []
    for name_a, name_b in _claims(comparisons.values(), order):
        values_a, values_b = (scores[name]["f1_macro"].values for name in (name_a, name_b))
        points = tuple(a - b for a, b in zip(values_a, values_b, strict=True))
        resampled = np.mean(
            [draws[f"{name_a}@{seed}"] - draws[f"{name_b}@{seed}"] for seed in by_seed], axis=0
        )
        differences.append(SeededDifference(name_a, name_b, Spread(points), interval_of(resampled)))
    return SeedComparison(
        seeds=tuple(comparisons),
        titles={name: names[name] for name in order},
        tracks={result.name: result.run.track for result in first.ranking},
        scores={name: scores[name] for name in order},
        differences=tuple(differences),
        split=first.split,
        num_movies=first.num_movies,
        threshold=first.threshold,
    )


def _claims(comparisons: Iterable[Comparison], order: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of models: neighbours, fusions with single models, and pairs of findings."""
    pairs = dict.fromkeys(pairwise(order))
    for comparison in comparisons:
        fusions = [result.name for result in comparison.ranking if result.run.family.is_fusion]
        singles = [result.name for result in comparison.ranking if result.run.family.is_single]
        for pair in product(fusions, singles):
            if pair[::-1] not in pairs:
                pairs[pair] = None
        for finding in findings(comparison):
            for contrast in finding.contrasts:
                name_a, name_b = contrast.first.name, contrast.second.name
                if (name_b, name_a) not in pairs:
                    pairs[name_a, name_b] = None
    return list(pairs)
