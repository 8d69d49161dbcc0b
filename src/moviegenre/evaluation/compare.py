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
    """A trained model, as the comparison needs to know it.

    Attributes:
        name: As on the command line.
        title: As in prose.
        family: The kind of model.
        modalities: The modalities it reads.
        predictions: Its probabilities on the split.
        validation: Its probabilities on validation, to fit thresholds and a calibration on; None
            if there are none.
        baseline: Name of its unpretrained sibling, where it is a pretrained model.
        history: One record an interval, as ``history.json`` holds them.
        setup_seconds: How long it took, before training, to tokenise plots, decode posters and
            run frozen encoders, as far as no earlier model had done so; None where unknown.
        train_seconds: How long training took; None where unknown.
        num_parameters: How many weights it has.
        num_trainable: How many of them were trained.
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
        """F1-macro, what models are ranked by; a fraction."""
        return self.evaluation.metrics["f1_macro"]

    @property
    def kind(self) -> str:
        """The kind of model: ``plot``, ``poster``, ``fusion`` or ``nothing``.

        An ensemble, which may look at anything, is a kind of its own.
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
        first: The model that is judged.
        second: The model it is judged against.
        interval: 95 % interval of the first's score less the second's.
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
        """The difference as per cent of the second's score; None where that is zero."""
        ratio = self.ratio
        return None if ratio is None else 100 * (ratio - 1)

    @property
    def ratio(self) -> float | None:
        """The first's score divided by the second's; None where that is zero or undefined."""
        if not self.second.score > 0 or math.isnan(self.first.score):
            return None
        return self.first.score / self.second.score

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return not self.interval.holds_zero


@dataclass(frozen=True)
class Comparison:
    """Some models on the same movies.

    Attributes:
        ranking: The models, best F1-macro first.
        split: Which part of the data.
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
        """How many movies the models were scored on."""
        return self.ranking[0].evaluation.num_movies

    @property
    def genres_by_support(self) -> list[str]:
        """The genres, the commonest in the split first."""
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
        """Return the model of that name; None where it was not compared."""
        return next((result for result in self.ranking if result.name == name), None)

    def best(self, kind: str) -> ModelResult | None:
        """Return the best ``plot``, ``poster`` or ``fusion`` model; None where there is none.

        Baselines are no candidates.
        """
        return next((result for result in self.models if result.kind == kind), None)

    def contrast(self, first: ModelResult, second: ModelResult) -> Contrast:
        """Return the difference between two of the models."""
        return Contrast(first, second, self.bootstrap.difference(first.name, second.name))


def compare(
    runs: Sequence[ModelRun], split: str, threshold: float = DEFAULT_THRESHOLD
) -> Comparison:
    """Score some models on the same movies and rank them by F1-macro.

    Args:
        runs: The models; any number, in any order, also ones beyond the reference's seven.
        split: The split's name.
        threshold: The probability from which a genre is chosen, the same for all models.

    Raises:
        DataError: There is no model, a name occurs twice, or the movies, genres or labels differ
            between models.
        MovieGenreError: A probability is not finite.
    """
    _check(runs)
    ids = runs[0].predictions.ids
    aligned = {run.name: _in_order(run, ids) for run in runs}
    labels = aligned[runs[0].name].labels
    decisions = {
        name: np.asarray(decide(predictions.probs, threshold), dtype=bool)
        for name, predictions in aligned.items()
    }
    bootstrap = paired_bootstrap(decisions, labels)
    results = [
        ModelResult(
            run=replace(run, predictions=aligned[run.name]),
            evaluation=evaluate_predictions(aligned[run.name], run.name, split, threshold),
            f1_macro=interval_of(bootstrap.f1_macro[run.name]),
            f1_micro=interval_of(bootstrap.f1_micro[run.name]),
            tuned=tuned_result(aligned[run.name], run.validation),
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
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{', '.join(twice)} is given more than once; compare each model once")
    first = runs[0]
    faults: list[str] = []
    for run in runs[1:]:
        other, own = first.predictions, run.predictions
        if own.genres != other.genres:
            faults.append(f"{run.name} has other genres than {first.name}")
        elif sorted(own.ids) != sorted(other.ids):
            faults.append(
                f"{run.name} was evaluated on {len(own.ids)} movies, which are not the "
                f"{len(other.ids)} of {first.name}"
            )
        elif not np.array_equal(_in_order(run, other.ids).labels, other.labels):
            faults.append(f"{run.name} has other labels than {first.name}")
    if faults:
        raise DataError("; ".join(faults) + "; evaluate all models on the same prepared data")


def _in_order(run: ModelRun, ids: tuple[str, ...]) -> Predictions:
    """Return a run's predictions with their movies in the given order."""
    predictions = run.predictions
    if predictions.ids == ids:
        return predictions
    rows = {movie: row for row, movie in enumerate(predictions.ids)}
    order = [rows[movie] for movie in ids]
    return Predictions(ids, predictions.genres, predictions.probs[order], predictions.labels[order])
