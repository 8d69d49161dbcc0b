"""The closed forms give what fitting again and again gives."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as SklearnRidge

from moviegenre.adapt.ridge import Ridge, decompose

STRENGTHS = np.array([1.0, 10.0, 100.0])
FOLDS = np.arange(24) % 4


def films(num_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return centred features (24, F) and targets (24, 2) that the first feature decides."""
    random = np.random.default_rng(0)
    features = random.normal(size=(24, num_features))
    targets = np.sign(features[:, :1] * [3, 1] + random.normal(size=(24, 2)))
    return features - features.mean(axis=0), targets


def fitted(features: np.ndarray, targets: np.ndarray, strength: float) -> SklearnRidge:
    return SklearnRidge(alpha=strength).fit(features, targets)


@pytest.mark.parametrize("num_features", [5, 40])
def test_each_film_alone_is_predicted_as_by_a_fit_to_the_others(num_features: int) -> None:
    features, targets = films(num_features)
    errors = np.zeros((len(STRENGTHS), *targets.shape))
    for row in range(len(features)):
        others = np.arange(len(features)) != row
        for place, strength in enumerate(STRENGTHS):
            model = fitted(features[others], targets[others], strength)
            errors[place, row] = (targets[row] - model.predict(features[row : row + 1])[0]) ** 2
    ridge = Ridge(*decompose(features), targets, STRENGTHS)
    some = np.arange(len(features)) > 4
    assert ridge.best(some).tolist() == errors[:, some].mean(axis=1).argmin(axis=0).tolist()
    np.testing.assert_allclose(ridge.errors, errors, rtol=1e-6)


@pytest.mark.parametrize("num_features", [5, 40])
def test_each_fold_is_predicted_as_by_a_fit_to_the_others(num_features: int) -> None:
    features, targets = films(num_features)
    ridge = Ridge(*decompose(features), targets, STRENGTHS)
    expected = np.zeros_like(targets)
    for fold in range(4):
        unseen = np.equal(FOLDS, fold)
        seen = ~unseen
        for genre, place in enumerate(ridge.best(seen)):
            model = fitted(features[seen], targets[seen, genre], STRENGTHS[place])
            expected[unseen, genre] = model.predict(features[unseen])
    others = np.flatnonzero(FOLDS < 2)
    moved = features[others] + 0.5
    expected_moved = np.zeros((len(others), 2))
    for row, film in enumerate(others):
        seen = FOLDS[film] != FOLDS
        for genre, place in enumerate(ridge.best(seen)):
            model = fitted(features[seen], targets[seen, genre], STRENGTHS[place])
            expected_moved[row, genre] = model.predict(moved[row : row + 1])[0]
    own, variant = ridge.held_out(FOLDS, [(others, moved @ features.T)])
    np.testing.assert_allclose(own, expected, rtol=1e-6)
    np.testing.assert_allclose(variant, expected_moved, rtol=1e-6)


@pytest.mark.parametrize("num_features", [5, 40])
def test_the_weights_are_those_of_a_fit_to_all_films(num_features: int) -> None:
    features, targets = films(num_features)
    ridge = Ridge(*decompose(features), targets, STRENGTHS)
    best = ridge.best(np.ones(24, dtype=np.bool_))
    expected = [
        fitted(features, targets[:, genre], STRENGTHS[place]).coef_
        for genre, place in enumerate(best)
    ]
    np.testing.assert_allclose(features.T @ ridge.dual(), np.transpose(expected), rtol=1e-6)


def test_features_that_say_nothing_give_the_mean() -> None:
    targets = films(5)[1]
    ridge = Ridge(*decompose(np.zeros((24, 5))), targets, STRENGTHS)
    others = targets[FOLDS != 0].mean(axis=0)
    np.testing.assert_allclose(ridge.held_out(FOLDS)[0][0], others)
    assert ridge.dual().tolist() == np.zeros((24, 2)).tolist()
