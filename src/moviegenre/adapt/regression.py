"""A regression for each genre on the embedding and logits of a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moviegenre.adapt.ridge import Ridge, decompose
from moviegenre.core.decisions import from_log_odds
from moviegenre.core.errors import MissingExtraError
from moviegenre.core.extras import is_installed
from moviegenre.core.types import Modality
from moviegenre.evaluation.calibration import fit_calibration
from moviegenre.evaluation.thresholds import fit_thresholds

_STRENGTHS = np.logspace(1, 5, 13)  # the compared strengths of regularisation
_NUM_FOLDS = 5
_SHRINKAGE = 20.0  # number of positives with the same weight as the global threshold
_LOWEST, _HIGHEST = 0.2, 0.6  # bounds of a threshold

Floats = npt.NDArray[np.float32]
Column = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Regressions:
    """Logits that are linear in the features.

    Attributes:
        weight: The weights (F, L).
        bias: The biases (L,).
    """

    weight: Column
    bias: Column

    def logits(self, features: Floats) -> Column:
        """Return logits (N, L) for features (N, F)."""
        logits: Column = features.astype(np.float64) @ self.weight + self.bias
        return logits


class Variant(NamedTuple):
    """Films as if a modality were missing.

    Attributes:
        rows: The rows of these films (M,), which have the other modality.
        features: Their features (M, F).
    """

    rows: npt.NDArray[np.int64]
    features: Floats


class Point(NamedTuple):
    """The operating point for films with a missing modality.

    Attributes:
        scale: The scale of the logits (L,).
        shift: The shift of the logits (L,).
        thresholds: The thresholds (L,).
        rows: The films of the fit (M,).
        chosen: The decisions for these films (M, L), with fits to the other folds.
    """

    scale: Column
    shift: Column
    thresholds: Column
    rows: npt.NDArray[np.int64]
    chosen: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """Regressions and their held-out predictions.

    Attributes:
        regressions: The regressions fitted to all films; their probabilities are calibrated.
        thresholds: The thresholds (L,).
        held_out: Probabilities (N, L) of each film from regressions fitted to the other folds.
        chosen: The decisions for each film (N, L), with thresholds fitted to the other folds.
        without: The operating point for films with a missing modality, by that modality.
    """

    regressions: Regressions
    thresholds: Column
    held_out: Column
    chosen: npt.NDArray[np.bool_]
    without: Mapping[Modality, Point] = field(default_factory=dict)


def require_adapt() -> None:
    """Raise a MissingExtraError if the packages of the extra ``adapt`` are not installed."""
    for module, package in (("sklearn", "scikit-learn"), ("onnx", "onnx")):
        if not is_installed(module):
            raise MissingExtraError(package, "adapt", "adapting a model")


def fold_of_each(num_films: int, folds: int = _NUM_FOLDS) -> npt.NDArray[np.int64]:
    """Return the fold (N,) of each film, the same for every compared model."""
    order = np.random.default_rng(0).permutation(num_films)
    fold_by_film = np.empty(num_films, dtype=np.int64)
    fold_by_film[order] = np.arange(num_films) % folds
    return fold_by_film


def fit_regressions(
    features: Floats, labels: Floats, variants: Mapping[Modality, Variant] | None = None
) -> Fitted:
    """Fit ridge regressions with calibrated outputs, and cross-validate them.

    Leave-one-out cross-validation chooses the strength of regularisation for each genre. Platt's
    scale and shift convert scores to probabilities.

    Args:
        features: Features (N, F).
        labels: Labels (N, L), 0 or 1; no column may be constant.
        variants: Films as if a modality were missing, by that modality.
    """
    mean, deviation = _moments(features)
    standardised = (features - mean) / deviation
    ridge = Ridge(*decompose(standardised), 2 * labels.astype(np.float64) - 1, _STRENGTHS)
    weight = standardised.T @ ridge.dual() / deviation[:, None]
    bias = ridge.mean - mean @ weight
    variants = variants or {}
    products = [
        (variant.rows, ((variant.features - mean) / deviation) @ standardised.T)
        for variant in variants.values()
    ]
    scores, *variant_scores = ridge.held_out(fold_of_each(len(labels)), products)
    scale, shift = fit_calibration(from_log_odds(scores), labels, "platt")
    held_out, chosen = calibrate_and_choose(scores, labels)
    return Fitted(
        regressions=Regressions(weight * scale, bias * scale + shift),
        thresholds=thresholds(from_log_odds(scores * scale + shift), labels),
        held_out=held_out,
        chosen=chosen,
        without={
            missing: _point(variant.rows, score * scale + shift, labels)
            for (missing, variant), score in zip(variants.items(), variant_scores, strict=True)
        },
    )


def _point(rows: npt.NDArray[np.int64], logits: Column, labels: Floats) -> Point:
    """Return the operating point of films (M,) from their held-out logits and all labels (N, L)."""
    truth = labels[rows]
    scale, shift = fit_calibration(from_log_odds(logits), truth, "platt")
    point_thresholds = thresholds(from_log_odds(logits * scale + shift), truth)
    chosen = calibrate_and_choose(logits, truth, fold_of_each(len(labels))[rows])[1]
    return Point(scale, shift, point_thresholds, rows, chosen)


def _moments(features: Floats) -> tuple[Column, Column]:
    """Return mean (F,) and deviation (F,) of features; a constant feature's is infinite."""
    values = features.astype(np.float64)
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    return mean, np.where(deviation > 1e-6 * (1 + np.abs(mean)), deviation, np.inf)


def calibrate_and_choose(
    scores: Column, labels: Floats, folds: npt.NDArray[np.int64] | None = None
) -> tuple[Column, npt.NDArray[np.bool_]]:
    """Return probabilities (N, L) and decisions (N, L) of films, with fits to the other folds.

    Args:
        scores: Held-out scores (N, L).
        labels: Labels (N, L), 0 or 1.
        folds: The fold of each film (N,); None takes those of ``fold_of_each``.
    """
    if folds is None:
        folds = fold_of_each(len(labels))
    probs = np.zeros(scores.shape)
    chosen = np.zeros(scores.shape, dtype=np.bool_)
    for fold in range(folds.max() + 1):
        seen, unseen = folds != fold, folds == fold
        scale, shift = fit_calibration(from_log_odds(scores[seen]), labels[seen], "platt")
        probs[unseen] = from_log_odds(scores[unseen] * scale + shift)
        fold_thresholds = thresholds(from_log_odds(scores[seen] * scale + shift), labels[seen])
        chosen[unseen] = probs[unseen] >= fold_thresholds
    return probs, chosen


def thresholds(probs: Column, labels: Floats) -> Column:
    """Return thresholds (L,) with the best F1-macro within bounds."""
    fitted = fit_thresholds(probs, labels, "per-genre", shrinkage=_SHRINKAGE)
    bounded: Column = np.clip(fitted, _LOWEST, _HIGHEST)
    return bounded
