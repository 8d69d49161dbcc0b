"""Calibration: measured as scikit-learn does, and fitted to where the truth is known."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from torchmetrics.functional.classification import binary_calibration_error

from moviegenre.core.decisions import log_odds
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import CalibrationMethod
from moviegenre.evaluation.calibration import (
    calibration_error,
    calibration_error_by_label,
    fit_calibration,
    reliability,
)
from moviegenre.losses import WeightedBCE

TRUE_SCALE, TRUE_SHIFT = np.array([0.5, 2.0]), np.array([-1.0, 0.7])
Pair = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]


def distorted(num_movies: int = 20_000, seed: int = 0) -> Pair:
    """Return probabilities that the true scale and shift would correct, and labels."""
    generator = np.random.default_rng(seed)
    odds = generator.normal(0, 2, (num_movies, 2))
    true = 1 / (1 + np.exp(-(TRUE_SCALE * odds + TRUE_SHIFT)))
    labels = (generator.random(true.shape) < true).astype(np.int64)
    return 1 / (1 + np.exp(-odds)), labels


def corrected(pair: Pair, method: CalibrationMethod) -> npt.NDArray[np.floating]:
    scale, shift = fit_calibration(*pair, method)
    genres = GenreVocabulary(("Drama", "Horror"))
    return OperatingPoint(genres, np.full(2, 0.5), scale, shift, {}).calibrate(pair[0])


def test_reliability_by_hand() -> None:
    probs, labels = np.array([0.1, 0.3, 0.5, 1.0]), np.array([0, 1, 0, 1])
    diagram = reliability(probs, labels, num_bins=2)
    assert diagram.counts.tolist() == [2, 2], "0.5 begins the upper half; 1 is in it"
    assert diagram.predicted == pytest.approx([0.2, 0.75])
    assert diagram.observed == pytest.approx([0.5, 0.5])


def test_reliability_is_scikit_learn_s_curve() -> None:
    probs, labels = distorted(3000)
    diagram = reliability(probs[:, 0], labels[:, 0], num_bins=10)
    observed, predicted = calibration_curve(labels[:, 0], probs[:, 0], n_bins=10)
    assert diagram.observed == pytest.approx(observed)
    assert diagram.predicted == pytest.approx(predicted)


def test_empty_bins_are_undefined() -> None:
    diagram = reliability(np.array([0.05]), np.array([1]), num_bins=2)
    assert np.isnan([diagram.predicted[1], diagram.observed[1]]).all()
    assert diagram.counts.tolist() == [1, 0]


def test_the_error_by_hand() -> None:
    # Bins of 1/15: 0.7 is in [0.667, 0.733), 0.1 in [0.067, 0.133). |0.7 - 1/2| of two, |0.1 - 0|
    # of one.
    probs, labels = np.array([0.7, 0.7, 0.1]), np.array([1, 0, 0])
    assert calibration_error(probs, labels) == pytest.approx((2 * 0.2 + 0.1) / 3)


def test_the_error_is_torchmetrics() -> None:
    probs, labels = distorted(3000)
    scores, truth = torch.from_numpy(probs), torch.from_numpy(labels)
    expected = binary_calibration_error(scores.flatten(), truth.flatten(), n_bins=15)
    assert calibration_error(probs, labels) == pytest.approx(float(expected))
    by_label = calibration_error_by_label(probs, labels)
    second = scores[:, 1].contiguous(), truth[:, 1].contiguous()
    assert by_label[1] == pytest.approx(float(binary_calibration_error(*second, n_bins=15)))


def test_the_bin_of_the_highest_probabilities_holds_one() -> None:
    # 0.96 and 1 share a bin: |0.98 - 1/2|. torchmetrics would count them apart.
    assert calibration_error(np.array([0.96, 1.0]), np.array([1, 0])) == pytest.approx(0.48)


def test_nothing_has_no_error() -> None:
    assert np.isnan(calibration_error(np.zeros((0, 2)), np.zeros((0, 2))))


def test_platt_recovers_scale_and_shift() -> None:
    probs, labels = distorted()
    scale, shift = fit_calibration(probs, labels, "platt")
    assert scale == pytest.approx(TRUE_SCALE, abs=0.1)
    assert shift == pytest.approx(TRUE_SHIFT, abs=0.1)
    assert calibration_error(probs, labels) > 0.06
    assert calibration_error(corrected((probs, labels), "platt"), labels) < 0.01


def test_platt_is_logistic_regression() -> None:
    probs, labels = distorted()
    scale, shift = fit_calibration(probs, labels, "platt")
    for column in range(2):
        regression = LogisticRegression(C=np.inf, tol=1e-8)
        regression.fit(log_odds(probs[:, [column]]), labels[:, column])
        # Platt's targets are not quite 0 and 1, which 20,000 movies hardly notice.
        assert scale[column] == pytest.approx(regression.coef_[0, 0], abs=5e-3)
        assert shift[column] == pytest.approx(regression.intercept_[0], abs=5e-3)


def test_platt_comes_near_to_isotonic_regression_on_log_odds() -> None:
    probs, labels = distorted()
    platt = corrected((probs, labels), "platt")
    for column in range(2):
        isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        free = isotonic.fit_transform(probs[:, column], labels[:, column])
        assert np.abs(platt[:, column] - free).mean() < 0.015


def test_temperature_recovers_one_scale() -> None:
    generator = np.random.default_rng(0)
    odds = generator.normal(0, 1.5, (20_000, 2))
    labels = (generator.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    overconfident = 1 / (1 + np.exp(-3 * odds))
    scale, shift = fit_calibration(overconfident, labels, "temperature")
    assert scale == pytest.approx([1 / 3, 1 / 3], abs=0.01)
    assert shift.tolist() == [0, 0]
    assert scale[0] == scale[1]


def test_the_weights_correction_undoes_a_weighted_loss() -> None:
    # One movie in five has the genre. With a weight of 6 the loss is smallest at odds of 6 / 4.
    labels = torch.tensor([[1.0], [0.0], [0.0], [0.0], [0.0]])
    logit = torch.log(torch.tensor([6 / 4])).requires_grad_()
    WeightedBCE(torch.tensor([6.0]))(logit.expand(5, 1), labels).backward()
    assert logit.grad is not None
    assert float(logit.grad) == pytest.approx(0, abs=1e-6)
    weighted = torch.sigmoid(logit).detach().numpy()[None]
    scale, shift = fit_calibration(weighted, np.ones((1, 1)), "weights", np.array([6.0]))
    point = OperatingPoint(GenreVocabulary(("Drama",)), np.full(1, 0.5), scale, shift, {})
    assert point.calibrate(weighted)[0, 0] == pytest.approx(1 / 5)


def test_nothing_is_corrected_without_need() -> None:
    probs, labels = distorted(50)
    scale, shift = fit_calibration(probs, labels, "none")
    assert scale.tolist() == [1, 1]
    assert shift.tolist() == [0, 0]


@pytest.mark.parametrize("method", ["temperature", "platt"])
@pytest.mark.parametrize("value", [0, 1])
def test_labels_that_are_all_alike_leave_their_column_as_it_is(
    method: CalibrationMethod, value: int
) -> None:
    probs, labels = distorted(200)
    labels[:, 0] = value
    if method == "temperature":
        labels[:] = value
    scale, shift = fit_calibration(probs, labels, method)
    assert (scale[0], shift[0]) == (1, 0)


def test_a_genre_ranked_the_wrong_way_round_keeps_its_order() -> None:
    probs, labels = distorted(2000)
    scale, shift = fit_calibration(probs, 1 - labels, "platt")
    assert (scale > 0).all()
    frequencies = 1 - labels.mean(axis=0)
    mean_probs = corrected((probs, 1 - labels), "platt").mean(axis=0)
    assert mean_probs == pytest.approx(frequencies, abs=0.02)
    assert np.isfinite(shift).all()


def test_perfect_separation_stays_finite() -> None:
    probs = np.array([[0.8], [0.7], [0.6], [0.2], [0.1]])
    labels = np.array([[1], [1], [1], [0], [0]])
    scale, shift = fit_calibration(probs, labels, "platt")
    point = OperatingPoint(GenreVocabulary(("Drama",)), np.full(1, 0.5), scale, shift, {})
    calibrated = point.calibrate(probs)[:, 0]
    # Platt's targets are 4/5 and 1/4: nothing is called certain. The fit keeps their mean.
    assert calibrated.mean() == pytest.approx((3 * 4 / 5 + 2 * 1 / 4) / 5)
    assert calibrated.min() > 0.15
    assert calibrated.max() < 0.9
