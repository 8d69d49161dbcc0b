"""Damaged, swapped and missing files of a model: one clear line each, never another answer."""

import contextlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from safetensors.torch import load_file, save_file

import moviegenre
from moviegenre.apps.cli import main
from moviegenre.artifacts import manifest as manifests
from moviegenre.artifacts.folder import EXPORTED_FILES
from moviegenre.artifacts.locate import verify
from moviegenre.artifacts.manifest import MANIFEST_FILE, Manifest, rewriting
from moviegenre.core.errors import CheckpointError, MovieGenreError, NotFiniteError
from moviegenre.core.types import BackendName
from tests.faults.model_files import (
    answers,
    copy,
    cut,
    flip_bit,
    write_checkpoint,
    write_export,
)

USED = (
    "config.json",
    "genres.json",
    "metrics.json",
    "thresholds.json",
    "tokenizer.json",
    "index.parquet",
)
WEIGHTS: tuple[tuple[str, BackendName], ...] = (
    ("model.safetensors", "torch"),
    ("model.onnx", "onnx"),
    ("model.int8.onnx", "int8"),
)
FILES = [(name, "onnx") for name in USED] + list(WEIGHTS)
every_file = pytest.mark.parametrize(("name", "backend"), FILES)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Path:
    """Return an exported model; nobody changes it."""
    return write_export(tmp_path_factory.mktemp("exports") / "model", bert_folder)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Path:
    """Return the folder of a ``best.pth``; nobody changes it."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "cnn", bert_folder)


@pytest.fixture
def exported(exports: Path, tmp_path: Path) -> Path:
    return copy(exports, tmp_path / "exported")


@pytest.fixture
def trained(checkpoints: Path, tmp_path: Path) -> Path:
    return copy(checkpoints, tmp_path / "trained")


def refused(path: Path, backend: BackendName = "auto", *, verify: bool = False) -> str:
    """Return why a model is not loaded, in one line."""
    with pytest.raises(MovieGenreError) as error:
        answers(moviegenre.load(path, backend=backend, verify=verify))
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 1200
    return message


def without_manifest(folder: Path) -> Path:
    """Make a model one of before."""
    (folder / MANIFEST_FILE).unlink()
    return folder


@every_file
def test_a_flipped_bit_is_refused(exported: Path, name: str, backend: BackendName) -> None:
    flip_bit(exported / name, int(np.random.default_rng(0).integers(1 << 60)))
    assert f"{name} has sha256" in refused(exported, backend)


@every_file
def test_a_file_cut_short_is_refused(exported: Path, name: str, backend: BackendName) -> None:
    cut(exported / name)
    assert f"{name} has " in refused(exported, backend)
    assert "bytes, expected" in refused(exported, backend)


@pytest.mark.parametrize("name", ["config.json", "genres.json", "tokenizer.json", "metrics.json"])
def test_a_missing_file_is_refused(exported: Path, name: str) -> None:
    (exported / name).unlink()
    assert name in refused(exported)


def test_reordered_genres_are_refused(exported: Path) -> None:
    path = exported / "genres.json"
    path.write_text(json.dumps(json.loads(path.read_text())[::-1], indent=1) + "\n")
    assert "genres.json has sha256" in refused(exported)


def test_another_models_tokenizer_is_refused(exported: Path) -> None:
    path = exported / "tokenizer.json"
    path.write_text(path.read_text().replace("ghost", "toast"))
    assert "tokenizer.json has sha256" in refused(exported)


def test_a_manifest_of_another_model_is_refused(exported: Path) -> None:
    path = exported / MANIFEST_FILE
    content = json.loads(path.read_text())
    content["genres"] = content["genres"][::-1]
    path.write_text(json.dumps(content))
    assert "has the genres Drama, Horror, Comedy; its manifest.json has" in refused(exported)
    content["genres"] = content["genres"][::-1]
    content["tokenizer_sha256"] = "0" * 64
    path.write_text(json.dumps(content))
    assert "has another tokenizer than its manifest.json says" in refused(exported)


def test_weights_that_are_not_in_the_manifest_are_refused(exported: Path) -> None:
    content = Manifest.read(exported)
    assert content is not None
    del content.files["model.onnx"]
    content.write(exported)
    assert "model.onnx is not one of the files in its manifest.json" in refused(exported, "onnx")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": "x"}', '{"format": "moviegenre-manifest-1"}']
)
def test_a_damaged_manifest_is_refused(exported: Path, text: str) -> None:
    (exported / MANIFEST_FILE).write_text(text)
    message = refused(exported)
    assert "manifest.json is damaged" in message
    assert "delete this file to use the model without checks" in message
    without_manifest(exported)
    moviegenre.load(exported)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("has_manifest", [True, False])
def test_a_flipped_bit_of_a_checkpoint_is_refused_or_without_effect(
    trained: Path, has_manifest: bool, seed: int
) -> None:
    expected = answers(moviegenre.load(trained))
    flip_bit(trained / "best.pth", int(np.random.default_rng(seed).integers(1 << 60)))
    if has_manifest:
        assert "best.pth has sha256" in refused(trained)
        return
    try:
        found = answers(moviegenre.load(without_manifest(trained)))
    except CheckpointError:
        return
    assert np.array_equal(found[0], expected[0])


def test_a_swapped_checkpoint_is_refused(trained: Path, bert_folder: Path, tmp_path: Path) -> None:
    other = write_checkpoint(tmp_path / "other", bert_folder)
    content = torch.load(other / "best.pth", weights_only=True)
    torch.save({**content, "epoch": 7.0}, trained / "best.pth")
    assert "best.pth has " in refused(trained)


def test_thresholds_of_another_model_are_refused_until_fitted_anew(trained: Path) -> None:
    path = trained / "thresholds.json"
    path.write_text(path.read_text().replace("0.3", "0.4"))
    message = refused(trained)
    assert "thresholds.json has sha256" in message
    assert message.endswith("fit them again with: moviegenre evaluate --thresholds per-genre")
    with rewriting(trained, "thresholds.json"):
        path.write_text(path.read_text())
    moviegenre.load(trained, verify=True)


def test_deleted_thresholds_mean_the_default(
    trained: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (trained / "thresholds.json").unlink()
    assert not moviegenre.load(trained).point.fitted
    assert "thresholds.json was deleted, so its defaults hold" in caplog.text


def rewrite(path: Path, **changes: Any) -> None:
    """Write a checkpoint's content again without a manifest; None takes a key away."""
    content = {**torch.load(path, weights_only=True), **changes}
    gone = {key for key, value in changes.items() if value is None}
    torch.save({key: value for key, value in content.items() if key not in gone}, path)
    (path.parent / MANIFEST_FILE).unlink(missing_ok=True)


KEYS = ("model_name", "architectures", "config", "genres", "metrics", "epoch", "revisions")


@pytest.mark.parametrize("key", [*KEYS, "state_dict", "versions", "data_fingerprint"])
@pytest.mark.parametrize("value", [None, 7, {"a": [1]}, float("nan")], ids=repr)
def test_missing_keys_and_wrong_types_are_refused(trained: Path, key: str, value: Any) -> None:
    if (key, value) == ("epoch", 7):
        pytest.skip("a whole number is an epoch")
    rewrite(trained / "best.pth", **{key: value})
    assert str(trained / "best.pth") in refused(trained)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_refused(
    trained: Path, exported: Path, value: float
) -> None:
    weights = torch.load(trained / "best.pth", weights_only=True)["state_dict"]
    name = next(iter(weights))
    weights[name].view(-1)[3] = value
    rewrite(trained / "best.pth", state_dict=weights)
    assert f"{name} has weights that are NaN or infinite" in refused(trained)
    tensors = load_file(exported / "model.safetensors")
    tensors["head.output.weight"][0, 0] = value
    save_file(tensors, exported / "model.safetensors")
    message = refused(without_manifest(exported), "torch")
    assert "head.output.weight has weights that are NaN or infinite" in message


def test_answers_that_are_not_finite_are_none(exported: Path) -> None:
    model = onnx.load(exported / "model.onnx")
    for tensor in model.graph.initializer:
        if tensor.name.endswith("poster_norm.bias") or tensor.name == "model.wide_bias":
            values = numpy_helper.to_array(tensor).copy()
            values.flat[0] = np.nan
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    onnx.save(model, exported / "model.onnx")
    predictor = moviegenre.load(without_manifest(exported), backend="onnx")
    with pytest.raises(NotFiniteError, match="logits are NaN or infinite"):
        predictor.predict(plot="a ghost", poster=np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(NotFiniteError):
        predictor.predict_proba([["a ghost", None]])


POINTS: list[Callable[[dict[str, Any]], Any]] = [
    lambda point: point.update(threshold=float("nan")),
    lambda point: point.update(threshold=1.5),
    lambda point: point.update(threshold="0.5"),
    lambda point: point.update(scale=float("inf")),
    lambda point: point.update(scale=0.0),
    lambda point: point.update(shift=float("nan")),
    lambda point: point.update(shift=None),
    lambda point: point.update(shift=10**400),
    lambda point: point.pop("scale"),
]


@pytest.mark.parametrize("change", POINTS, ids=map(str, range(len(POINTS))))
def test_a_point_that_is_no_numbers_is_refused(
    exported: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    path = exported / "thresholds.json"
    content = json.loads(path.read_text())
    change(content["genres"]["Horror"])
    path.write_text(json.dumps(content))
    assert "thresholds.json is damaged" in refused(without_manifest(exported))


CONFIGS: list[tuple[str, Any]] = [
    ("model_name", 3),
    ("model_name", None),
    ("encoders", []),
    ("settings", {"data": {}}),
    ("epoch", "two"),
    ("revisions", ["a"]),
    ("trained_with", None),
    ("data_fingerprint", 1),
    ("track", "ajar"),
    ("format", "moviegenre-export-0"),
]


@pytest.mark.parametrize(("key", "value"), CONFIGS)
def test_settings_of_another_type_are_refused(exported: Path, key: str, value: Any) -> None:
    path = exported / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    assert str(exported) in refused(without_manifest(exported))


@pytest.mark.parametrize("name", ["config.json", "genres.json", "thresholds.json"])
@pytest.mark.parametrize("text", ["", "null", "7", "[[[", "\ud800", "[" * 100_000, '"Drama"'])
def test_text_that_is_none_of_ours_is_refused(exported: Path, name: str, text: str) -> None:
    (exported / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    refused(without_manifest(exported))


def test_an_onnx_file_of_another_model_is_refused(exported: Path) -> None:
    genres = exported / "genres.json"
    genres.write_text('["Drama", "Horror"]')
    assert "logits of shape" in refused(without_manifest(exported), "onnx")
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["x"], ["y"])],
        "other",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])],
    )
    opset = onnx.helper.make_opsetid("", 17)
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9), exported / "model.onnx"
    )
    assert "takes x and gives y; expected logits" in refused(exported, "onnx")


def test_a_model_of_before_loads_with_one_warning(
    exported: Path, trained: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "_warned", set())
    for folder in (exported, trained):
        expected = answers(moviegenre.load(folder))
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            found = answers(moviegenre.load(without_manifest(folder)))
            moviegenre.load(folder)
        (told,) = [r.getMessage() for r in caplog.records if r.name.startswith("moviegenre")]
        assert told.startswith(f"{folder} has no manifest.json")
        assert np.array_equal(found[0], expected[0])
        assert "has no manifest.json, so it cannot be verified" in refused(folder, verify=True)


@pytest.mark.parametrize(
    "name", sorted({*EXPORTED_FILES} - {MANIFEST_FILE, "model.int4.onnx", "parity.json"})
)
def test_verifying_looks_at_every_file(exported: Path, name: str) -> None:
    verify(exported)
    cut(exported / name)
    assert f"{name} has " in refused(exported, verify=True)


def test_the_command_line_verifies(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (exported / "README.md").write_text("# A card that somebody wrote anew\n")
    asked = ["predict", "--checkpoint", str(exported), "--plot", "a ghost", "--json"]
    with pytest.raises(SystemExit) as stopped:
        main(asked)
    assert stopped.value.code == 0
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main([*asked, "--verify"])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {exported} is not as it was written: README.md has 34 bytes")


def test_an_interrupted_change_leaves_no_wrong_hash(exported: Path) -> None:
    card = exported / "README.md"

    class KilledError(BaseException):
        pass

    def write_and_die() -> None:
        with rewriting(exported, "README.md"):
            card.write_text("half")
            raise KilledError

    with pytest.raises(KilledError):
        write_and_die()
    verify_error = refused(exported, verify=True)
    assert "README.md is not one of the files in its manifest.json" in verify_error
    moviegenre.load(exported)
    before = (exported / MANIFEST_FILE).read_bytes()
    with pytest.raises(ValueError, match="no"), rewriting(exported, "metrics.json"):
        raise ValueError("no")
    assert (exported / MANIFEST_FILE).read_bytes() == before


class Bomb:
    """A value whose unpickling would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return (open, (str(self.path), "w"))


def test_no_file_of_a_model_is_executed(exported: Path, trained: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    for folder, name in [(trained, "best.pth"), *((exported, name) for name in EXPORTED_FILES)]:
        if name == MANIFEST_FILE or not (folder / name).is_file():
            continue
        content = (folder / name).read_bytes()
        torch.save({"format": "moviegenre-checkpoint-1", "config": Bomb(bomb)}, folder / name)
        (folder / MANIFEST_FILE).unlink(missing_ok=True)
        backend: BackendName = "int8" if "int8" in name else "onnx" if "onnx" in name else "auto"
        if name.endswith(("pth", "safetensors")):
            backend = "torch"
        with contextlib.suppress(MovieGenreError):
            answers(moviegenre.load(folder, backend=backend))
        (folder / name).write_bytes(content)
    assert not bomb.exists()
