"""A trained model may be named in four ways; the hub's client is replaced, never asked."""

from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

import moviegenre
from moviegenre.artifacts.folder import EXPORTED_FILES
from moviegenre.artifacts.locate import locate
from moviegenre.artifacts.open_torch import open_torch
from moviegenre.artifacts.torch_folder import write_exported
from moviegenre.core.errors import CheckpointError, ConfigError, HubError
from moviegenre.core.types import BackendName
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bert_folder: Path) -> list[Any]:
    """Let the hub have one model, ``someone/films``; return what it is asked for."""
    monkeypatch.chdir(tmp_path)
    write_exported(tmp_path / "cache" / "films", tiny_checkpoint("cnn", bert_folder), {})
    questions: list[Any] = []

    def download(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        questions.append((name, revision, allow_patterns))
        if name == "someone/other":
            return str(tmp_path)
        if name != "someone/films":
            raise huggingface_hub.errors.HFValidationError("no such name")
        return str(tmp_path / "cache" / "films")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    return questions


def test_the_four_names_give_the_same_model(
    asked: list[Any], tmp_path: Path, bert_folder: Path
) -> None:
    path = save_tiny(tmp_path / "cnn", tiny_checkpoint("cnn", bert_folder))
    names: list[str | Path] = [path, path.parent, "cache/films", "someone/films"]
    models = [open_torch(name) for name in names]
    weights = [model.network.state_dict()["head.output.bias"].tolist() for model in models]
    assert weights[0] == weights[1] == weights[2] == weights[3]
    assert {model.info.model_name for model in models} == {"cnn"}
    assert asked == [("someone/films", None, list(EXPORTED_FILES))]


def test_a_revision_may_be_pinned(asked: list[Any]) -> None:
    locate("someone/films@refs/pr/1")
    assert asked[0][:2] == ("someone/films", "refs/pr/1")


def test_a_name_that_stands_for_another_commit_is_told(
    tmp_path: Path,
    bert_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MOVIEGENRE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    commits = {name: letter * 40 for name, letter in (("first", "a"), ("second", "b"))}
    current = "first"
    for commit in commits.values():
        write_exported(tmp_path / commit, tiny_checkpoint("cnn", bert_folder), {})

    def download(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        return str(tmp_path / commits[current])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    for _ in range(2):
        locate("someone/films")
    assert "has changed" not in caplog.text
    current = "second"
    locate("someone/films")
    assert (
        "someone/films on the Hugging Face hub has changed since its last use: it is commit "
        f"{'b' * 12}, and was {'a' * 12}; to keep that one, name "
        f"someone/films@{'a' * 40}" in caplog.text
    )
    caplog.clear()
    locate("someone/films")
    assert "has changed" not in caplog.text


def test_a_picture_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(b"\xff\xd8\xff picture")
    with pytest.raises(CheckpointError, match=r"p\.jpg is no model; expected a best\.pth, its"):
        moviegenre.load(tmp_path / "p.jpg")


def test_a_misspelt_path_is_not_asked_for_on_the_hub(asked: list[Any], tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r'cache/film does not exist; .* mean "cache/films"\?$'
    ):
        open_torch("cache/film")
    for path in ("nowhere/best.pth", "/nowhere/model", "./nowhere/model", "a/b/c", "bert"):
        assert locate(path) == Path(path)
    assert asked == []


def test_what_the_hub_does_not_have_is_one_line(asked: list[Any]) -> None:
    with pytest.raises(HubError) as error:
        open_torch("someone/else")
    assert str(error.value) == (
        "someone/else is no local path and could not be downloaded from the Hugging Face Hub "
        "(HFValidationError); check the name and the network, or name a best.pth or an exported "
        "folder"
    )


def test_another_packages_model_is_refused(asked: list[Any]) -> None:
    with pytest.raises(CheckpointError, match="someone/other on the Hugging Face hub was not exp"):
        open_torch("someone/other")


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_no_model(name: str) -> None:
    with pytest.raises(ConfigError, match="the model's name is empty; expected a path"):
        moviegenre.load(name)


def test_a_folder_without_a_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (".", str(tmp_path)):
        with pytest.raises(CheckpointError, match=f"{tmp_path} holds no model; expected best.pth"):
            moviegenre.load(name)


@pytest.mark.parametrize("backend", ["onnx", "int4", "torch"])
def test_a_backend_without_a_file_names_the_file_that_is_there(backend: BackendName) -> None:
    with pytest.raises(CheckpointError) as refused:
        moviegenre.load(backend=backend)
    assert str(refused.value).endswith(
        f"which `backend` {backend} reads, but only model.int8.onnx; leave `backend` out, or use "
        "`backend` int8"
    )
