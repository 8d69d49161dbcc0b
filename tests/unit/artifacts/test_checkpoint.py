"""What a checkpoint says when it cannot be used."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
import torch

from moviegenre.artifacts.checkpoint import (
    FORMAT,
    load_checkpoint,
    package_versions,
    save_checkpoint,
)
from moviegenre.artifacts.manifest import MANIFEST_FILE
from moviegenre.core.errors import CheckpointError
from moviegenre.core.types import Modality
from tests.tiny_checkpoints import trained
from tests.tiny_models import build_tiny, tiny_settings
from tests.tiny_movies import tiny_tokenizer


@pytest.fixture
def path(tmp_path: Path, bert_folder: Path) -> Path:
    """Return the path of a saved ``lstm``."""
    checkpoint = trained(
        "lstm",
        build_tiny("lstm", bert_folder),
        {"data": {"plot": "first"}, "model": tiny_settings("lstm", bert_folder)},
        tokenizer=tiny_tokenizer(),
        revisions={"a/b": "0" * 40},
        data_fingerprint="abc",
    )
    save_checkpoint(tmp_path / "best.pth", checkpoint)
    return tmp_path / "best.pth"


def change(path: Path, **changes: Any) -> None:
    content = torch.load(path, weights_only=True)
    torch.save({**content, **changes}, path)
    (path.parent / MANIFEST_FILE).unlink(missing_ok=True)


def test_everything_comes_back(path: Path) -> None:
    model = load_checkpoint(path)
    loaded = model.info
    assert loaded.model_name == "lstm"
    assert loaded.data_config.plot == "first"
    assert loaded.tokenizer is not None
    assert loaded.tokenizer.identity == tiny_tokenizer().identity
    assert loaded.revisions == {"a/b": "0" * 40}
    assert loaded.versions == package_versions()
    assert loaded.data_fingerprint == "abc"
    assert not model.network.training


def test_a_checkpoint_of_the_first_version_is_read(path: Path) -> None:
    content = torch.load(path, weights_only=True)
    first = {
        "format", "model_name", "state_dict", "architectures", "config", "genres", "tokenizer",
        "tokenizer_identity", "metrics", "epoch", "revisions", "versions", "data_fingerprint",
    }  # fmt: skip
    assert set(content) == first | {"track"}
    torch.save({name: content[name] for name in first}, path)
    (path.parent / MANIFEST_FILE).unlink()
    model = load_checkpoint(path)
    assert model.info.track == "closed"
    assert model.info.modalities == {Modality.PLOT}


def test_versions_name_what_it_was_trained_with() -> None:
    versions = package_versions()
    assert versions["torch"] == torch.__version__
    assert set(versions) == {
        "python", "moviegenre", "torch", "transformers", "tokenizers", "lightning", "numpy",
    }  # fmt: skip


def test_a_folder_stands_for_its_best_checkpoint(path: Path) -> None:
    assert load_checkpoint(path.parent).info.model_name == "lstm"


def test_only_plain_values_and_tensors_are_kept(path: Path) -> None:
    def kinds(value: Any) -> set[type]:
        if isinstance(value, dict):
            return set().union(*(kinds(inner) for pair in value.items() for inner in pair))
        if isinstance(value, list):
            return set().union(*(kinds(inner) for inner in value))
        return {type(value)}

    content = torch.load(path, weights_only=True)
    assert kinds(content) <= {str, float, int, torch.Tensor, type(None)}
    assert content["tokenizer_identity"] == tiny_tokenizer().identity


def test_a_missing_checkpoint_is_answered_with_its_sibling(path: Path) -> None:
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path.parent / "bst.pth")
    assert str(error.value) == (
        f'{path.parent / "bst.pth"} does not exist; expected a checkpoint; did you mean "{path}"?'
    )


def test_an_empty_folder_says_how_to_train(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"train one with: moviegenre train MODEL;"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half a file"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "best.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)
    assert str(error.value).startswith(f"{path} cannot be read as a checkpoint: ")
    assert "\n" not in str(error.value)
    assert "weights_only" not in str(error.value), "PyTorch's advice may execute code"


def test_a_file_cut_short_is_refused(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    size, expected = len(content) // 2, len(content)
    with pytest.raises(CheckpointError, match=f"has {size:,} bytes, expected {expected:,}"):
        load_checkpoint(path)
    (path.parent / MANIFEST_FILE).unlink()
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        load_checkpoint(path)


def test_a_file_with_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "best.pth"
    torch.save({"format": FORMAT, "model": torch.nn.Linear(1, 1)}, path)
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize(("content", "found"), [({"a": 1}, "None"), ([1, 2], "'list'")])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: Any, found: str) -> None:
    path = tmp_path / "best.pth"
    torch.save(content, path)
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)
    assert str(error.value) == (
        f"{path} has format {found}; expected '{FORMAT}', as moviegenre train writes it"
    )


def test_weights_that_do_not_fit_the_settings_are_refused(path: Path) -> None:
    change(path, genres=["Drama", "Horror"])
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)
    assert str(error.value).startswith(f"{path} does not fit its own settings: ")


def test_saving_again_replaces_the_file_in_one_step(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()
    checkpoint = load_checkpoint(path)

    def fail(content: object, target: IO[bytes]) -> None:
        target.write(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="the disk is full"):
        save_checkpoint(path, checkpoint)
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == [path, path.parent / MANIFEST_FILE]
    load_checkpoint(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_told_by_its_own_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = load_checkpoint(path)

    @contextmanager
    def full(_: Path) -> Iterator[IO[bytes]]:
        with Path("/dev/full").open("wb", buffering=0) as stream:
            yield stream

    monkeypatch.setattr("moviegenre.artifacts.checkpoint.atomic_file", full)
    with pytest.raises(OSError, match="No space left on device") as failed:
        save_checkpoint(path, checkpoint)
    assert failed.value.errno == errno.ENOSPC
