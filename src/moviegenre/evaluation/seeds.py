"""The same comparison from several seeds: what is the model's, and what is the draw's.

A deviation over seeds says how far a score moves when the same model is trained again; an interval
over movies, how far it would move on other films. A difference has to stand against both.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np

from moviegenre.core.decisions import decide
from moviegenre.core.errors import DataError
from moviegenre.core.files import write_text
from moviegenre.core.types import Track
from moviegenre.evaluation.bootstrap import NUM_RESAMPLES, Interval, interval_of, paired_bootstrap
from moviegenre.evaluation.compare import Comparison
from moviegenre.evaluation.documents import Table, fraction, interval_text, per_cent
from moviegenre.evaluation.findings import findings
from moviegenre.evaluation.results import number_or_none

MARKDOWN_FILE, JSON_FILE = "SEEDS.md", "seeds.json"

_METRICS = {
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
        values: One for each seed, in their order; fractions.
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
        """Return plain values; what is undefined is None."""
        return {
            "values": [number_or_none(value) for value in self.values],
            "mean": number_or_none(self.mean),
            "deviation": number_or_none(self.deviation),
        }


def _cell(metric: str, spread: Spread) -> str:
    shown = fraction if metric == "hamming_loss" else per_cent
    return f"{shown(spread.mean)} ± {shown(spread.deviation)}"


@dataclass(frozen=True)
class SeededDifference:
    """Two models and what lies between their F1-macros.

    Attributes:
        first: The model that is judged.
        second: The model it is judged against.
        points: The first's less the second's, seed by seed.
        interval: 95 % of its mean over seeds on resampled movies, the same for all seeds.
    """

    first: str
    second: str
    points: Spread
    interval: Interval

    @property
    def is_clear(self) -> bool:
        """Whether no resample in twenty turns it round, and no seed does."""
        signs = {value > 0 for value in self.points.values}
        return not self.interval.holds_zero and len(signs) == 1


@dataclass(frozen=True)
class SeedComparison:
    """Models over seeds.

    Attributes:
        seeds: Which.
        titles: Each model as in prose, best mean F1-macro first.
        tracks: Each model's, ``closed`` or ``open``.
        scores: By model and metric.
        differences: Every pair that the report makes a claim of.
        split: Which part of the data.
        num_movies: In it.
        threshold: From where on a genre is chosen.
    """

    seeds: tuple[int, ...]
    titles: Mapping[str, str]
    tracks: Mapping[str, Track]
    scores: Mapping[str, Mapping[str, Spread]]
    differences: tuple[SeededDifference, ...]
    split: str
    num_movies: int
    threshold: float

    def table(self) -> Table:
        """Return mean and deviation of every model, best first."""
        rows = []
        for rank, (name, title) in enumerate(self.titles.items(), start=1):
            cells = [_cell(metric, spread) for metric, spread in self.scores[name].items()]
            rows.append((str(rank), title, *cells))
        return Table(("#", "model", *_METRICS.values()), tuple(rows), num_text_columns=2)

    def difference_table(self) -> Table:
        """Return the differences between models, with how sure they are."""
        rows = tuple(
            (
                self.titles[found.first],
                self.titles[found.second],
                f"{100 * found.points.mean:+.2f} ± {100 * found.points.deviation:.2f}",
                interval_text(found.interval, signed=True),
                "yes" if found.is_clear else "no",
            )
            for found in self.differences
        )
        headings = ("model", "against", "points of F1-macro", "95 % over movies", "clear")
        return Table(headings, rows, num_text_columns=2)

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
                    "first": found.first,
                    "second": found.second,
                    "points": found.points.to_json_dict(),
                    "interval": [
                        number_or_none(found.interval.low),
                        number_or_none(found.interval.high),
                    ],
                    "clear": found.is_clear,
                }
                for found in self.differences
            ],
        }


def compare_seeds(
    comparisons: Mapping[int, Comparison], *, num_resamples: int = NUM_RESAMPLES
) -> SeedComparison:
    """Put comparisons of the same models from several seeds together.

    Args:
        comparisons: By seed.
        num_resamples: Resamples of the bootstrap.

    Raises:
        DataError: There are fewer than two seeds, or their models or movies differ.
    """
    if len(comparisons) < 2:
        raise DataError(
            f"a deviation needs at least two seeds; found {len(comparisons)}; raise --seeds"
        )
    by_seed = {
        seed: {result.name: result for result in found.ranking}
        for seed, found in comparisons.items()
    }
    first = next(iter(comparisons.values()))
    names = {result.name: result.run.title for result in first.ranking}
    movies = first.ranking[0].run.predictions
    for seed, results in by_seed.items():
        if set(results) != set(names):
            raise DataError(f"seed {seed} has other models than the first; compare the same ones")
        for result in results.values():
            found = result.run.predictions
            if found.ids != movies.ids or not np.array_equal(found.labels, movies.labels):
                raise DataError(
                    f"seed {seed} has other movies or other labels; evaluate all on the same data"
                )
    scores = {
        name: {
            metric: Spread(
                tuple(results[name].evaluation.metrics[metric] for results in by_seed.values())
            )
            for metric in _METRICS
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
    draws = paired_bootstrap(decisions, movies.labels, num_resamples=num_resamples).f1_macro
    differences = []
    for one, other in _claims(comparisons.values(), order):
        points = [
            a - b
            for a, b in zip(
                scores[one]["f1_macro"].values, scores[other]["f1_macro"].values, strict=True
            )
        ]
        resampled = np.mean(
            [draws[f"{one}@{seed}"] - draws[f"{other}@{seed}"] for seed in by_seed], axis=0
        )
        differences.append(
            SeededDifference(one, other, Spread(tuple(points)), interval_of(resampled))
        )
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
    """Return neighbours in the ranking, fusions with single models, and what reports speak of."""
    pairs = dict.fromkeys(pairwise(order))
    for comparison in comparisons:
        of_family = {
            family: [one.name for one in comparison.ranking if one.run.family == family]
            for family in ("fusion", "single")
        }
        for pair in product(of_family["fusion"], of_family["single"]):
            if pair[::-1] not in pairs:
                pairs[pair] = None
        for finding in findings(comparison):
            for contrast in finding.contrasts:
                one, other = contrast.first.name, contrast.second.name
                if (other, one) not in pairs:
                    pairs[one, other] = None
    return list(pairs)


def write_seeds(found: SeedComparison, command: str, banner: str | None, out: Path) -> list[Path]:
    """Write ``SEEDS.md`` and ``seeds.json``, each in one step; return their paths.

    Args:
        found: The comparison.
        command: What makes it again.
        banner: What must be seen first; None for nothing.
        out: The folder.
    """
    seeds = ", ".join(map(str, found.seeds))
    parts = [
        "# Over seeds",
        *([f"> **{banner}**"] if banner else []),
        f"Every model trained from {len(found.seeds)} seeds ({seeds}); {found.split} split, "
        f"{found.num_movies:,} movies, threshold {found.threshold:g}. Mean ± sample standard "
        "deviation over seeds, in per cent; Hamming loss is a fraction, lower is better. "
        "Everything is trained again for each seed; what draws no random numbers deviates by "
        "nothing.",
        found.table().to_markdown(),
        "## Differences",
        "Points: mean ± deviation over seeds of the difference within a seed. The interval is a "
        "paired bootstrap over movies of the mean over seeds, the same movies for both models and "
        "all seeds. Clear: the interval leaves out zero, and all seeds agree on the sign.",
        found.difference_table().to_markdown(),
        "## Reproduce it",
        f"```\n{command}\n```",
    ]
    write_text(out / MARKDOWN_FILE, "\n\n".join(parts) + "\n")
    content = {"command": command, **found.to_json_dict()}
    write_text(out / JSON_FILE, json.dumps(content, indent=1, allow_nan=False) + "\n")
    return [out / MARKDOWN_FILE, out / JSON_FILE]
