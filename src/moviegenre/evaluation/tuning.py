"""Fit calibration and thresholds on validation, and estimate their gain on other movies.

The score on the movies of the fit is too good. The cross-validated score is not: the validation
movies are split into folds, and each fold is scored with the fit to the other folds.
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
SHRINKAGE = 10.0  # more stable thresholds of rare genres, at no cost (docs/dev-log.md)
_FOLD_SEED = 0


@dataclass(frozen=True)
class TuningSettings:
    """The settings of a fit.

    Attributes:
        thresholds: ``0.5``, ``global`` or ``per-genre``.
        goal: The score that thresholds maximise: ``f1_macro`` or ``f1_micro``.
        calibration: ``none``, ``weights``, ``temperature`` or ``platt``.
        shrinkage: The weight of the global threshold; see ``fit_thresholds``.
        bounds: The smallest and largest threshold; others are clipped.
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
            f"unknown `{name}` {value!r}; {did_you_mean(value, get_args(literal))}"
            for name, value, literal in (
                ("thresholds", thresholds, ThresholdRule),
                ("goal", goal, Goal),
                ("calibrate", calibration, CalibrationMethod),
            )
            if value is not None and value not in get_args(literal)
        ]
        if goal is not None and thresholds in (None, cls.thresholds):
            faults.append("`goal` has no effect without `thresholds` global or per-genre")
        if faults:
            raise ConfigError("; ".join(faults))
        words: Any = {"thresholds": thresholds, "goal": goal, "calibration": calibration}
        return cls(**{name: value for name, value in words.items() if value is not None})

    @property
    def fits(self) -> bool:
        """Whether anything is fitted at all."""
        return self != TuningSettings()


@dataclass(frozen=True)
class TunedScores:
    """The scores of decisions and probabilities, fractions; NaN if undefined.

    Attributes:
        f1_macro: Mean F1 over genres.
        f1_micro: F1 of all decisions together.
        f1: F1 of each genre (L,).
        ece: Expected calibration error over all movie-genre pairs.
        ece_by_genre: Expected calibration error of each genre (L,).
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
        support: Number of validation movies with each genre (L,).
        before: Scores of the model's own probabilities, threshold 0.5.
        in_sample: Scores on the movies of the fit: too good.
        cross_validated: Scores of every fold with the fit to the other folds: not too good.
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
                    "support": int(self.support[index]),
                    "threshold": thresholds[genre],
                    **{name: number_or_none(float(f1[index])) for name, f1 in columns.items()},
                }
                for index, genre in enumerate(self.point.genres)
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
    """Tune for several goals; the calibration is the same for all goals.

    Args:
        val: As for ``tune``.
        settings: The settings of the fit; their goal is ignored.
        goals: The scores to maximise, each in its own fit.
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
    goal_settings = [replace(settings, goal=goal) for goal in goals]
    calibrated = np.zeros_like(probs)
    chosen = [np.zeros(probs.shape, dtype=bool) for _ in goals]
    for fold in _folds(len(probs)):
        other_rows = np.setdiff1d(np.arange(len(probs)), fold)
        other_folds = replace(
            val,
            ids=tuple(val.ids[row] for row in other_rows),
            probs=probs[other_rows],
            labels=labels[other_rows],
        )
        points = _fit_points(other_folds, goal_settings, positive_weights)
        calibrated[fold] = points[0].calibrate(probs[fold])
        for decisions, point in zip(chosen, points, strict=True):
            decisions[fold] = point.decide(calibrated[fold])
    points = _fit_points(val, goal_settings, positive_weights)
    all_calibrated = points[0].calibrate(probs)
    support = np.asarray(labels).sum(axis=0).astype(np.int64)
    before = score(probs, decide(probs), labels)
    return [
        Tuning(
            settings=settings,
            point=point,
            support=support,
            before=before,
            in_sample=score(all_calibrated, point.decide(all_calibrated), labels),
            cross_validated=score(calibrated, decisions, labels),
            chosen=decisions,
        )
        for settings, point, decisions in zip(goal_settings, points, chosen, strict=True)
    ]


def fit_point(movies: Predictions, settings: TuningSettings) -> OperatingPoint:
    """Return the operating point that fits movies best.

    Args:
        movies: A model's own probabilities.
        settings: The settings of the fit.
    """
    return _fit_points(movies, [settings], None)[0]


def _fit_points(
    movies: Predictions,
    goal_settings: Sequence[TuningSettings],
    positive_weights: FloatArray | None,
) -> list[OperatingPoint]:
    """Return the best operating point for each of the settings, which share their calibration."""
    genres = GenreVocabulary(movies.genres)
    probs = np.asarray(movies.probs, dtype=np.float64)
    scale, shift = fit_calibration(
        probs, movies.labels, goal_settings[0].calibration, positive_weights
    )
    default = np.full(len(genres), DEFAULT_THRESHOLD)
    calibrated = OperatingPoint(genres, default, scale, shift, {}).calibrate(probs)
    points = []
    for settings in goal_settings:
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
    """Return the rows of each fold; they depend only on the number of movies."""
    order = np.random.default_rng(_FOLD_SEED).permutation(num_movies)
    return [np.sort(fold) for fold in np.array_split(order, NUM_FOLDS)]
