"""An exported folder holds the whole model, in files that others read, and says what is damaged."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from moviegenre.artifacts.folder import is_exported, read_info
from moviegenre.artifacts.torch_folder import (
    portable_settings,
    read_exported,
    write_exported,
)
from moviegenre.core.errors import CheckpointError
from moviegenre.nn.ngrams import NgramFeatures
from tests.tiny_checkpoints import tiny_checkpoint
from tests.tiny_movies import tiny_tokenizer


@pytest.fixture
def folder(tmp_path: Path, bert_folder: Path) -> Path:
    """Return an exported attention fusion."""
    write_exported(tmp_path / "model", tiny_checkpoint("attention_fusion", bert_folder), {})
    return tmp_path / "model"


def test_everything_comes_back(folder: Path, bert_folder: Path) -> None:
    saved, read = tiny_checkpoint("attention_fusion", bert_folder), read_exported(folder)
    for name, tensor in saved.network.state_dict().items():
        assert torch.equal(read.network.state_dict()[name], tensor), name
    assert read.info.tokenizer is not None
    assert read.info.tokenizer.identity == tiny_tokenizer().identity
    assert read.info.config == portable_settings(saved.info.config)
    differing = {name for name, value in read.info if value != getattr(saved.info, name)}
    assert differing == {"config", "tokenizer"}
    assert {name for name, value in read_info(folder) if value != getattr(read.info, name)} == {
        "tokenizer"
    }
    assert not read.network.training


def test_half_the_space_keeps_whole_numbers_exactly(tmp_path: Path, bert_folder: Path) -> None:
    saved = tiny_checkpoint("wide_deep", bert_folder)
    features = saved.network.features
    assert isinstance(features, NgramFeatures)
    features.pair_keys = torch.tensor([7, 2**31 - 1])
    for large, stored in ((2**31 - 1, torch.int32), (2**31, torch.int64)):
        features.pair_keys[1] = large
        write_exported(tmp_path, saved, {}, half=True)
        tensors = load_file(tmp_path / "model.safetensors")
        assert tensors["features.pair_keys"].dtype is stored
        assert tensors["features.pair_keys"].tolist() == [7, large]
        assert tensors["features.word_columns"].dtype is torch.int32


def test_other_programs_read_the_files(folder: Path) -> None:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    ids = tokenizer("the ghost meets a prank")["input_ids"]
    assert ids == tiny_tokenizer().encode(["the ghost meets a prank"], 24)[0].tolist()
    image = json.loads((folder / "preprocessor_config.json").read_text())
    assert image["size"] == {"height": 32, "width": 32}
    assert image["image_mean"] == [0.485, 0.456, 0.406]
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert "gate.weight" in set(weights.keys())
    assert json.loads((folder / "genres.json").read_text()) == ["Drama", "Horror", "Comedy"]


def test_who_reads_one_file_reads_all(folder: Path) -> None:
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1


def test_a_model_of_one_modality_has_no_files_of_the_other(
    tmp_path: Path, bert_folder: Path
) -> None:
    write_exported(tmp_path / "cnn", tiny_checkpoint("cnn", bert_folder), {})
    write_exported(tmp_path / "lstm", tiny_checkpoint("lstm", bert_folder), {})
    assert not (tmp_path / "cnn" / "tokenizer.json").exists()
    assert not (tmp_path / "lstm" / "preprocessor_config.json").exists()
    assert is_exported(tmp_path / "cnn")
    assert not is_exported(tmp_path)
    assert read_exported(tmp_path / "cnn").info.tokenizer is None


def test_scores_of_other_splits_are_kept(tmp_path: Path, bert_folder: Path) -> None:
    scores = {"test": {"metrics": {"f1_macro": 0.4}}}
    write_exported(tmp_path, tiny_checkpoint("cnn", bert_folder), scores)
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert written == {
        "validation": {"metrics": {"f1_macro": 0.5, "roc_auc": 0.75}},
        "test": {"metrics": {"f1_macro": 0.4}},
    }
    (tmp_path / "metrics.json").unlink()
    assert read_exported(tmp_path).info.metrics == {}


def test_an_encoders_folder_is_no_exported_model(bert_folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"has format None; expected 'moviegenre-export-1'"):
        read_exported(bert_folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", "{", r"config.json is damaged \(.*\); export the model again"),
        (
            "config.json",
            '{"format": "moviegenre-export-1"}',
            r"is damaged \(model_name: missing; architectures: missing",
        ),
        ("genres.json", '{"a": 1, "b": 2}', r"is damaged \(genres: expected a list\)"),
        ("genres.json", None, r"genres.json does not exist; expected an exported model's file"),
        ("model.safetensors", "half", r"model.safetensors cannot be read: "),
    ],
)
def test_damage_is_told(folder: Path, name: str, content: str | None, message: str) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content)
    with pytest.raises(CheckpointError, match=message):
        read_exported(folder)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/home/ann/films", "films"),
        ("~/films", "films"),
        ("../shared/weights/films", "films"),
        ("./films", "films"),
        ("C:\\Users\\ann\\films", "films"),
        ("data/films", "data/films"),
        ("owner/encoder", "owner/encoder"),
        (["/mnt/a", 3, None], ["a", 3, None]),
    ],
)
def test_settings_say_nothing_of_the_machine(value: object, expected: object) -> None:
    assert portable_settings({"data": {"dir": value}}) == {"data": {"dir": expected}}
