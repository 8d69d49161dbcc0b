"""Exporting: a complete folder, its scores, its card, and an honest comparison of its files."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

import moviegenre
from moviegenre.apps.cli import main
from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.artifacts.folder import EXPORTED_FILES, is_exported
from moviegenre.artifacts.locate import weights_file
from moviegenre.artifacts.parity import FileParity, Parity
from moviegenre.core.errors import CheckpointError, ConfigError
from moviegenre.core.files import file_sha256
from moviegenre.core.types import SmallBackend, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import evaluate_predictions
from moviegenre.experiment.evaluate import evaluate
from moviegenre.experiment.export import export
from moviegenre.experiment.predictions import predict_split
from tests.tiny_checkpoints import POINT, save_tiny, tiny_checkpoint
from tests.tiny_movies import write_prepared

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return prepared movies, of which one has no plot and one no poster."""
    return write_prepared(tmp_path_factory.mktemp("data"), (4, 9, 6), incomplete=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, data: Path, bert_folder: Path) -> Path:
    """Return a trained early fusion with test predictions beside it."""
    folder = tmp_path_factory.mktemp("trained")
    path = save_tiny(folder, tiny_checkpoint("early_fusion", bert_folder, data))
    predictions = predict_split(load_checkpoint(path), PreparedData(data), Split.TEST)
    predictions.save(folder / f"predictions-test-{file_sha256(path)[:12]}-{'0' * 12}.npz")
    return path


WITH_BOTH = {*EXPORTED_FILES} - {"model.int4.onnx", "index.parquet"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, trained: Path) -> Path:
    """Return it exported, through the command line."""
    out = tmp_path_factory.mktemp("exported") / "fusion"
    arguments = ["export", "--checkpoint", str(trained), "--out", str(out), "--quiet"]
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--parity-movies", "8"])
    assert stopped.value.code == 0
    return out


def test_the_folder_is_complete(exported: Path) -> None:
    assert {path.name for path in exported.iterdir()} == WITH_BOTH
    assert list(exported.parent.iterdir()) == [exported]


def test_both_files_are_compared_with_the_model(exported: Path) -> None:
    report = json.loads((exported / "parity.json").read_text())
    assert report["num_movies"] == 8
    assert report["files"]["onnx"]["equal_decisions"] == 1.0
    assert report["files"]["onnx"]["largest_difference"] < 1e-5
    assert 0 < report["files"]["int8"]["largest_difference"] < 0.1
    assert report["f1_macro"] == report["files"]["onnx"]["f1_macro"]


def test_the_folder_answers_as_the_checkpoint_by_onnx(exported: Path, trained: Path) -> None:
    own, other = moviegenre.load(trained), moviegenre.load(exported)
    assert (own.backend.name, other.backend.name) == ("torch", "onnx")
    plots = ["the ghost", "a prank in the town", "tears"]
    np.testing.assert_allclose(own.predict_proba(plots), other.predict_proba(plots), atol=1e-5)
    assert moviegenre.load(exported, backend="int8").predict(plot="tears").thresholds == (
        own.predict(plot="tears").thresholds
    )


def test_scores_are_those_of_the_operating_point(exported: Path, trained: Path) -> None:
    scores = json.loads((exported / "metrics.json").read_text())
    data = PreparedData(load_checkpoint(trained).info.data_config.dir)
    predictions = predict_split(load_checkpoint(trained), data, Split.TEST)
    calibrated = type(predictions)(
        predictions.ids, predictions.genres, POINT.calibrate(predictions.probs), predictions.labels
    )
    expected = evaluate_predictions(calibrated, "early_fusion", "test", POINT.thresholds)
    assert scores["test"]["metrics"]["f1_macro"] == pytest.approx(expected.metrics["f1_macro"])
    assert scores["test"]["threshold"] == POINT.threshold_by_genre()
    assert scores["validation"] == {"metrics": {"f1_macro": 0.5, "roc_auc": 0.75}}


def test_the_card_says_what_there_is_to_say(exported: Path) -> None:
    card = (exported / "README.md").read_text("utf-8")
    _, front, text = card.split("---\n", 2)
    assert yaml.safe_load(front)["library_name"] == "moviegenre"
    for title in ("Use", "Data", "Intended use", "Limits", "Scores", "ONNX", "How it was made"):
        assert f"\n## {title}\n" in text
    assert "| F1-macro | 50.0 | " in text
    assert "| Horror | " in text
    assert "Compared with PyTorch on 8 movies (val split of " in text
    assert "plot and poster; either may be missing" in text


def test_an_exported_folder_is_evaluated_like_its_checkpoint(
    exported: Path, trained: Path, data: Path
) -> None:
    evaluation = evaluate(exported, Split.VAL, data_dir=data)
    assert evaluation.metrics == evaluate(trained, Split.VAL).metrics


def test_no_file_says_where_it_was_made(exported: Path, data: Path, bert_folder: Path) -> None:
    for path in exported.iterdir():
        content = path.read_bytes()
        for place in (data.parent, bert_folder.parent, ROOT, Path(sys.prefix)):
            assert str(place).encode() not in content, f"{path.name} names {place}"


def test_exporting_again_keeps_the_scores(exported: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    first = export(exported, out, onnx=False, progress=False)
    assert (first.parity, first.without_onnx) == (None, "")
    assert (out / "metrics.json").read_bytes() == (exported / "metrics.json").read_bytes()
    assert (out / "thresholds.json").read_bytes() == (exported / "thresholds.json").read_bytes()
    assert "There is no ONNX file." in (out / "README.md").read_text("utf-8")
    (out / "old.txt").write_text("of the earlier export")
    export(exported, out, onnx=False, progress=False)
    assert not (out / "old.txt").exists()


def test_a_folder_with_something_else_is_left_alone(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(ConfigError, match="is there and is no exported model; name a new folder"):
        export(trained, tmp_path, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_model_of_own_genres_is_left_alone(trained: Path, exported: Path, tmp_path: Path) -> None:
    adapted = Path(shutil.copytree(exported, tmp_path / "adapted"))
    config = json.loads((adapted / "config.json").read_text("utf-8"))
    (adapted / "config.json").write_text(json.dumps(config | {"adapted_from": {}}))
    with pytest.raises(ConfigError, match="your own genres, which an export does not replace"):
        export(trained, adapted, onnx=False, progress=False)


def test_a_model_that_onnx_does_not_know_is_exported_without(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_checkpoint: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("operator aten::odd is not supported\nand much more")

    monkeypatch.setattr("moviegenre.artifacts.export.export_onnx", fail)
    done = export(trained, tmp_path / "out", progress=False)
    assert done.without_onnx == (
        "early_fusion cannot be written as ONNX: operator aten::odd is not supported"
    )
    assert not list((tmp_path / "out").glob("*.onnx"))
    assert moviegenre.load(tmp_path / "out").backend.name == "torch"


@pytest.mark.parametrize("small", ["int8", "int4"])
def test_a_small_file_alone_can_answer_and_nothing_else(
    small: SmallBackend, trained: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "small"
    done = export(trained, out, only=small, parity_movies=5, progress=False)
    file = f"model.{small}.onnx"
    assert {path.name for path in out.iterdir()} == (
        WITH_BOTH - {"model.safetensors", "model.onnx", "model.int8.onnx"} | {file}
    )
    assert done.parity is not None
    assert list(done.parity.files) == [small]
    assert is_exported(out)
    assert weights_file(out) == out / file
    predictor = moviegenre.load(out)
    assert predictor.backend.name == small
    whole = moviegenre.load(trained).predict_proba(["the ghost", "tears"])
    np.testing.assert_allclose(predictor.predict_proba(["the ghost", "tears"]), whole, atol=0.1)
    for model in (out, out / file):
        scored = evaluate(model, Split.VAL, data_dir=data)  # through the ONNX file
        assert scored.num_movies == 9
        own = evaluate(trained, Split.VAL).metrics["roc_auc_micro"]
        assert scored.metrics["roc_auc_micro"] == pytest.approx(own, abs=0.1)
    with pytest.raises(CheckpointError, match=rf"has no model.safetensors.* only {file}; leave"):
        moviegenre.load(out, backend="torch")
    export(trained, out, onnx=False, progress=False)
    assert moviegenre.load(out).backend.name == "torch"


def test_half_the_size_gives_nearly_the_same_probabilities(trained: Path, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole", tmp_path / "half"
    export(trained, whole, onnx=False, progress=False)
    export(trained, half, onnx=False, half=True, progress=False)
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (whole, half)]
    assert sizes[1] < 0.6 * sizes[0]
    stored = load_file(half / "model.safetensors")
    assert {t.dtype for t in stored.values() if t.dim() > 1} == {torch.float16}
    assert torch.float16 not in {t.dtype for t in stored.values() if t.dim() < 2}
    answers = [
        moviegenre.load(path).predict_proba(["the ghost", "tears"]) for path in (whole, half)
    ]
    np.testing.assert_allclose(answers[1], answers[0], atol=0.01)
    assert not np.array_equal(answers[1], answers[0])
    with pytest.raises(ConfigError, match="`half` has no effect with `only` int4"):
        export(trained, half, half=True, only="int4", progress=False)


def test_four_bits_without_feed_forward_blocks_are_refused(
    data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    poster = save_tiny(tmp_path, tiny_checkpoint("resnet", bert_folder, data))
    with pytest.raises(ConfigError, match="weights that are stored in four bits; use `only` int8"):
        export(poster, tmp_path / "out", only="int4", parity_movies=0, progress=False)
    assert not (tmp_path / "out").exists()


def test_one_small_file_at_a_time(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["export", "--checkpoint", str(trained), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--int8-only", "--int4-only"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.strip() == (
        "error: --only int8 and --only int4 keep different weights; give one of them"
    )
    assert list(tmp_path.iterdir()) == []


def test_eight_bits_alone_must_be_there(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="`only` int8 and `onnx` off leave no weights"):
        export(trained, tmp_path / "out", onnx=False, only="int8")

    def fail(_checkpoint: Any, _path: Path) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr("moviegenre.artifacts.export.export_onnx", fail)
    with pytest.raises(ConfigError, match="as ONNX: no such operator; leave `only` out"):
        export(trained, tmp_path / "out", only="int8", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_movies_to_compare_on_must_have_the_models_genres_and_a_purpose(
    trained: Path, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="`parity_data` has no effect where no ONNX file is"):
        export(trained, tmp_path / "out", onnx=False, parity_data=data)
    other = write_prepared(tmp_path / "other", (2, 2, 2))
    (other / "genres.json").write_text('["Drama", "Horror", "Comedy", "War"]')
    with pytest.raises(CheckpointError, match=r"has Drama, Horror, Comedy, War; name data with"):
        export(trained, tmp_path / "out", parity_data=other, progress=False)
    assert not (tmp_path / "out").exists()


def test_what_is_promised_and_not_kept_is_told() -> None:
    files = {
        "onnx": FileParity(0.99, 0.1, 0.6, 0.0),
        "int8": FileParity(0.9, 0.2, 0.59, 0.01),
    }
    parity = Parity(1000, "val split of x", 0.6, files)
    assert parity.faults == [
        "model.onnx decides as the model does in 99.00% of all cases; expected at least 99.5%",
        "model.int8.onnx loses 1.00 points of F1-macro; expected at most 0.5",
    ]
    assert parity.to_json_dict()["kept"] is False
    kept = Parity(1000, "x", float("nan"), {"onnx": FileParity(0.996, 0.0, float("nan"), 0.0)})
    assert kept.faults == []
    assert kept.to_json_dict()["f1_macro"] is None
