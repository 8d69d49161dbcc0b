"""Fit an ensemble on validation: the weights of every case, and cross-validated scores."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import DEFAULT_THRESHOLD, decide, from_log_odds, log_odds
from moviegenre.core.errors import DataError
from moviegenre.core.types import Goal, Modality
from moviegenre.evaluation.thresholds import fit_thresholds
from moviegenre.evaluation.tuning import SHRINKAGE
from moviegenre.metrics import compute_metrics
from moviegenre.models.combiner import Case, CaseWeights, Combiner, subsets
from moviegenre.studies.ensembles.settings import CombiningConfig
from moviegenre.studies.ensembles.weights import (
    Array,
    Rows,
    Strength,
    choose_strength,
    combination,
    cross_validated,
    fit_weights,
    folds,
    log_loss,
    mean_probabilities,
    recalibration,
)

ENSEMBLE = "ensemble"
MEAN_ODDS = "mean of log-odds"
MEAN_PROBABILITIES = "mean of probabilities"


@dataclass(frozen=True)
class CombinedScores:
    """Cross-validated scores on validation, means over draws; all but the loss are fractions.

    Attributes:
        log_loss: The sum over genres, averaged over movies.
        roc_auc: Mean over genres.
        f1_macro: With the threshold 0.5.
        f1_micro: With the threshold 0.5.
        tuned_f1_macro: With thresholds by genre for F1-macro, fitted on the other folds.
        tuned_f1_micro: With thresholds by genre for F1-micro, fitted on the other folds.
    """

    log_loss: float
    roc_auc: float
    f1_macro: float
    f1_micro: float
    tuned_f1_macro: float
    tuned_f1_micro: float


@dataclass(frozen=True)
class EnsembleFit:
    """The fitted weights and their scores.

    Attributes:
        combiner: The weights.
        strength: The strength of their shrinkage.
        losses: Cross-validated log-loss of every compared strength.
        scores: The scores of the best member, the plain means and the ensemble, by their names;
            all calibrated on the other folds.
        best_member: The member with the smallest cross-validated log-loss.
        probs: The ensemble's probabilities (N, L), cross-validated.
    """

    combiner: Combiner
    strength: Strength
    losses: Mapping[Strength, float]
    scores: Mapping[str, CombinedScores]
    best_member: str
    probs: Array

    def to_json_dict(self) -> dict[str, Any]:
        """Return the fit and its gain as plain values."""
        return {
            "strength": asdict(self.strength),
            "log_loss_by_strength": [
                {**asdict(strength), "log_loss": loss} for strength, loss in self.losses.items()
            ],
            "best_member": self.best_member,
            "cross_validated": {name: asdict(scores) for name, scores in self.scores.items()},
        }


def fit_ensemble(
    odds: Mapping[Case, Array],
    members: Mapping[str, Case],
    labels: npt.NDArray[Any],
    available: Mapping[Modality, npt.NDArray[np.bool_]],
    config: CombiningConfig,
) -> EnsembleFit:
    """Fit the weights of every case on validation.

    The movies with all modalities determine the strength of shrinkage for all cases. Scores are
    cross-validated on the same movies.

    Args:
        odds: By case, the members' log-odds (M, N, L) for films with only these modalities.
        members: The names of the members, with the modalities of each.
        labels: The labels (N, L).
        available: For each modality, whether the movies have it (N,).
        config: The settings of the fit.

    Raises:
        DataError: Fewer movies than folds have all modalities of the members.
    """
    modalities = frozenset[Modality]().union(*members.values())
    truth = np.asarray(labels, dtype=np.float64)
    rows = _rows(modalities, available, len(truth))
    if len(rows) < config.folds:
        raise DataError(
            f"validation has {len(rows)} movies that the members can read in full; expected at "
            f"least {config.folds} to fit their weights on; use more movies, or `folds`=N"
        )
    full, full_truth = odds[modalities][:, rows], truth[rows]
    strength, losses = choose_strength(full, full_truth, config)
    cases = {
        case: _case_weights(case, odds, members, truth, available, strength)
        for case in subsets(modalities)
    }
    combiner = Combiner(modalities, cases)
    draws = list(cross_validated(combination(full, full_truth, strength), len(rows), config))
    rivals = _rivals(full, full_truth, list(members), config)
    probs = from_log_odds(combiner.combine(odds[modalities], available))
    probs[rows] = from_log_odds(np.mean(draws, axis=0))
    scores = {name: score(rival, full_truth, config) for name, rival in rivals.items()}
    scores[ENSEMBLE] = score(draws, full_truth, config)
    return EnsembleFit(combiner, strength, losses, scores, next(iter(rivals)), probs)


def _rows(case: Case, available: Mapping[Modality, npt.NDArray[np.bool_]], total: int) -> Rows:
    """Return the movies that have all modalities of a case."""
    has_all = np.ones(total, dtype=bool)
    for modality in case:
        has_all &= available[modality]
    return np.flatnonzero(has_all)


def _case_weights(
    case: Case,
    odds: Mapping[Case, Array],
    members: Mapping[str, Case],
    truth: Array,
    available: Mapping[Modality, npt.NDArray[np.bool_]],
    strength: Strength,
) -> CaseWeights:
    """Return the weights of one case; zero for members that read none of its modalities."""
    usable = [
        index
        for index, modalities in enumerate(members.values())
        if modalities & case or not modalities
    ]
    rows = _rows(case, available, len(truth))
    weights = np.zeros((len(members), truth.shape[1]))
    if not case or not usable or not len(rows):
        min_share = 1 / (len(truth) + 2)
        return CaseWeights(log_odds(truth.mean(axis=0).clip(min_share, 1 - min_share)), weights)
    fitted = fit_weights(odds[case][usable][:, rows], truth[rows], strength)
    weights[usable] = fitted.weights
    return CaseWeights(fitted.bias, weights)


def _rivals(
    odds: Array, labels: Array, names: Sequence[str], config: CombiningConfig
) -> dict[str, list[Array]]:
    """Return the calibrated rivals of the ensemble: the best member first, then the means."""
    calibrated = {
        name: list(cross_validated(recalibration(member_odds, labels), len(labels), config))
        for name, member_odds in zip(names, odds, strict=True)
    }
    losses = {
        name: float(np.mean([log_loss(draw, labels) for draw in draws]))
        for name, draws in calibrated.items()
    }
    best = min(losses, key=lambda name: losses[name])
    rivals = {best: calibrated[best]}
    for title, mean in (
        (MEAN_ODDS, odds.mean(axis=0)),
        (MEAN_PROBABILITIES, mean_probabilities(odds)),
    ):
        rivals[title] = list(cross_validated(recalibration(mean, labels), len(labels), config))
    return rivals


def score(draws: Iterable[Array], labels: Array, config: CombiningConfig) -> CombinedScores:
    """Return the mean scores of cross-validated log-odds (N, L), one for each draw."""
    draw_scores = []
    for odds, draw_folds in zip(draws, folds(len(labels), config), strict=True):
        probs = from_log_odds(odds)
        metrics = compute_metrics(probs, labels, DEFAULT_THRESHOLD).metrics
        draw_scores.append(
            [
                log_loss(odds, labels),
                *(metrics[name] for name in ("roc_auc", "f1_macro", "f1_micro")),
                _tuned(probs, labels, draw_folds, "f1_macro"),
                _tuned(probs, labels, draw_folds, "f1_micro"),
            ]
        )
    return CombinedScores(*np.mean(draw_scores, axis=0).tolist())


def _tuned(probs: Array, labels: Array, draw_folds: Sequence[Rows], goal: Goal) -> float:
    """Return a score of decisions with thresholds fitted on the other folds."""
    chosen = np.zeros(probs.shape)
    for fold in draw_folds:
        other_rows = np.setdiff1d(np.arange(len(probs)), fold)
        thresholds = fit_thresholds(
            probs[other_rows], labels[other_rows], "per-genre", goal, shrinkage=SHRINKAGE
        )
        chosen[fold] = decide(probs[fold], thresholds)
    return compute_metrics(chosen, labels, DEFAULT_THRESHOLD).metrics[goal]
