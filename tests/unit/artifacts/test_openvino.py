"""OpenVINO answers as ONNX Runtime does, and computes where it is faster."""

import subprocess
import sys
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moviegenre.artifacts import fastest
from moviegenre.artifacts.example_batch import example_batch
from moviegenre.artifacts.folder import ONNX_FILE
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.onnx_export import export_onnx
from moviegenre.artifacts.onnx_model import OnnxModel
from moviegenre.artifacts.open import open_model
from moviegenre.artifacts.openvino_engine import OpenVinoEngine
from moviegenre.artifacts.torch_folder import seal, write_exported
from moviegenre.artifacts.trained import FAST_FIRST, Answer
from moviegenre.core.errors import CheckpointError, MissingExtraError
from moviegenre.core.extras import is_installed
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays
from tests.tiny_checkpoints import tiny_checkpoint
from tests.tiny_movies import tiny_movies, tiny_tokenizer

NAMES = ("cnn", "resnet", "bert", "lstm", "early_fusion", "attention_fusion", "wide_deep")


@pytest.fixture
def needs_openvino() -> None:
    """Skip a test where OpenVINO has no wheel."""
    if not is_installed("openvino"):  # importing it here would report it to its makers
        pytest.skip("OpenVINO is not installed")


@pytest.fixture
def folder(tmp_path: Path, bert_folder: Path) -> Path:
    """Return an exported folder with a ``model.onnx``, and use an empty cache."""
    return export(tmp_path / "exported", "early_fusion", bert_folder)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a cache without earlier measurements."""
    monkeypatch.setenv("MOVIEGENRE_CACHE", str(tmp_path / "cache"))


def export(folder: Path, name: str, bert_folder: Path) -> Path:
    """Write an exported folder with the ONNX file of a tiny model."""
    model = tiny_checkpoint(name, bert_folder)
    write_exported(folder, model, {})
    export_onnx(model, folder / ONNX_FILE)
    seal(folder, model.info)
    return folder


def films(number: int = 6) -> BatchArrays:
    """Return films for the tiny models; some have no plot or no poster."""
    return tiny_movies(number, seed=3).tensors(tiny_tokenizer()).batch(range(number))


@pytest.mark.usefixtures("needs_openvino")
@pytest.mark.parametrize("name", NAMES)
def test_it_answers_as_onnx_runtime_does(name: str, tmp_path: Path, bert_folder: Path) -> None:
    folder = export(tmp_path / name, name, bert_folder)
    model = open_model(folder, backends=("openvino",))
    rival = open_model(folder, backends=("onnx",))
    assert (model.name, rival.name) == ("openvino", "onnx")
    batch = films()
    for given in (batch, *(batch.without(one) for one in model.info.modalities)):
        expected, answer = rival.answer(given), model.answer(given)
        assert np.abs(answer.logits - expected.logits).max() < 0.05  # bf16 has three digits
        assert np.abs(expected.logits).max() > 0.1
        assert (answer.gate is None) == (expected.gate is None)


@pytest.mark.usefixtures("needs_openvino")
def test_a_film_has_the_same_answer_in_any_company_and_with_any_threads(folder: Path) -> None:
    batch = films()
    alone = open_model(folder, backends=("openvino",), threads=1)
    expected = np.concatenate([alone.logits(batch.film(row)) for row in range(batch.size)])
    for bulk, threads in ((False, 1), (False, 2), (True, 1), (True, 2)):
        model = open_model(folder, backends=("openvino",), bulk=bulk, threads=threads)
        assert np.array_equal(model.logits(batch), expected)


@pytest.mark.usefixtures("needs_openvino")
def test_the_first_call_is_made_before_films_are_computed_side_by_side(folder: Path) -> None:
    model = open_model(folder, backends=("openvino",), bulk=True, threads=2)
    assert isinstance(model, OnnxModel)
    assert isinstance(model._engine, OpenVinoEngine)
    assert hasattr(model._engine._requests, "own")  # of two first calls, both may wait for ever


@pytest.mark.usefixtures("needs_openvino")
def test_it_is_measured_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastest, "_LEAST_BYTES", 0)
    measured: list[Path] = []

    def faster(file: Path, info: ModelInfo) -> str:
        measured.append(file)
        return "openvino" if len(measured) == 1 else "onnx"

    monkeypatch.setattr(fastest, "_faster", faster)
    assert [open_model(folder, backends=FAST_FIRST).name for _ in range(3)] == ["openvino"] * 3
    assert measured == [folder / ONNX_FILE]
    monkeypatch.setattr(fastest, "num_cores", lambda: 64)  # as on another machine
    assert open_model(folder, backends=FAST_FIRST).name == "onnx"
    assert len(measured) == 2


@pytest.mark.usefixtures("needs_openvino")
def test_a_measurement_that_cannot_be_kept_is_not_made(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastest, "_LEAST_BYTES", 0)
    monkeypatch.setattr(fastest, "_faster", lambda *_: pytest.fail("it was measured"))
    (tmp_path / "file").touch()
    monkeypatch.setenv("MOVIEGENRE_CACHE", str(tmp_path / "file" / "cache"))
    assert open_model(folder, backends=FAST_FIRST).name == "onnx"


@pytest.mark.usefixtures("needs_openvino")
@pytest.mark.parametrize(("ours", "rivals"), [(1.0, 1.0), (1.0, 2.0), (2.0, 1.0)])
def test_the_faster_engine_computes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ours: float, rivals: float
) -> None:
    monkeypatch.setattr(fastest, "_LEAST_BYTES", 0)
    seconds = {"openvino": ours, "onnx": rivals}
    monkeypatch.setattr(fastest, "_seconds", lambda model, _: seconds[model.name])
    expected = "openvino" if ours <= rivals else "onnx"
    assert open_model(folder, backends=FAST_FIRST).name == expected


@pytest.mark.usefixtures("needs_openvino")
@pytest.mark.parametrize("answer", [lambda logits: logits + 0.2, lambda logits: logits * nan, None])
def test_an_engine_that_answers_differently_or_fails_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Any], Any] | None
) -> None:
    monkeypatch.setattr(fastest, "_LEAST_BYTES", 0)
    monkeypatch.setattr(fastest, "_seconds", lambda model, _: float(model.name == "onnx"))
    real = OnnxModel.answer

    def changed(self: OnnxModel, batch: BatchArrays) -> Answer:
        if self.name == "openvino" and answer is None:
            raise CheckpointError("an operator is not supported")
        answered = real(self, batch)
        if self.name == "openvino" and answer is not None:
            answered = Answer(answer(answered.logits), answered.gate)
        return answered

    assert open_model(folder, backends=FAST_FIRST).name == "openvino"
    monkeypatch.setattr(OnnxModel, "answer", changed)
    monkeypatch.setattr(fastest, "num_cores", lambda: 64)  # measured anew
    assert open_model(folder, backends=FAST_FIRST).name == "onnx"


def test_a_small_model_is_not_measured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastest, "_faster", lambda *_: pytest.fail("it was measured"))
    assert open_model(folder, backends=FAST_FIRST).name == "onnx"


def test_it_has_to_be_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastest, "_LEAST_BYTES", 0)
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert open_model(folder, backends=FAST_FIRST).name == "onnx"
    with pytest.raises(MissingExtraError, match=r"`backend` openvino needs .*\[openvino\]"):
        open_model(folder, backends=("openvino",))


@pytest.mark.usefixtures("needs_openvino")
def test_a_damaged_file_is_named(folder: Path) -> None:
    info = open_model(folder, backends=("onnx",)).info
    damaged = folder / "damaged.onnx"
    damaged.write_bytes((folder / ONNX_FILE).read_bytes()[:-2000])
    with pytest.raises(
        CheckpointError, match=r"damaged\.onnx cannot be read by OpenVINO: .*use `b"
    ):
        OnnxModel(damaged, info, "openvino")


PREDICT = """
import sys

import moviegenre

predictor = moviegenre.load(sys.argv[1], backend="openvino")
predictor.predict("the ghost")
print(predictor.backend.name, "openvino_telemetry" in sys.modules)
"""


@pytest.mark.usefixtures("needs_openvino")
def test_a_prediction_sends_and_keeps_nothing(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "MOVIEGENRE_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", PREDICT, str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert ended.stdout == "openvino False\n"
    assert not list(home.rglob("*"))


def test_it_reads_posters_where_the_model_does(bert_folder: Path) -> None:
    for name, expected in (("bert", False), ("early_fusion", True)):
        info = tiny_checkpoint(name, bert_folder).info
        assert (Modality.POSTER in info.modalities) == expected
        assert example_batch(info, with_posters=True).has_poster.all() == expected
