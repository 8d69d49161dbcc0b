"""Fitted thresholds: by hand, against scikit-learn, and the best on their own movies."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, fbeta_score, precision_recall_curve

from moviegenre.core.types import Goal, ThresholdRule
from moviegenre.evaluation.thresholds import Candidates, fit_thresholds
from tests.unit.evaluation.fake_runs import make_predictions

# Probabilities in tenths, so that ties are common.
TENTHS = st.integers(0, 10).map(lambda tenth: tenth / 10)


@st.composite
def answers(draw: st.DrawFn) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return probabilities and labels of a few movies and labels."""
    num_movies, num_labels = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    size = num_movies * num_labels
    probs = draw(st.lists(TENTHS, min_size=size, max_size=size))
    labels = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    shape = (num_movies, num_labels)
    return np.array(probs).reshape(shape), np.array(labels).reshape(shape)


def f1(probs: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], thresholds: object) -> float:
    chosen = probs >= np.asarray(thresholds)
    return float(2 * (chosen & (labels > 0)).sum() / max(1, chosen.sum() + labels.sum()))


def macro(
    probs: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], thresholds: object
) -> float:
    """Return the mean F1 of the labels that have positives."""
    thresholds = np.broadcast_to(np.asarray(thresholds), probs.shape[1])
    columns = np.flatnonzero(labels.any(axis=0))
    return float(np.mean([f1(probs[:, i], labels[:, i], thresholds[i]) for i in columns]))


def test_candidates_by_hand() -> None:
    probs, labels = np.array([0.2, 0.8, 0.4, 0.4]), np.array([0, 1, 1, 0], dtype=bool)
    candidates = Candidates.of(probs, labels)
    assert candidates.thresholds == pytest.approx([0.9, 0.6, 0.3, 0.1])
    assert candidates.chosen.tolist() == [0, 1, 3, 4], "equal probabilities go together"
    assert candidates.hits.tolist() == [0, 1, 2, 2]


def test_candidates_reach_every_decision_at_the_ends() -> None:
    candidates = Candidates.of(np.array([0.0, 1.0]), np.array([False, True]))
    assert candidates.thresholds.tolist() == [0.5, 0.0]
    edge = np.nextafter(1.0, 0.0)
    candidates = Candidates.of(np.array([edge]), np.array([True]))
    assert candidates.thresholds.tolist() == [1.0, edge / 2], "no number lies between the two"


def test_neighbouring_numbers_are_told_apart() -> None:
    low = 0.5  # half way to the next number rounds down to it
    high = np.nextafter(low, 1.0)
    candidates = Candidates.of(np.array([low, high]), np.array([False, True]))
    assert candidates.thresholds[1] == high
    assert candidates.hits[:2].tolist() == [0, 1]
    assert candidates.chosen[:2].tolist() == [0, 1]


def test_per_genre_by_hand() -> None:
    # Genre 0 wants a threshold below 0.4 (F1 1), genre 1 above 0.6 (F1 1); one for both is best
    # below 0.4: F1 1 and 2/3, rather than 2/3 and 1/2 or 2/3 and 1.
    probs = np.array([[0.9, 0.7], [0.4, 0.5], [0.2, 0.45]])
    labels = np.array([[1, 1], [1, 0], [0, 0]])
    assert fit_thresholds(probs, labels, "per-genre") == pytest.approx([0.3, 0.6])
    assert fit_thresholds(probs, labels, "0.5").tolist() == [0.5, 0.5]


def test_global_by_hand() -> None:
    # Between 0.7 and 0.8: F1 of genre 0 is 1, of genre 1 2/3. Lower thresholds gain nothing.
    probs = np.array([[0.9, 0.8], [0.7, 0.1], [0.3, 0.05]])
    labels = np.array([[1, 1], [0, 1], [0, 0]])
    assert fit_thresholds(probs, labels, "global") == pytest.approx([0.75, 0.75])


def test_the_best_of_equal_cuts_is_the_most_demanding() -> None:
    probs, labels = np.array([[0.9], [0.8], [0.7], [0.6]]), np.array([[1], [0], [0], [1]])
    # One chosen: 2 / 3. All four: 4 / 6.
    assert fit_thresholds(probs, labels, "per-genre") == pytest.approx([0.85])


def test_a_label_without_positives() -> None:
    probs = np.array([[0.9, 0.8], [0.4, 0.1], [0.1, 0.3]])
    labels = np.array([[1, 0], [1, 0], [0, 0]])
    assert fit_thresholds(probs, labels, "per-genre") == pytest.approx([0.25, 0.35])
    # For F1-micro every choice of it costs, so none is made.
    assert fit_thresholds(probs, labels, "per-genre", "f1_micro") == pytest.approx([0.25, 0.9])
    nothing = np.zeros_like(labels)
    assert fit_thresholds(probs, nothing, "per-genre").tolist() == [0.5, 0.5]


def test_shrinkage_pulls_rare_labels_to_the_global_threshold() -> None:
    predictions = make_predictions(1.0)
    own = fit_thresholds(predictions.probs, predictions.labels, "per-genre")
    shared = fit_thresholds(predictions.probs, predictions.labels, "global")
    shrunk = fit_thresholds(predictions.probs, predictions.labels, "per-genre", shrinkage=20.0)
    support = predictions.labels.sum(axis=0)
    np.testing.assert_allclose((shrunk - shared) / (own - shared), support / (support + 20))


@pytest.mark.parametrize("rule", ["global", "per-genre"])
@pytest.mark.parametrize("goal", ["f1_macro", "f1_micro"])
def test_the_score_of_the_goal_is_scikit_learn_s(rule: ThresholdRule, goal: Goal) -> None:
    predictions = make_predictions(1.5)
    fitted = fit_thresholds(predictions.probs, predictions.labels, rule, goal)
    average = goal.removeprefix("f1_")
    best = f1_score(predictions.labels, predictions.probs >= fitted, average=average)
    assert best > f1_score(predictions.labels, predictions.probs >= 0.5, average=average)
    for threshold in np.unique(predictions.probs)[::9]:
        assert (
            f1_score(predictions.labels, predictions.probs >= threshold, average=average)
            <= best + 1e-12
        )


def test_the_best_cut_of_a_genre_is_that_of_the_precision_recall_curve() -> None:
    predictions = make_predictions(1.5)
    fitted = fit_thresholds(predictions.probs, predictions.labels, "per-genre")
    for column, threshold in enumerate(fitted):
        truth, probs = predictions.labels[:, column], predictions.probs[:, column]
        precision, recall, _ = precision_recall_curve(truth, probs)
        best = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))
        assert f1_score(truth, probs >= threshold) == pytest.approx(best)


@given(answers())
def test_no_other_cuts_are_better_for_f1_macro(
    drawn: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]],
) -> None:
    probs, labels = drawn
    if not labels.any():
        return
    thresholds = np.arange(21) / 20
    shared = fit_thresholds(probs, labels, "global")
    best_shared = max(macro(probs, labels, threshold) for threshold in thresholds)
    assert macro(probs, labels, shared) == pytest.approx(best_shared, abs=1e-12)
    own = fit_thresholds(probs, labels, "per-genre")
    for column in np.flatnonzero(labels.any(axis=0)):
        one = probs[:, [column]], labels[:, [column]]
        best = max(macro(*one, threshold) for threshold in thresholds)
        assert macro(*one, own[column]) == pytest.approx(best, abs=1e-12)


@given(answers())
def test_no_other_cuts_are_better_for_f1_micro(
    drawn: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]],
) -> None:
    probs, labels = drawn
    own = fit_thresholds(probs, labels, "per-genre", "f1_micro")
    shared = fit_thresholds(probs, labels, "global", "f1_micro")
    tried = [[*np.unique(probs[:, i]), 1.0] for i in range(probs.shape[1])]
    best = max(f1(probs, labels, thresholds) for thresholds in product(*tried))
    assert ((own >= 0) & (own <= 1)).all()
    assert f1(probs, labels, own) == pytest.approx(best, abs=1e-12)
    best_shared = max(f1(probs, labels, threshold) for threshold in np.arange(21) / 20)
    assert f1(probs, labels, shared) == pytest.approx(best_shared, abs=1e-12)


@pytest.mark.parametrize("beta", [0.5, 0.8, 1.0, 2.0])
@pytest.mark.parametrize("rule", ["global", "per-genre"])
def test_the_best_f_beta_is_scikit_learn_s(rule: ThresholdRule, beta: float) -> None:
    movies = make_predictions(1.5)
    probs, labels = np.asarray(movies.probs, dtype=np.float64), np.asarray(movies.labels)
    fitted = fit_thresholds(probs, labels, rule, beta=beta)

    def mean(thresholds: npt.NDArray[np.float64]) -> float:
        chosen = probs >= thresholds
        return float(fbeta_score(labels, chosen, beta=beta, average="macro", zero_division=0))

    tried = [
        np.where(np.arange(len(fitted)) == column, level, fitted)
        for column in range(len(fitted))
        for level in np.linspace(0, 1, 41)
    ]
    if rule == "global":
        tried = [np.full(len(fitted), level) for level in np.linspace(0, 1, 201)]
    assert mean(fitted) >= max(map(mean, tried)) - 1e-12


def test_a_smaller_beta_chooses_fewer() -> None:
    movies = make_predictions(1.5)
    probs, labels = np.asarray(movies.probs, dtype=np.float64), np.asarray(movies.labels)
    counts = [
        int((probs >= fit_thresholds(probs, labels, "per-genre", beta=beta)).sum())
        for beta in (0.3, 1.0, 3.0)
    ]
    assert counts[0] < counts[1] < counts[2]


@given(answers())
def test_fitting_twice_gives_the_same(
    drawn: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]],
) -> None:
    probs, labels = drawn
    order = np.arange(len(probs))[::-1]
    goals: tuple[Goal, ...] = ("f1_macro", "f1_micro")
    for goal in goals:
        fitted = fit_thresholds(probs, labels, "per-genre", goal)
        again = fit_thresholds(probs[order], labels[order], "per-genre", goal)
        assert fitted.tolist() == again.tolist(), "whatever the order of the movies"
