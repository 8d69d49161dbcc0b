"""Compare models on the same movies: ranking, differences and their intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from moviegenre.core.decisions import DEFAULT_THRESHOLD, decide
from moviegenre.core.errors import DataError
from moviegenre.core.types import Family, Modality, Track
from moviegenre.evaluation.bootstrap import Bootstrap, Interval, interval_of, paired_bootstrap
from moviegenre.evaluation.results import Evaluation, Predictions, evaluate_predictions
from moviegenre.evaluation.tuned import TunedResult, tuned_result


@dataclass(frozen=True)
class ModelRun:
    """A trained model in the comparison.

    Attributes:
        name: Its name on the command line.
        title: Its name in text.
        family: The kind of model.
        modalities: The modalities it reads.
        predictions: Its probabilities on the split.
        validation: Its probabilities on validation, for fitting thresholds and calibration; None
            if there are none.
        baseline: The name of the model without pretraining to compare with; None if there is none.
        pretrained: Whether its training started from pretrained weights.
        history: The records of ``history.json``, one for each interval.
        setup_seconds: The time to fill caches before training: tokens, decoded posters and outputs
            of frozen encoders; None if unknown.
        train_seconds: The time of training; None if unknown.
        num_parameters: The number of its weights.
        num_trainable: The number of its trained weights.
        command: The command that trains it again.
        settings: Its resolved config.
        track: ``open`` if it learned from further labelled plots too.
    """

    name: str
    title: str
    family: Family
    modalities: frozenset[Modality]
    predictions: Predictions
    validation: Predictions | None = None
    baseline: str | None = None
    pretrained: bool = False
    history: Sequence[Mapping[str, float]] = ()
    setup_seconds: float | None = None
    train_seconds: float | None = None
    num_parameters: int | None = None
    num_trainable: int | None = None
    command: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    track: Track = "closed"


@dataclass(frozen=True)
class ModelResult:
    """A model's scores in the comparison.

    Attributes:
        run: The model.
        evaluation: Its scores.
        f1_macro: 95 % interval of its F1-macro.
        f1_micro: 95 % interval of its F1-micro.
        tuned: Its scores with thresholds and calibration fitted on validation; None without
            validation movies.
    """

    run: ModelRun
    evaluation: Evaluation
    f1_macro: Interval
    f1_micro: Interval
    tuned: TunedResult | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.run.name

    @property
    def score(self) -> float:
        """F1-macro, a fraction; the ranking uses it."""
        return self.evaluation.metrics["f1_macro"]

    @property
    def kind(self) -> str:
        """The kind of model: ``plot``, ``poster``, ``fusion`` or ``nothing``.

        An ensemble is a kind of its own, whichever modalities it reads.
        """
        if self.run.family.is_fusion or self.run.family.is_ensemble:
            return self.run.family.value
        if not self.run.modalities:
            return "nothing"
        return " and ".join(sorted(modality.value for modality in self.run.modalities))


@dataclass(frozen=True)
class Contrast:
    """Two models and their difference in F1-macro.

    Attributes:
        first: The model.
        second: The model that it is compared with.
        interval: 95 % interval of the first score minus the second.
    """

    first: ModelResult
    second: ModelResult
    interval: Interval

    @property
    def difference(self) -> float:
        """The first score minus the second, a fraction."""
        return self.first.score - self.second.score

    @property
    def per_cent(self) -> float | None:
        """The difference in per cent of the second score; None if that is zero."""
        ratio = self.ratio
        return None if ratio is None else 100 * (ratio - 1)

    @property
    def ratio(self) -> float | None:
        """The first score divided by the second; None if undefined."""
        if not self.second.score > 0 or math.isnan(self.first.score):
            return None
        return self.first.score / self.second.score

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes zero."""
        return not self.interval.holds_zero


@dataclass(frozen=True)
class Comparison:
    """The scores of models on the same movies.

    Attributes:
        ranking: The models, best F1-macro first.
        split: The name of the split.
        threshold: The probability from which a genre is chosen.
        bootstrap: The resamples behind the intervals.
    """

    ranking: tuple[ModelResult, ...]
    split: str
    threshold: float
    bootstrap: Bootstrap

    @property
    def genres(self) -> tuple[str, ...]:
        """Genre names in column order."""
        return self.ranking[0].run.predictions.genres

    @property
    def num_movies(self) -> int:
        """The number of movies in the split."""
        return self.ranking[0].evaluation.num_movies

    @property
    def genres_by_support(self) -> list[str]:
        """The genres, the most frequent in the split first."""
        per_genre = self.ranking[0].evaluation.per_genre
        return sorted(self.genres, key=lambda genre: (-per_genre[genre].support, genre))

    @property
    def undefined(self) -> dict[str, str]:
        """Genres with an undefined score in this split, with the reason."""
        return self.ranking[0].evaluation.undefined

    @property
    def models(self) -> tuple[ModelResult, ...]:
        """The models without the baselines, best first."""
        return tuple(result for result in self.ranking if not result.run.family.is_baseline)

    @property
    def baselines(self) -> tuple[ModelResult, ...]:
        """The baselines, best first."""
        return tuple(result for result in self.ranking if result.run.family.is_baseline)

    def find(self, name: str) -> ModelResult | None:
        """Return the model with this name; None if it was not compared."""
        return next((result for result in self.ranking if result.name == name), None)

    def best(self, kind: str) -> ModelResult | None:
        """Return the best ``plot``, ``poster`` or ``fusion`` model; None if there is none.

        Baselines are excluded.
        """
        return next((result for result in self.models if result.kind == kind), None)

    def contrast(self, first: ModelResult, second: ModelResult) -> Contrast:
        """Return the difference between two of the models."""
        return Contrast(first, second, self.bootstrap.difference(first.name, second.name))


def compare(
    runs: Sequence[ModelRun], split: str, threshold: float = DEFAULT_THRESHOLD
) -> Comparison:
    """Score models on the same movies and rank them by F1-macro.

    Args:
        runs: The models, in any order.
        split: The split's name.
        threshold: The probability from which a genre is chosen, the same for all models.

    Raises:
        DataError: There is no model, a name occurs twice, or the movies, genres or labels differ
            between models.
        MovieGenreError: A probability is not finite.
    """
    _check(runs)
    ids = runs[0].predictions.ids
    predictions_by_model = {run.name: _in_order(run, ids) for run in runs}
    labels = predictions_by_model[runs[0].name].labels
    decisions = {
        name: np.asarray(decide(predictions.probs, threshold), dtype=bool)
        for name, predictions in predictions_by_model.items()
    }
    bootstrap = paired_bootstrap(decisions, labels)
    results = [
        ModelResult(
            run=replace(run, predictions=predictions_by_model[run.name]),
            evaluation=evaluate_predictions(
                predictions_by_model[run.name], run.name, split, threshold
            ),
            f1_macro=interval_of(bootstrap.f1_macro[run.name]),
            f1_micro=interval_of(bootstrap.f1_micro[run.name]),
            tuned=tuned_result(predictions_by_model[run.name], run.validation),
        )
        for run in runs
    ]

    def rank(result: ModelResult) -> tuple[float, str]:
        return (math.inf if math.isnan(result.score) else -result.score, result.name)

    return Comparison(tuple(sorted(results, key=rank)), split, threshold, bootstrap)


def _check(runs: Sequence[ModelRun]) -> None:
    if not runs:
        raise DataError("there is no model to compare; train one with: moviegenre train MODEL")
    names = [run.name for run in runs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"{', '.join(repeated)} is given more than once; compare each model once")
    first = runs[0]
    faults: list[str] = []
    for run in runs[1:]:
        expected, predictions = first.predictions, run.predictions
        if predictions.genres != expected.genres:
            faults.append(f"{run.name} has other genres than {first.name}")
        elif sorted(predictions.ids) != sorted(expected.ids):
            faults.append(
                f"{run.name} was evaluated on {len(predictions.ids)} movies, which are not the "
                f"{len(expected.ids)} of {first.name}"
            )
        elif not np.array_equal(_in_order(run, expected.ids).labels, expected.labels):
            faults.append(f"{run.name} has other labels than {first.name}")
    if faults:
        raise DataError("; ".join(faults) + "; evaluate all models on the same prepared data")


def _in_order(run: ModelRun, ids: tuple[str, ...]) -> Predictions:
    """Return a run's predictions with the movies in the order of ``ids``."""
    predictions = run.predictions
    if predictions.ids == ids:
        return predictions
    rows = {movie: row for row, movie in enumerate(predictions.ids)}
    order = [rows[movie] for movie in ids]
    return Predictions(ids, predictions.genres, predictions.probs[order], predictions.labels[order])
