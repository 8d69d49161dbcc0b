"""What fitting on validation gains, in sample and cross-validated, and the command's arguments."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from moviegenre.core.errors import ConfigError, DataError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.evaluation.results import Predictions
from moviegenre.evaluation.tuned import tuned_result
from moviegenre.evaluation.tuning import NUM_FOLDS, TuningSettings, _folds, tune
from tests.unit.evaluation.fake_runs import GENRES, make_labels, make_predictions

LABELS = make_labels(400, seed=3)
# Probabilities that are too low, and say nothing of the rarest genre.
SHIFT = -1.5


def shifted(num_movies: int = 400, seed: int = 2) -> Predictions:
    predictions = make_predictions(0.8, LABELS[:num_movies], seed)
    odds = np.log(predictions.probs) - np.log1p(-predictions.probs) + SHIFT
    odds[:, 3] = np.random.default_rng(seed).normal(-2, 1, num_movies)
    return Predictions(predictions.ids, GENRES, 1 / (1 + np.exp(-odds)), predictions.labels)


def test_the_three_scores_are_what_they_say() -> None:
    predictions = shifted()
    tuning = tune(predictions, TuningSettings("per-genre", shrinkage=0))
    at_half = f1_score(predictions.labels, predictions.probs >= 0.5, average=None)
    assert tuning.before.f1 == pytest.approx(at_half)
    assert tuning.before.f1_macro == pytest.approx(at_half.mean())
    best = f1_score(predictions.labels, predictions.probs >= tuning.point.thresholds, average=None)
    assert tuning.in_sample.f1 == pytest.approx(best)
    assert tuning.in_sample.f1_macro >= tuning.cross_validated.f1_macro
    assert tuning.cross_validated.f1_macro > tuning.before.f1_macro + 0.1
    assert tuning.gain("f1_macro") == pytest.approx(
        tuning.cross_validated.f1_macro - tuning.before.f1_macro
    )
    assert tuning.support.tolist() == predictions.labels.sum(axis=0).tolist()


def test_what_cannot_be_known_is_not_gained() -> None:
    # The rarest genre's probabilities are noise: fitting seems to find something, folds do not.
    tuning = tune(shifted(), TuningSettings("per-genre", shrinkage=0))
    chosen_always = 2 * tuning.support[3] / (tuning.support[3] + 400)
    assert tuning.in_sample.f1[3] > chosen_always
    assert tuning.cross_validated.f1[3] < tuning.in_sample.f1[3]


def test_calibration_is_cross_validated_too() -> None:
    tuning = tune(shifted(), TuningSettings(calibration="platt"))
    assert tuning.point.thresholds.tolist() == [0.5] * 4
    assert tuning.before.ece > 2 * tuning.cross_validated.ece
    assert tuning.point.fitted == {
        "on": "val",
        "movies": 400,
        "thresholds": "0.5",
        "calibration": "platt",
    }


def test_the_weights_of_the_loss_need_no_movies() -> None:
    weights = np.full(4, np.exp(SHIFT))
    tuning = tune(shifted(), TuningSettings(calibration="weights"), weights)
    assert tuning.point.shift == pytest.approx([-SHIFT] * 4)
    assert tuning.in_sample.ece == tuning.cross_validated.ece


def test_a_point_says_how_it_was_fitted_and_survives_its_file(tmp_path: Path) -> None:
    predictions = shifted()
    point = tune(predictions, TuningSettings("per-genre", "f1_micro", "platt")).point
    path = tmp_path / "thresholds.json"
    point.write(path)
    again = OperatingPoint.read(path, GenreVocabulary(GENRES))
    assert again.fitted["goal"] == "f1_micro"
    assert again.fitted["calibration"] == "platt"
    expected = point.decide(point.calibrate(predictions.probs))
    assert (again.decide(again.calibrate(predictions.probs)) == expected).all()


def test_folds_hold_every_movie_once_and_are_the_same_for_all() -> None:
    folds = _folds(23)
    assert len(folds) == NUM_FOLDS
    assert sorted(np.concatenate(folds).tolist()) == list(range(23))
    assert {len(fold) for fold in folds} == {4, 5}
    assert [f.tolist() for f in _folds(23)] == [f.tolist() for f in folds]


def test_too_few_movies_are_refused() -> None:
    with pytest.raises(DataError, match="validation has 4 movies; expected at least 5 to fit"):
        tune(shifted(4), TuningSettings("global"))


def test_json_names_what_overfits() -> None:
    tuning = tune(shifted(), TuningSettings("per-genre"))
    content = json.loads(json.dumps(tuning.to_json_dict(), allow_nan=False))
    assert content["folds"] == 5
    assert set(content["before"]) == {"f1_macro", "f1_micro", "ece"}
    drama = content["f1_by_genre"]["Drama"]
    assert drama["support"] == int(LABELS[:, 0].sum())
    assert drama["threshold"] == tuning.point.thresholds[0]
    assert drama["cross_validated"] == pytest.approx(tuning.cross_validated.f1[0])


def test_settings_are_read_from_words() -> None:
    assert TuningSettings.parse(None, None, None) == TuningSettings()
    assert not TuningSettings.parse("0.5", None, "none").fits
    settings = TuningSettings.parse("global", "f1_micro", "platt")
    assert (settings.thresholds, settings.goal, settings.calibration) == (
        "global",
        "f1_micro",
        "platt",
    )
    assert settings.fits
    assert TuningSettings.parse(None, None, "temperature").fits


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        TuningSettings.parse("per_genre", "f1", "plat")
    assert str(caught.value) == (
        "unknown `thresholds` 'per_genre'; did you mean \"per-genre\"? "
        "(known: 0.5, global, per-genre); "
        "unknown `goal` 'f1'; known: f1_macro, f1_micro; "
        "unknown `calibrate` 'plat'; did you mean \"platt\"? "
        "(known: none, platt, temperature, weights)"
    )


def test_a_goal_without_a_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="`goal` has no effect without `thresholds`"):
        TuningSettings.parse(None, "f1_micro", "platt")


def test_a_tuned_result_has_both_goals() -> None:
    val, test = shifted(), shifted(seed=9)
    tuned = tuned_result(test, val)
    assert tuned is not None
    assert tuned.macro.f1_macro > tuned.before.f1_macro + 0.05
    assert tuned.micro.f1_micro > tuned.before.f1_micro + 0.05
    assert tuned.macro.ece < tuned.before.ece
    content = tuned.to_json_dict()
    assert content["f1_macro"]["f1_macro"] == pytest.approx(tuned.macro.f1_macro)
    assert content["f1_micro"]["cross_validated"]["folds"] == 5
    assert content["ece"] == {"before": tuned.before.ece, "after": tuned.macro.ece}


def test_without_validation_nothing_is_tuned() -> None:
    assert tuned_result(shifted(), None) is None
    assert tuned_result(shifted(), shifted(4)) is None
