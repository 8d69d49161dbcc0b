"""Predictions on disk and the JSON contract of an evaluation."""

import json
from pathlib import Path

import numpy as np
import pytest

from moviegenre.core.errors import DataError
from moviegenre.evaluation.results import Predictions, evaluate_predictions
from tests.unit.evaluation.fake_runs import GENRES, make_labels, make_predictions


def test_predictions_are_the_same_after_saving(tmp_path: Path) -> None:
    saved = make_predictions(1.0)
    saved.save(tmp_path / "new" / "bert.npz")
    loaded = Predictions.load(tmp_path / "new" / "bert.npz")
    assert loaded.ids == saved.ids
    assert loaded.genres == GENRES
    assert loaded.probs.dtype == np.float32
    assert np.array_equal(loaded.probs, saved.probs)
    assert np.array_equal(loaded.labels, saved.labels)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["bert.npz"]


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bert.npz"
    path.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError, match=r"does not hold predictions .* evaluate again"):
        Predictions.load(path)
    np.savez(path, ids=np.array(["1"]))
    with pytest.raises(DataError, match="does not hold predictions"):
        Predictions.load(path)


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bert.npz"
    harmful = np.array([{"an": "object"}], dtype=object)
    np.savez(path, ids=harmful, genres=harmful, probs=harmful, labels=harmful)
    with pytest.raises(DataError, match="allow_pickle=False"):
        Predictions.load(path)


def test_a_missing_file_names_its_sibling(tmp_path: Path) -> None:
    make_predictions(1.0).save(tmp_path / "bert.npz")
    with pytest.raises(DataError, match=r'did you mean ".*bert\.npz"'):
        Predictions.load(tmp_path / "bart.npz")


def test_shapes_must_fit() -> None:
    with pytest.raises(DataError, match=r"1 ids and 4 genres, but probabilities \(2, 4\)"):
        Predictions(("1",), GENRES, np.zeros((2, 4)), np.zeros((1, 4)))


def test_the_json_contract_by_key() -> None:
    evaluation = evaluate_predictions(make_predictions(1.0), "bert", "test", 0.5)
    plain = evaluation.to_json_dict()
    assert {"model", "split", "num_movies", "threshold", "metrics", "per_genre"} <= set(plain)
    assert (plain["model"], plain["split"], plain["num_movies"]) == ("bert", "test", 120)
    assert plain["threshold"] == 0.5
    assert {
        "f1_macro",
        "f1_micro",
        "f1_samples",
        "roc_auc",
        "mean_average_precision",
        "subset_accuracy",
        "hamming_loss",
    } <= set(plain["metrics"])
    assert all(0 <= value <= 1 for value in plain["metrics"].values())
    assert list(plain["per_genre"]) == list(GENRES)
    for scores in plain["per_genre"].values():
        assert {"f1", "precision", "recall", "roc_auc", "support"} <= set(scores)
        assert isinstance(scores["support"], int)
    assert plain["undefined"] == {}
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_undefined_values_are_null_and_named() -> None:
    labels = make_labels()
    labels[:, 3] = 0
    labels[:, 0] = 1
    evaluation = evaluate_predictions(make_predictions(1.0, labels), "bert", "val", 0.5)
    plain = json.loads(json.dumps(evaluation.to_json_dict(), allow_nan=False))
    assert plain["per_genre"]["Musical"] == {
        "f1": None,
        "precision": None,
        "recall": None,
        "roc_auc": None,
        "average_precision": None,
        "support": 0,
    }
    assert plain["per_genre"]["Drama"]["roc_auc"] is None
    assert plain["per_genre"]["Drama"]["f1"] is not None
    assert plain["undefined"] == {
        "Musical": "no movie of the split has it",
        "Drama": "every movie of the split has it",
    }


def test_thresholds_by_genre_are_kept_by_genre() -> None:
    thresholds = np.array([0.25, 0.5, 0.5, 0.75])
    plain = evaluate_predictions(make_predictions(1.0), "bert", "test", thresholds).to_json_dict()
    assert plain["threshold"] == {"Drama": 0.25, "Horror": 0.5, "War": 0.5, "Musical": 0.75}
