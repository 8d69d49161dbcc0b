"""Scores of fusions with missing posters or plots, and of single-modality models.

A model in evaluation mode predicts each movie separately. The predictions for a split with some
missing modalities are therefore rows of two passes: complete movies, and movies without the
modality.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import DEFAULT_THRESHOLD, decide
from moviegenre.core.errors import DataError
from moviegenre.core.types import Modality
from moviegenre.evaluation.bootstrap import Interval, paired_bootstrap
from moviegenre.evaluation.results import Predictions, number_or_none
from moviegenre.metrics import compute_metrics

SHARES = (0.0, 0.3, 0.5, 0.7, 1.0)
"""The shares of movies that lack the modality."""


@dataclass(frozen=True)
class SingleModel:
    """A model of one modality.

    Attributes:
        name: Its name on the command line.
        title: Its name in text.
        modality: The modality it reads.
        predictions: Its predictions.
    """

    name: str
    title: str
    modality: Modality
    predictions: Predictions


@dataclass(frozen=True)
class FusionModel:
    """A model of both modalities, with three sets of predictions.

    Attributes:
        name: Its name on the command line.
        title: Its name in text.
        complete: The predictions for complete movies.
        without: The predictions for movies that all lack a modality.
        siblings: The names of the single-modality models in its settings, for the comparison;
            without a name, the best single-modality model is used.
    """

    name: str
    title: str
    complete: Predictions
    without: Mapping[Modality, Predictions]
    siblings: Mapping[Modality, str]

    def answers(
        self, missing: Modality, rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.floating[Any]]:
        """Return probabilities (N, L) if the movies of some rows lack a modality."""
        mixed = self.complete.probs.copy()
        mixed[rows] = self.without[missing].probs[rows]
        return mixed


@dataclass(frozen=True)
class Curve:
    """A model's scores by share of movies that lack a modality.

    Attributes:
        model: The model's title.
        missing: The missing modality.
        alone: True for a model that never reads it.
        f1_macro: F1-macro for each of ``SHARES``, fractions.
        f1_micro: F1-micro for each of ``SHARES``, fractions.
    """

    model: str
    missing: Modality
    alone: bool
    f1_macro: tuple[float, ...]
    f1_micro: tuple[float, ...]


@dataclass(frozen=True)
class Verdict:
    """The comparison of a fusion without one modality with its single-modality sibling.

    Attributes:
        fusion: The fusion's title.
        sibling: The sibling's title.
        missing: The modality that every movie lacks.
        score: F1-macro of the fusion, a fraction.
        sibling_score: F1-macro of the sibling.
        interval: 95 % interval of the first score minus the second, from the paired bootstrap.
    """

    fusion: str
    sibling: str
    missing: Modality
    score: float
    sibling_score: float
    interval: Interval

    @property
    def loses_more(self) -> bool:
        """Whether the fusion is clearly below its sibling on these movies."""
        return self.interval.high < 0

    def sentence(self) -> str:
        """Return the verdict in words."""
        difference = 100 * (self.score - self.sibling_score)
        side = "above" if difference >= 0 else "below"
        low, high = 100 * self.interval.low, 100 * self.interval.high
        if self.loses_more:
            verdict = "it scores below that sibling"
        elif self.interval.low > 0:
            verdict = "it scores above that sibling"
        else:
            verdict = "these movies do not show a difference"
        return (
            f"Without any {self.missing.value}, {self.fusion} has {100 * self.score:.2f} F1-macro, "
            f"{abs(difference):.2f} points {side} {self.sibling} alone "
            f"({100 * self.sibling_score:.2f}): {verdict} (95 % interval of the difference, paired "
            f"bootstrap: {low:+.2f} to {high:+.2f})."
        )


@dataclass(frozen=True)
class Robustness:
    """The scores of all fusions with missing modalities.

    Attributes:
        split: The split's name.
        num_movies: The number of its movies.
        threshold: The threshold of all genres.
        seed: The seed that draws the movies without a modality.
        fitted: Whether each model uses its own thresholds for the available modalities.
        curves: The curves of fusions and siblings, for posters and for plots.
        verdicts: The comparisons of each fusion with its siblings.
        tables: Scores by missing tables of papers, from ``missing_tables``.
    """

    split: str
    num_movies: int
    threshold: float
    seed: int
    fitted: bool
    curves: tuple[Curve, ...]
    verdicts: tuple[Verdict, ...]
    tables: tuple[dict[str, Any], ...] = ()

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values; scores are fractions, None if undefined."""
        return {
            "split": self.split,
            "num_movies": self.num_movies,
            "threshold": self.threshold,
            "seed": self.seed,
            "fitted": self.fitted,
            "shares": list(SHARES),
            "curves": [
                {
                    "model": curve.model,
                    "missing": curve.missing.value,
                    "alone": curve.alone,
                    "f1_macro": [number_or_none(value) for value in curve.f1_macro],
                    "f1_micro": [number_or_none(value) for value in curve.f1_micro],
                }
                for curve in self.curves
            ],
            "verdicts": [
                {
                    "model": verdict.fusion,
                    "against": verdict.sibling,
                    "missing": verdict.missing.value,
                    "f1_macro": number_or_none(verdict.score),
                    "against_f1_macro": number_or_none(verdict.sibling_score),
                    "interval": [
                        number_or_none(verdict.interval.low),
                        number_or_none(verdict.interval.high),
                    ],
                    "loses_more": verdict.loses_more,
                    "sentence": verdict.sentence(),
                }
                for verdict in self.verdicts
            ],
            **({"tables": list(self.tables)} if self.tables else {}),
        }


def missing_rows(num_movies: int, share: float, seed: int) -> npt.NDArray[np.int64]:
    """Return the rows that lack a modality; a larger share includes the rows of a smaller one."""
    order = np.random.default_rng(seed).permutation(num_movies)
    return order[: round(share * num_movies)]


def measure_robustness(
    fusions: Sequence[FusionModel],
    singles: Sequence[SingleModel],
    split: str,
    *,
    seed: int = 0,
    fitted: bool = False,
) -> Robustness:
    """Score fusions with each missing modality, for the same movies, at the threshold 0.5.

    Args:
        fusions: The fusions, at least one; all for the same movies in the same order.
        singles: The single-modality models, for the same movies.
        split: The split's name.
        seed: Draws the movies that lack a modality.
        fitted: Whether probabilities were shifted so that fitted thresholds are 0.5.

    Raises:
        DataError: There is no fusion, or the movies differ between models.
    """
    _check(fusions, singles)
    truth = fusions[0].complete.labels
    draws = [missing_rows(len(truth), share, seed) for share in SHARES]
    curves: list[Curve] = []
    verdicts: list[Verdict] = []
    for missing in (Modality.POSTER, Modality.PLOT):
        siblings: dict[str, SingleModel] = {}
        for fusion in fusions:
            probs = [fusion.answers(missing, rows) for rows in draws]
            curves.append(_curve(fusion.title, missing, False, probs, truth))
            sibling = _sibling(fusion, missing, singles)
            if sibling is not None:
                siblings[sibling.name] = sibling
                verdicts.append(_verdict(fusion, sibling, missing))
        for sibling in siblings.values():
            probs = [sibling.predictions.probs] * len(SHARES)
            curves.append(_curve(sibling.title, missing, True, probs, truth))
    return Robustness(
        split, len(truth), DEFAULT_THRESHOLD, seed, fitted, tuple(curves), tuple(verdicts)
    )


def _check(fusions: Sequence[FusionModel], singles: Sequence[SingleModel]) -> None:
    if not fusions:
        raise DataError("there is no fusion to measure; train one with: moviegenre train MODEL")
    ids = fusions[0].complete.ids
    mismatched = [
        name
        for name, predictions in (
            *((model.name, model.complete) for model in fusions),
            *((model.name, part) for model in fusions for part in model.without.values()),
            *((model.name, model.predictions) for model in singles),
        )
        if predictions.ids != ids or predictions.genres != fusions[0].complete.genres
    ]
    if mismatched:
        listed = ", ".join(dict.fromkeys(mismatched))
        raise DataError(
            f"{listed} answered for other movies or genres than {fusions[0].name}; evaluate all "
            "models on the same prepared data"
        )


def _curve(
    title: str,
    missing: Modality,
    alone: bool,
    probs_by_share: Sequence[npt.NDArray[np.floating[Any]]],
    truth: npt.NDArray[Any],
) -> Curve:
    scores = [compute_metrics(probs, truth, DEFAULT_THRESHOLD).metrics for probs in probs_by_share]
    macro = tuple(score["f1_macro"] for score in scores)
    micro = tuple(score["f1_micro"] for score in scores)
    return Curve(title, missing, alone, macro, micro)


def _sibling(
    fusion: FusionModel, missing: Modality, singles: Sequence[SingleModel]
) -> SingleModel | None:
    """Return the sibling, a model of the other modality; None if there is none."""
    candidates = [model for model in singles if model.modality is not missing]
    for model in candidates:
        if model.name == fusion.siblings.get(model.modality):
            return model
    return max(candidates, key=lambda model: _f1_macro(model.predictions), default=None)


def _f1_macro(predictions: Predictions) -> float:
    scores = compute_metrics(predictions.probs, predictions.labels, DEFAULT_THRESHOLD)
    return scores.metrics["f1_macro"]


def _verdict(fusion: FusionModel, sibling: SingleModel, missing: Modality) -> Verdict:
    incomplete = fusion.without[missing]
    decisions = {
        "fusion": decide(incomplete.probs),
        "sibling": decide(sibling.predictions.probs),
    }
    bootstrap = paired_bootstrap(decisions, incomplete.labels)
    return Verdict(
        fusion=fusion.title,
        sibling=sibling.title,
        missing=missing,
        score=_f1_macro(incomplete),
        sibling_score=_f1_macro(sibling.predictions),
        interval=bootstrap.difference("fusion", "sibling"),
    )
