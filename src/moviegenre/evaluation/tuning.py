"""Fit calibration and thresholds on validation, and estimate their gain on other movies.

A fit scores too well on the movies it was fitted to. The cross-validated score is honest: the
validation movies are split into folds, and each fold is decided with the fit to the other folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import DEFAULT_THRESHOLD, FloatArray, decide
from moviegenre.core.errors import ConfigError, DataError, did_you_mean
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import CalibrationMethod, Goal, ThresholdRule
from moviegenre.evaluation.calibration import (
    calibration_error,
    calibration_error_by_label,
    fit_calibration,
)
from moviegenre.evaluation.results import Predictions, number_or_none
from moviegenre.evaluation.thresholds import fit_thresholds
from moviegenre.metrics import compute_metrics

NUM_FOLDS = 5
SHRINKAGE = 10.0  # measured in docs/dev-log.md: less luck in rare genres' thresholds, at no cost
_SEED = 0  # of the folds


@dataclass(frozen=True)
class TuningSettings:
    """What to fit, and how.

    Attributes:
        thresholds: ``0.5``, ``global`` or ``per-genre``.
        goal: The score that thresholds maximise: ``f1_macro`` or ``f1_micro``.
        calibration: ``none``, ``weights``, ``temperature`` or ``platt``.
        shrinkage: How many positives weigh as much as the global threshold; see ``fit_thresholds``.
        bounds: Thresholds below the first or above the second are moved there.
        beta: Weight of recall against precision for ``f1_macro``; see ``fit_thresholds``.
    """

    thresholds: ThresholdRule = "0.5"
    goal: Goal = "f1_macro"
    calibration: CalibrationMethod = "none"
    shrinkage: float = SHRINKAGE
    bounds: tuple[float, float] = (0.0, 1.0)
    beta: float = 1.0

    @classmethod
    def parse(
        cls, thresholds: str | None, goal: str | None, calibration: str | None
    ) -> "TuningSettings":
        """Parse the values of the command line; None means the default.

        Raises:
            ConfigError: A word is unknown, or the goal has no effect.
        """
        faults = [
            f"unknown `{name}` {word!r}; {did_you_mean(word, get_args(kind))}"
            for name, word, kind in (
                ("thresholds", thresholds, ThresholdRule),
                ("goal", goal, Goal),
                ("calibrate", calibration, CalibrationMethod),
            )
            if word is not None and word not in get_args(kind)
        ]
        if goal is not None and thresholds in (None, cls.thresholds):
            faults.append("`goal` has no effect without `thresholds` global or per-genre")
        if faults:
            raise ConfigError("; ".join(faults))
        words: Any = {"thresholds": thresholds, "goal": goal, "calibration": calibration}
        return cls(**{name: word for name, word in words.items() if word is not None})

    @property
    def fits(self) -> bool:
        """Whether anything is fitted at all."""
        return self != TuningSettings()


@dataclass(frozen=True)
class TunedScores:
    """The scores of one way of deciding, fractions; NaN if undefined.

    Attributes:
        f1_macro: Mean F1 over genres.
        f1_micro: F1 of all decisions together.
        f1: F1 of each genre (L,).
        ece: Expected calibration error over all movie-genre pairs.
        ece_by_genre: That of each genre (L,).
    """

    f1_macro: float
    f1_micro: float
    f1: npt.NDArray[np.float64]
    ece: float
    ece_by_genre: npt.NDArray[np.float64]

    def to_json_dict(self) -> dict[str, float | None]:
        """Return the overall scores as plain values."""
        names = ("f1_macro", "f1_micro", "ece")
        return {name: number_or_none(getattr(self, name)) for name in names}


@dataclass(frozen=True)
class Tuning:
    """A fit to validation and its scores there.

    Attributes:
        settings: The settings of the fit.
        point: The fitted operating point.
        support: How many validation movies have each genre (L,).
        before: Scores of the model's own probabilities, threshold 0.5.
        in_sample: Scores on the movies it was fitted on: too good.
        cross_validated: Scores of every fold with what was fitted on the others: honest.
        chosen: The decisions (N, L) behind the cross-validated scores.
    """

    settings: TuningSettings
    point: OperatingPoint
    support: npt.NDArray[np.int64]
    before: TunedScores
    in_sample: TunedScores
    cross_validated: TunedScores
    chosen: npt.NDArray[np.bool_]

    def gain(self, metric: Goal) -> float:
        """Return the cross-validated score minus the score at 0.5, a fraction."""
        return float(getattr(self.cross_validated, metric) - getattr(self.before, metric))

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values: the three scores, overall and by genre."""
        columns = {
            "before": self.before.f1,
            "in_sample": self.in_sample.f1,
            "cross_validated": self.cross_validated.f1,
        }
        thresholds = self.point.threshold_by_genre()
        return {
            "folds": NUM_FOLDS,
            "before": self.before.to_json_dict(),
            "in_sample": self.in_sample.to_json_dict(),
            "cross_validated": self.cross_validated.to_json_dict(),
            "f1_by_genre": {
                genre: {
                    "support": int(self.support[row]),
                    "threshold": thresholds[genre],
                    **{name: number_or_none(float(f1[row])) for name, f1 in columns.items()},
                }
                for row, genre in enumerate(self.point.genres)
            },
        }


def tune(
    val: Predictions, settings: TuningSettings, positive_weights: FloatArray | None = None
) -> Tuning:
    """Fit on validation and cross-validate the same fit.

    Args:
        val: A model's own probabilities for the validation movies.
        settings: What to fit.
        positive_weights: The loss's weight of the positives of each genre (L,); only for the
            calibration ``weights``.

    Raises:
        DataError: There are fewer validation movies than folds.
    """
    return tune_goals(val, settings, [settings.goal], positive_weights)[0]


def tune_goals(
    val: Predictions,
    settings: TuningSettings,
    goals: Sequence[Goal],
    positive_weights: FloatArray | None = None,
) -> list[Tuning]:
    """Tune for several goals, which share the calibration: it does not depend on the goal.

    Args:
        val: As for ``tune``.
        settings: What to fit; their goal is not used.
        goals: The scores to maximise, one after the other.
        positive_weights: As for ``tune``.

    Raises:
        DataError: There are fewer validation movies than folds.
    """
    probs, labels = np.asarray(val.probs, dtype=np.float64), val.labels
    if len(probs) < NUM_FOLDS:
        raise DataError(
            f"validation has {len(probs)} movies; expected at least {NUM_FOLDS} to fit thresholds "
            "or a calibration on; use more movies, or the default of 0.5"
        )
    each = [replace(settings, goal=goal) for goal in goals]
    corrected = np.zeros_like(probs)
    chosen = [np.zeros(probs.shape, dtype=bool) for _ in goals]
    for fold in _folds(len(probs)):
        others = np.setdiff1d(np.arange(len(probs)), fold)
        part = replace(
            val,
            ids=tuple(val.ids[row] for row in others),
            probs=probs[others],
            labels=labels[others],
        )
        points = _fit_points(part, each, positive_weights)
        corrected[fold] = points[0].calibrate(probs[fold])
        for decisions, point in zip(chosen, points, strict=True):
            decisions[fold] = point.decide(corrected[fold])
    points = _fit_points(val, each, positive_weights)
    all_corrected = points[0].calibrate(probs)
    support = np.asarray(labels).sum(axis=0).astype(np.int64)
    before = score(probs, decide(probs), labels)
    return [
        Tuning(
            settings=settings,
            point=point,
            support=support,
            before=before,
            in_sample=score(all_corrected, point.decide(all_corrected), labels),
            cross_validated=score(corrected, decisions, labels),
            chosen=decisions,
        )
        for settings, point, decisions in zip(each, points, chosen, strict=True)
    ]


def fit_point(movies: Predictions, settings: TuningSettings) -> OperatingPoint:
    """Return the operating point that fits some movies best.

    Args:
        movies: A model's own probabilities.
        settings: What to fit.
    """
    return _fit_points(movies, [settings], None)[0]


def _fit_points(
    movies: Predictions, each: Sequence[TuningSettings], positive_weights: FloatArray | None
) -> list[OperatingPoint]:
    """Return the best operating point for each of the settings, whose calibration is the same."""
    genres = GenreVocabulary(movies.genres)
    probs = np.asarray(movies.probs, dtype=np.float64)
    scale, shift = fit_calibration(probs, movies.labels, each[0].calibration, positive_weights)
    default = np.full(len(genres), DEFAULT_THRESHOLD)
    calibrated = OperatingPoint(genres, default, scale, shift, {}).calibrate(probs)
    points = []
    for settings in each:
        thresholds = fit_thresholds(
            calibrated,
            movies.labels,
            settings.thresholds,
            settings.goal,
            shrinkage=settings.shrinkage,
            beta=settings.beta,
        )
        bounded = np.clip(thresholds, *settings.bounds)
        description = _description(settings, len(probs))
        points.append(OperatingPoint(genres, bounded, scale, shift, description))
    return points


def score(
    probs: FloatArray, chosen: npt.NDArray[np.bool_], labels: npt.NDArray[Any]
) -> TunedScores:
    """Score decisions (N, L) and the probabilities (N, L) behind them."""
    metrics = compute_metrics(chosen.astype(np.float64), labels, DEFAULT_THRESHOLD)
    return TunedScores(
        f1_macro=metrics.metrics["f1_macro"],
        f1_micro=metrics.metrics["f1_micro"],
        f1=metrics.f1,
        ece=calibration_error(probs, labels),
        ece_by_genre=calibration_error_by_label(probs, labels),
    )


def _description(settings: TuningSettings, num_movies: int) -> dict[str, Any]:
    """Return a description of the fit, stored in the file of the operating point."""
    description: dict[str, Any] = {
        "on": "val",
        "movies": num_movies,
        "thresholds": settings.thresholds,
    }
    if settings.thresholds != "0.5":
        description["goal"] = settings.goal
    if settings.thresholds == "per-genre":
        description["shrinkage"] = settings.shrinkage
    if settings.bounds != TuningSettings.bounds:
        description["bounds"] = list(settings.bounds)
    if settings.beta != TuningSettings.beta:
        description["beta"] = settings.beta
    return {**description, "calibration": settings.calibration}


def _folds(num_movies: int) -> Sequence[npt.NDArray[np.int64]]:
    """Return the rows of each fold; the same for every model with as many movies."""
    order = np.random.default_rng(_SEED).permutation(num_movies)
    return [np.sort(part) for part in np.array_split(order, NUM_FOLDS)]
