"""Exported folders that only answer: scored, and fitted, through the file that ships."""

import json
from pathlib import Path

import numpy as np
import pytest

import moviegenre
from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.artifacts.locate import verify
from moviegenre.artifacts.open import open_model
from moviegenre.artifacts.parity import FileParity, Parity
from moviegenre.core.errors import CheckpointError, DataError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import Modality, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.tuning import TuningSettings
from moviegenre.experiment.export import export
from moviegenre.experiment.predictions import predict_split
from moviegenre.experiment.tuning import evaluate_tuned
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint
from tests.tiny_movies import write_prepared

FITTED = TuningSettings(thresholds="per-genre", calibration="platt")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_prepared(tmp_path_factory.mktemp("data"), (4, 24, 6), incomplete=True)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, data: Path, bert_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    return save_tiny(folder, tiny_checkpoint("early_fusion", bert_folder, data))


@pytest.fixture
def shipped(checkpoint: Path, tmp_path: Path) -> Path:
    out = tmp_path / "shipped"
    export(checkpoint, out, only="int8", parity_movies=20, progress=False)
    return out


@pytest.mark.parametrize("missing", [None, Modality.PLOT, Modality.POSTER])
def test_movies_are_read_in_order_and_as_in_training(
    shipped: Path, checkpoint: Path, data: Path, missing: Modality | None
) -> None:
    prepared = PreparedData(data)
    predictions = predict_split(open_model(shipped), prepared, Split.VAL, missing=missing)
    expected = predict_split(load_checkpoint(checkpoint), prepared, Split.VAL, missing=missing)
    assert list(predictions.ids) == list(expected.ids)
    assert predictions.probs == pytest.approx(expected.probs, abs=0.05)  # eight bits
    np.testing.assert_array_equal(predictions.labels, expected.labels)


def test_cuts_are_fitted_to_the_file_and_everything_beside_it_says_so(
    shipped: Path, data: Path
) -> None:
    before = {path.name for path in shipped.iterdir()}
    tuned = evaluate_tuned(shipped, Split.TEST, FITTED, data_dir=data)
    assert {path.name for path in shipped.iterdir()} == before  # no predictions are left there
    verify(shipped)
    point = OperatingPoint.read(shipped / "thresholds.json", PreparedData(data).genres)
    assert point.fitted["movies"] == 24
    assert set(point.without) == set(Modality)
    metrics = json.loads((shipped / "metrics.json").read_text("utf-8"))
    assert metrics["test"]["metrics"] == tuned.evaluation.to_json_dict()["metrics"]
    parity = json.loads((shipped / "parity.json").read_text("utf-8"))
    assert parity["num_movies"] == 20
    assert parity["files"]["int8"]["refitted"] is True
    lost = parity["f1_macro"] - parity["files"]["int8"]["f1_macro"]
    assert parity["files"]["int8"]["f1_macro_lost"] == pytest.approx(lost)
    card = (shipped / "README.md").read_text("utf-8")
    assert card.count("## Scores") == card.count("## ONNX") == 1
    assert "By genre, on test:" in card
    assert "Each F1-macro uses thresholds fitted" in card
    assert "## How it was made" in card
    assert moviegenre.load(shipped).point.thresholds == pytest.approx(point.thresholds)


def test_where_the_report_cannot_follow_nothing_is_changed(
    checkpoint: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "both"
    export(checkpoint, out, parity_movies=20, progress=False)
    (out / "model.safetensors").unlink()
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(DataError, match="compares onnx and int8; expected one file"):
        evaluate_tuned(out, Split.TEST, FITTED, data_dir=data)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_other_genres_are_refused(
    shipped: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = PreparedData(data)
    monkeypatch.setattr(prepared, "genres", GenreVocabulary(("Drama", "War")))
    with pytest.raises(CheckpointError, match=r"Drama, War; evaluate on data prepared with"):
        predict_split(open_model(shipped), prepared, Split.VAL)


def test_a_report_on_several_files_is_not_refitted() -> None:
    one = FileParity(1.0, 0.0, 0.5, 0.0)
    parity = Parity(10, "val", 0.5, {"onnx": one, "int8": one})
    with pytest.raises(DataError, match="compares onnx and int8; expected one file"):
        parity.refitted(0.4)
    alone = Parity(10, "val", 0.5, {"int8": one}).refitted(0.49)
    assert alone.files["int8"].f1_macro_lost == pytest.approx(0.01)
    assert Parity.from_json_dict(alone.to_json_dict()) == alone
    assert alone.faults == ["model.int8.onnx loses 1.00 points of F1-macro; expected at most 0.5"]
