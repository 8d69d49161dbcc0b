"""Fit the weights of an ensemble's members on validation.

The log-odds of genre l are a weighted sum of the members' log-odds, plus a bias: a logistic
regression, whose log-loss gives calibrated probabilities. Rare genres have too few positives for
separate weights, so weights shrink towards the means over genres, and these towards each other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import from_log_odds, log_odds
from moviegenre.evaluation.calibration import fit_calibration
from moviegenre.models.combiner import CaseWeights
from moviegenre.studies.ensembles.settings import CombiningConfig

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Method = Callable[[Rows, Rows], Array]
"""Fits to the first rows and returns log-odds for the second rows."""

_MAX_STEPS = 50
_TOLERANCE = 1e-8  # relative change of the objective
_MIN_STEP = 1e-6


@dataclass(frozen=True)
class Strength:
    """The strength of shrinkage.

    Attributes:
        genre: Of a genre's weights towards the members' means over genres.
        member: Of these means towards each other.
    """

    genre: float
    member: float


def fit_weights(odds: Array, labels: npt.NDArray[Any], strength: Strength) -> CaseWeights:
    """Return the weights with the smallest penalised log-loss; none is negative.

    With v_m the mean of member m's weights over the L genres, and u that of all v_m, the objective
    is the log-loss summed over movies and genres, plus ``genre * sum (w_ml - v_m)^2`` plus
    ``member * L * sum (v_m - u)^2``. These are sums, not means: the weights of a genre with more
    positives shrink less. The objective is convex, and minimised by Newton's method over the
    weights above zero. scipy's bounded solver (L-BFGS-B) takes 6 to 16 times as long for the same
    weights.

    Reference: Bertsekas, "Projected Newton methods for optimization problems with simple
    constraints", https://doi.org/10.1137/0320018.

    Args:
        odds: The members' log-odds (M, N, L).
        labels: The labels (N, L).
        strength: The strength of shrinkage.
    """
    num_members, num_movies, num_labels = odds.shape
    features = np.ones((num_labels, num_members + 1, num_movies))  # the last one is the bias
    features[:, :-1] = odds.transpose(2, 0, 1)
    truth = np.asarray(labels, dtype=np.float64).T
    penalty = _penalty(num_members, num_labels, strength)
    is_weight = np.tile(np.arange(num_members + 1) < num_members, num_labels)
    solution = np.where(is_weight, 1 / max(num_members, 1), 0.0)
    loss, logits = _objective(solution, features, truth, penalty)
    for _ in range(_MAX_STEPS):
        probs = from_log_odds(logits)
        gradient = np.einsum("lkn,ln->lk", features, probs - truth).ravel() + penalty @ solution
        curvature = _curvature(features, probs, penalty)
        free = ~(is_weight & (solution <= 0) & (gradient > 0))
        step = np.zeros_like(gradient)
        ridge = 1e-9 * np.eye(int(free.sum()))  # a genre without positives has no best bias
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)] + ridge, gradient[free])
        size = 1.0
        while size > _MIN_STEP:
            trial = solution - size * step
            trial[is_weight] = np.maximum(trial[is_weight], 0)
            new_loss, new_logits = _objective(trial, features, truth, penalty)
            if new_loss <= loss:
                break
            size /= 2
        else:
            break
        decrease, solution, loss, logits = loss - new_loss, trial, new_loss, new_logits
        if decrease <= _TOLERANCE * abs(loss):
            break
    table = solution.reshape(num_labels, num_members + 1)
    return CaseWeights(bias=table[:, -1].copy(), weights=table[:, :-1].T.copy())


def _penalty(num_members: int, num_labels: int, strength: Strength) -> Array:
    """Return twice the penalty's matrix, for parameters in the order genre, member, bias last."""
    size = num_members * num_labels
    by_member = np.kron(np.full((num_labels, num_labels), 1 / num_labels), np.eye(num_members))
    spread_of_genres = np.eye(size) - by_member
    spread_of_members = by_member - 1 / max(size, 1)
    matrix = np.zeros((num_labels, num_members + 1, num_labels, num_members + 1))
    matrix[:, :-1, :, :-1] = (
        2 * (strength.genre * spread_of_genres + strength.member * spread_of_members)
    ).reshape(num_labels, num_members, num_labels, num_members)
    return matrix.reshape(num_labels * (num_members + 1), -1)


def _objective(
    solution: Array, features: Array, truth: Array, penalty: Array
) -> tuple[float, Array]:
    """Return the penalised log-loss and the log-odds (L, N) behind it."""
    table = solution.reshape(len(features), 1, -1)
    logits = (table @ features)[:, 0]
    loss = float((np.logaddexp(0, logits) - truth * logits).sum())
    return loss + float(solution @ penalty @ solution) / 2, logits


def _curvature(features: Array, probs: Array, penalty: Array) -> Array:
    """Return the second derivatives of the objective."""
    blocks = (features * (probs * (1 - probs))[:, None]) @ features.transpose(0, 2, 1)
    num_labels, width = blocks.shape[:2]
    matrix = penalty.reshape(num_labels, width, num_labels, width).copy()
    diagonal = np.arange(num_labels)
    matrix[diagonal, :, diagonal, :] += blocks
    return matrix.reshape(num_labels * width, -1)


def folds(num_movies: int, config: CombiningConfig) -> Iterator[list[Rows]]:
    """Yield the rows of each fold, for every draw; equal configs give equal folds."""
    for draw in range(config.draws):
        order = np.random.default_rng([config.seed, draw]).permutation(num_movies)
        yield [np.sort(order[fold :: config.folds]) for fold in range(config.folds)]


def cross_validated(method: Method, num_movies: int, config: CombiningConfig) -> Iterator[Array]:
    """Yield log-odds (N, L) of every movie from a fit to the other folds, for every draw."""
    for draw_folds in folds(num_movies, config):
        held_out: dict[int, Array] = {}
        for fold in draw_folds:
            other_rows = np.setdiff1d(np.arange(num_movies), fold)
            held_out.update(zip(fold.tolist(), method(other_rows, fold), strict=True))
        yield np.stack([held_out[row] for row in range(num_movies)])


def combination(odds: Array, labels: npt.NDArray[Any], strength: Strength) -> Method:
    """Return the method that fits weights."""

    def method(train_rows: Rows, test_rows: Rows) -> Array:
        return fit_weights(odds[:, train_rows], labels[train_rows], strength).combine(
            odds[:, test_rows]
        )

    return method


def recalibration(odds: Array, labels: npt.NDArray[Any]) -> Method:
    """Return the method that fits a scale and a shift of log-odds (N, L) by genre (Platt)."""

    def method(train_rows: Rows, test_rows: Rows) -> Array:
        scale, shift = fit_calibration(from_log_odds(odds[train_rows]), labels[train_rows], "platt")
        return np.asarray(scale * odds[test_rows] + shift)

    return method


def mean_probabilities(odds: Array) -> Array:
    """Return the log-odds (N, L) of the members' mean probabilities."""
    return log_odds(from_log_odds(odds).mean(axis=0))


def log_loss(odds: Array, labels: npt.NDArray[Any]) -> float:
    """Return the log-loss of log-odds (N, L), summed over labels and averaged over movies."""
    return float((np.logaddexp(0, odds) - labels * odds).sum() / max(len(odds), 1))


def choose_strength(
    odds: Array, labels: npt.NDArray[Any], config: CombiningConfig
) -> tuple[Strength, dict[Strength, float]]:
    """Return the strength with the smallest cross-validated log-loss, and all log-losses."""
    strengths = [Strength(*p) for p in product(config.genre_shrinkage, config.member_shrinkage)]
    losses: dict[Strength, float] = {}
    for strength in strengths:
        draws = cross_validated(combination(odds, labels, strength), len(labels), config)
        losses[strength] = float(np.mean([log_loss(draw, labels) for draw in draws]))
    return min(strengths, key=lambda strength: losses[strength]), losses
