"""The metrics' own rules: hand-worked values, undefined labels, thresholds, refusals."""

import time

import numpy as np
import pytest

from moviegenre.core.errors import MovieGenreError
from moviegenre.metrics import METRIC_NAMES, compute_metrics

PROBS = np.array([[0.9, 0.2, 0.6], [0.4, 0.7, 0.1], [0.8, 0.6, 0.3], [0.1, 0.4, 0.2]])
LABELS = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0], [0, 0, 0]])


def test_hand_worked_values() -> None:
    # Chosen: label 0 in movies 0, 2; label 1 in movies 1, 2; label 2 in movie 0.
    scores = compute_metrics(PROBS, LABELS, 0.5)
    assert scores.f1.tolist() == [0.5, 1.0, 1.0]
    assert scores.precision.tolist() == [0.5, 1.0, 1.0]
    assert scores.recall.tolist() == [0.5, 1.0, 1.0]
    assert scores.roc_auc.tolist() == [0.75, 1.0, 1.0]
    assert scores.average_precision == pytest.approx([(1 + 2 / 3) / 2, 1.0, 1.0])
    assert scores.support.tolist() == [2, 2, 1]
    assert scores.metrics["f1_macro"] == pytest.approx(2.5 / 3)
    assert scores.metrics["f1_micro"] == pytest.approx(8 / 10)
    assert scores.metrics["f1_samples"] == pytest.approx((1 + 2 / 3 + 2 / 3 + 0) / 4)
    assert scores.metrics["roc_auc"] == pytest.approx(2.75 / 3)
    assert scores.metrics["subset_accuracy"] == 0.5
    assert scores.metrics["hamming_loss"] == pytest.approx(2 / 12)
    assert scores.undefined == ()


def test_all_metrics_are_there_in_order() -> None:
    assert tuple(compute_metrics(PROBS, LABELS, 0.5).metrics) == METRIC_NAMES


def test_a_label_without_positives_is_left_out_and_named() -> None:
    labels = LABELS.copy()
    labels[:, 1] = 0
    scores = compute_metrics(PROBS, labels, 0.5)
    for values in (scores.f1, scores.precision, scores.recall, scores.roc_auc):
        assert np.isnan(values).tolist() == [False, True, False]
    assert np.isnan(scores.average_precision).tolist() == [False, True, False]
    assert scores.metrics["f1_macro"] == pytest.approx((0.5 + 1.0) / 2)
    assert scores.metrics["roc_auc"] == pytest.approx((0.75 + 1.0) / 2)
    assert scores.without_positives == (1,)
    assert scores.without_negatives == ()
    assert scores.undefined == (1,)


def test_choosing_a_label_without_positives_still_costs() -> None:
    labels = LABELS.copy()
    labels[:, 1] = 0
    careful = PROBS.copy()
    careful[:, 1] = 0.1
    careless, spared = compute_metrics(PROBS, labels, 0.5), compute_metrics(careful, labels, 0.5)
    assert careless.metrics["f1_macro"] == spared.metrics["f1_macro"]
    assert careless.metrics["f1_micro"] < spared.metrics["f1_micro"]
    assert careless.metrics["hamming_loss"] > spared.metrics["hamming_loss"]


def test_a_label_without_negatives_has_no_roc_auc_but_an_f1() -> None:
    labels = LABELS.copy()
    labels[:, 0] = 1
    scores = compute_metrics(PROBS, labels, 0.5)
    assert np.isnan(scores.roc_auc).tolist() == [True, False, False]
    assert scores.f1[0] == pytest.approx(2 * 2 / (2 * 2 + 2))
    assert scores.metrics["roc_auc"] == 1.0
    assert scores.without_negatives == (0,)
    assert scores.without_positives == ()


def test_a_label_never_chosen_counts_as_zero() -> None:
    scores = compute_metrics(np.full_like(PROBS, 0.1), LABELS, 0.5)
    assert scores.precision.tolist() == [0.0, 0.0, 0.0]
    assert scores.metrics["f1_macro"] == 0.0
    assert scores.undefined == ()


def test_nothing_defined_gives_nan_not_zero() -> None:
    scores = compute_metrics(PROBS, np.zeros_like(LABELS), 0.5)
    undefined = {name for name, value in scores.metrics.items() if np.isnan(value)}
    assert undefined == {"f1_macro", "roc_auc", "mean_average_precision", "roc_auc_micro"}
    assert scores.metrics["f1_micro"] == 0.0


def test_no_movies_score_nothing() -> None:
    scores = compute_metrics(np.zeros((0, 3)), np.zeros((0, 3)), 0.5)
    assert all(np.isnan(value) for value in scores.metrics.values())
    assert scores.num_movies == 0
    assert scores.without_positives == (0, 1, 2)
    for values in (scores.f1, scores.precision, scores.recall):
        assert np.isnan(values).tolist() == [True, True, True]
    for values in (scores.roc_auc, scores.average_precision):
        assert np.isnan(values).tolist() == [True, True, True]
    assert scores.support.tolist() == [0, 0, 0]
    assert scores.support.dtype == np.int64


def test_each_label_may_have_its_own_threshold() -> None:
    scores = compute_metrics(PROBS, LABELS, np.array([0.85, 0.5, 0.7]))
    assert scores.recall.tolist() == [0.5, 1.0, 0.0]
    assert scores.precision.tolist() == [1.0, 1.0, 0.0]


def test_a_probability_equal_to_the_threshold_is_chosen() -> None:
    assert compute_metrics(np.array([[0.5], [0.4]]), np.array([[1], [0]]), 0.5).f1.tolist() == [1.0]


def test_float32_probabilities_and_labels_as_training_gives_them() -> None:
    single = compute_metrics(PROBS.astype(np.float32), LABELS.astype(np.float32), 0.5)
    assert single.metrics == pytest.approx(compute_metrics(PROBS, LABELS, 0.5).metrics)


def test_a_diverged_training_is_named() -> None:
    probs = PROBS.copy()
    probs[1, 2] = np.nan
    with pytest.raises(MovieGenreError) as caught:
        compute_metrics(probs, LABELS, 0.5)
    assert str(caught.value) == (
        "the probabilities of 1 of 4 movies are not finite; expected numbers from 0 to 1; the "
        "training has diverged: lower its rates and train again"
    )


@pytest.mark.parametrize(
    ("probs", "labels", "message"),
    [
        (PROBS[:2], LABELS, "must have one shape"),
        (PROBS[0], LABELS[0], "must have one shape"),
        (PROBS * 3, LABELS, "expected 0 to 1"),
        (PROBS, LABELS * 2, "labels must be 0 or 1"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    probs: np.ndarray, labels: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        compute_metrics(probs, labels, 0.5)


def test_the_arguments_are_left_as_they_were() -> None:
    probs, labels = PROBS.copy(), LABELS.copy()
    compute_metrics(probs, labels, 0.5)
    assert (probs == PROBS).all()
    assert (labels == LABELS).all()


def test_a_validation_split_is_scored_within_a_second() -> None:
    generator = np.random.default_rng(0)
    probs = generator.random((2242, 20), dtype=np.float32)
    labels = (generator.random((2242, 20)) < 0.12).astype(np.float32)
    started = time.perf_counter()
    compute_metrics(probs, labels, 0.5)
    assert time.perf_counter() - started < 1.0  # 0.03 s on an idle core
