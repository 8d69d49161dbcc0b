"""Regressions find what is there to find, are calibrated, and refuse nothing silently."""

import numpy as np
import pytest

from moviegenre.adapt.regression import (
    Variant,
    calibrate_and_choose,
    fit_regressions,
    fold_of_each,
)
from moviegenre.core.decisions import from_log_odds
from moviegenre.core.types import Modality


def linear_films(num_films: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return features (N, 30) and labels (N, 3) that three of them and a bit of chance make."""
    random = np.random.default_rng(seed)
    features = random.normal(2.0, 3.0, (num_films, 30)).astype(np.float32)
    odds = features[:, :3] - 2 + random.normal(0, 0.5, (num_films, 3)) - np.array([0, 2, 4])
    return features, (odds > 0).astype(np.float32)


def test_regressions_learn_what_features_say() -> None:
    features, labels = linear_films(300)
    fitted = fit_regressions(features, labels)
    unseen, truth = linear_films(2000, seed=1)
    chosen = from_log_odds(fitted.regressions.logits(unseen)) >= fitted.thresholds
    assert (chosen == (truth > 0)).mean() > 0.9
    assert (fitted.chosen == (labels > 0)).mean() > 0.88


def test_probabilities_are_calibrated() -> None:
    features, labels = linear_films(600)
    fitted = fit_regressions(features, labels)
    unseen, truth = linear_films(4000, seed=2)
    probs = from_log_odds(fitted.regressions.logits(unseen))
    np.testing.assert_allclose(probs.mean(axis=0), truth.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(fitted.held_out.mean(axis=0), labels.mean(axis=0), atol=0.03)


def test_films_without_a_modality_are_calibrated() -> None:
    """Features that lack what decides give a shifted, blurred answer; the point corrects it."""
    features, labels = linear_films(600)
    lacking = features.copy()
    lacking[:, 0] = 0
    rows = np.arange(0, 600, 2)
    fitted = fit_regressions(features, labels, {Modality.POSTER: Variant(rows, lacking[rows])})
    point = fitted.without[Modality.POSTER]
    unseen, truth = linear_films(4000, seed=3)
    unseen[:, 0] = 0
    logits = fitted.regressions.logits(unseen)
    probs = from_log_odds(logits * point.scale + point.shift)
    share = truth.mean(axis=0)
    assert abs(from_log_odds(logits).mean(axis=0)[0] - share[0]) > 0.1, "as it is"
    np.testing.assert_allclose(probs.mean(axis=0), share, atol=0.04)
    assert point.scale[0] < 0.5, "much less sure of the genre that the lacking part decides"
    assert point.chosen.shape == (300, 3)


def test_noise_gives_the_prior() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(200, 50)).astype(np.float32)
    labels = (random.random((200, 2)) < [0.5, 0.2]).astype(np.float32)
    probs = from_log_odds(fit_regressions(features, labels).regressions.logits(features))
    assert np.abs(probs - labels.mean(axis=0)).max() < 0.35


def test_a_constant_feature_and_a_single_genre_do_no_harm() -> None:
    features, labels = linear_films(100)
    features[:, 5] = 7.0
    fitted = fit_regressions(features, labels[:, :1])
    assert fitted.regressions.weight.shape == (30, 1)
    assert np.isfinite(fitted.regressions.logits(features)).all()
    assert fitted.regressions.weight[5, 0] == pytest.approx(0)


def test_held_out_choices_do_not_look_at_their_own_fold() -> None:
    scores, labels = np.zeros((50, 1)), np.zeros((50, 1), dtype=np.float32)
    folds = fold_of_each(50)
    labels[folds == 0] = 1
    labels[np.flatnonzero(folds == 1)[:2]] = 1
    probs, _ = calibrate_and_choose(scores, labels)
    assert probs[folds == 0].max() < 0.15, "only 2 of the 40 others have it"
    assert sorted(np.bincount(folds)) == [10, 10, 10, 10, 10]
