"""Weights of an ensemble: a better member is found, a useless one is left aside."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pytest

from moviegenre.core.decisions import from_log_odds
from moviegenre.core.errors import ConfigError, DataError
from moviegenre.core.types import Modality
from moviegenre.studies.ensembles.document import shortfall
from moviegenre.studies.ensembles.fit import ENSEMBLE, MEAN_ODDS, CombinedScores, fit_ensemble
from moviegenre.studies.ensembles.settings import CombiningConfig
from moviegenre.studies.ensembles.weights import (
    Strength,
    choose_strength,
    cross_validated,
    fit_weights,
    folds,
    log_loss,
)

if TYPE_CHECKING:
    from moviegenre.studies.ensembles.computation import FittedEnsemble

PLOT, POSTER = frozenset({Modality.PLOT}), frozenset({Modality.POSTER})
BOTH = PLOT | POSTER
SHRUNK = Strength(100.0, 1.0)
QUICK = CombiningConfig(genre_shrinkage=(30.0, 1e4), member_shrinkage=(1.0, 1e4), draws=1)

Array = npt.NDArray[np.float64]


def made_up(num_movies: int = 600, num_labels: int = 3) -> tuple[Array, Array]:
    """Return log-odds of a good, a mediocre and a useless member (3, N, L), and labels (N, L)."""
    rng = np.random.default_rng(0)
    truth = 2 * rng.standard_normal((num_movies, num_labels)) - 1
    labels = (rng.random(truth.shape) < from_log_odds(truth)).astype(np.float64)
    noise = rng.standard_normal((3, *truth.shape))
    odds = np.stack([2 * truth, truth + 2 * noise[1], 3 * noise[2]])
    return odds, labels


def test_a_planted_member_is_recovered() -> None:
    odds, labels = made_up()
    fitted = fit_weights(odds, labels, SHRUNK)
    good, mediocre, useless = fitted.weights.mean(axis=1)
    assert good == pytest.approx(0.5, abs=0.1)  # it is twice too sure, and all there is to know
    assert mediocre < 0.1
    assert useless < 0.02
    assert fitted.weights.min() >= 0
    assert fitted.bias == pytest.approx(np.zeros(3), abs=0.3)
    probs = from_log_odds(fitted.combine(odds))
    assert probs.mean(axis=0) == pytest.approx(labels.mean(axis=0), abs=1e-4)


def test_weights_are_drawn_together() -> None:
    odds, labels = made_up()
    shared = fit_weights(odds, labels, Strength(1e6, 1.0)).weights
    assert np.ptp(shared, axis=1).max() < 1e-3
    assert np.ptp(shared.mean(axis=1)) > 0.3
    equal = fit_weights(odds, labels, Strength(1e7, 1e7)).weights
    assert np.ptp(equal) < 1e-3
    apart = fit_weights(odds, labels, Strength(0.1, 0.1)).weights
    assert np.ptp(apart, axis=1).max() > 0.02


def test_a_genre_with_few_movies_keeps_to_the_others() -> None:
    odds, labels = made_up()
    rare = labels.copy()
    rare[np.flatnonzero(rare[:, 2])[2:], 2] = 0
    weights = fit_weights(odds, rare, SHRUNK).weights
    assert weights[0, 2] == pytest.approx(weights[0].mean(), abs=0.1)
    rare[:, 2] = 0
    none = fit_weights(odds, rare, SHRUNK)
    assert np.isfinite(none.weights).all()
    assert none.bias[2] < -5


def test_the_optimum_is_one() -> None:
    odds, labels = made_up(200)
    fitted = fit_weights(odds, labels, SHRUNK)

    def objective(bias: Array, weights: Array) -> float:
        logits = np.einsum("ml,mnl->nl", weights, odds) + bias
        means = weights.mean(axis=1, keepdims=True)
        spread = 100 * ((weights - means) ** 2).sum() + 3 * ((means - means.mean()) ** 2).sum()
        return log_loss(logits, labels) * len(labels) + float(spread)

    best = objective(fitted.bias, fitted.weights)
    rng = np.random.default_rng(1)
    for size in (1e-3, 1e-2, 0.1):
        weights = np.maximum(fitted.weights + size * rng.standard_normal((3, 3)), 0)
        assert objective(fitted.bias + size * rng.standard_normal(3), weights) > best


def test_folds_are_a_partition_and_always_the_same() -> None:
    config = CombiningConfig(draws=2)
    first, second = folds(23, config)
    assert sorted(np.concatenate(first).tolist()) == list(range(23))
    assert [part.tolist() for part in first] != [part.tolist() for part in second]
    assert [part.tolist() for part in next(folds(23, config))] == [p.tolist() for p in first]


def test_no_movie_is_predicted_by_a_fit_that_saw_it() -> None:
    def seen(others: npt.NDArray[np.int64], part: npt.NDArray[np.int64]) -> Array:
        return np.array([[float(row in others)] for row in part])

    (fit,) = cross_validated(seen, 11, CombiningConfig(draws=1))
    assert fit.tolist() == [[0.0]] * 11


def test_the_strength_with_the_smallest_loss_is_chosen() -> None:
    odds, labels = made_up(300)
    chosen, losses = choose_strength(odds, labels, QUICK)
    assert len(losses) == 4
    assert losses[chosen] == min(losses.values())
    assert chosen.member == 1.0, "the members are far from equal"


def test_an_ensemble_beats_its_best_member_and_the_mean() -> None:
    odds, labels = made_up(400)
    have = {modality: np.ones(400, dtype=bool) for modality in Modality}
    by_case = {BOTH: odds, PLOT: odds, POSTER: odds}
    names = {"good": PLOT, "mediocre": POSTER, "useless": BOTH}
    fit = fit_ensemble(by_case, names, labels, have, QUICK)
    assert fit.best_member == "good"
    ensemble, mean = fit.scores[ENSEMBLE], fit.scores[MEAN_ODDS]
    assert ensemble.log_loss < mean.log_loss - 0.1
    assert ensemble.f1_macro > mean.f1_macro
    assert fit.scores["good"].log_loss < ensemble.log_loss + 0.02
    # Each case has those members only that can read something of it.
    cases = fit.combiner.cases
    assert set(cases) == {BOTH, PLOT, POSTER, frozenset()}
    assert cases[PLOT].weights[0].min() > 0.3
    assert cases[PLOT].weights[1].tolist() == [0.0] * 3
    assert cases[POSTER].weights[0].tolist() == [0.0] * 3
    assert cases[frozenset()].weights.max() == 0
    assert from_log_odds(cases[frozenset()].bias) == pytest.approx(labels.mean(axis=0))
    written = fit.to_json_dict()
    assert written["best_member"] == "good"
    assert written["cross_validated"]["ensemble"]["log_loss"] == ensemble.log_loss


@pytest.mark.parametrize(
    ("log_loss", "tuned_f1_macro", "sentence"),
    [
        (1.0, 0.6, None),
        (
            1.5,
            0.60001,
            "the ensemble is worse than bert alone in log-loss: use that member alone, or combine "
            "it with others",
        ),
        (
            0.9,
            0.5,
            "the ensemble is worse than bert alone in tuned F1-macro; its log-loss, which the "
            "weights minimise, is better",
        ),
    ],
)
def test_an_ensemble_worse_than_its_best_member_says_so(
    log_loss: float, tuned_f1_macro: float, sentence: str | None
) -> None:
    scores = {
        "bert": CombinedScores(1.0, 0.8, 0.5, 0.5, 0.6, 0.6),
        ENSEMBLE: CombinedScores(log_loss, 0.8, 0.5, 0.5, tuned_f1_macro, 0.6),
    }
    fit = SimpleNamespace(scores=scores, best_member="bert")
    assert shortfall(cast("FittedEnsemble", SimpleNamespace(fit=fit))) == sentence


def test_movies_that_lack_a_modality_take_no_part_in_what_needs_it() -> None:
    odds, labels = made_up(200)
    have = {Modality.PLOT: np.ones(200, dtype=bool), Modality.POSTER: np.arange(200) >= 3}
    names = {"good": PLOT, "mediocre": POSTER, "useless": BOTH}
    broken = odds.copy()
    broken[:, :3] = 1000.0
    by_case = {BOTH: broken, PLOT: odds, POSTER: broken}
    fit = fit_ensemble(by_case, names, labels, have, QUICK)
    whole = fit_weights(odds[:, 3:], labels[3:], fit.strength)
    assert fit.combiner.cases[BOTH].weights == pytest.approx(whole.weights)
    assert fit.probs.shape == labels.shape
    have[Modality.POSTER][:] = False
    with pytest.raises(DataError, match="0 movies that the members can read in full; expected at"):
        fit_ensemble(by_case, names, labels, have, QUICK)


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match="unknown setting 'drawz'; did you mean"):
        CombiningConfig.parse({"drawz": 2}, "--set")
    with pytest.raises(ConfigError, match="genre_shrinkage"):
        CombiningConfig.parse({"genre_shrinkage": [0]}, "--set")
