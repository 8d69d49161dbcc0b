"""The upload to the hub and its errors; the client is replaced."""

from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from moviegenre.artifacts.folder import EXPORTED_FILES
from moviegenre.artifacts.hub import push
from moviegenre.artifacts.torch_folder import write_exported
from moviegenre.core.errors import CheckpointError, HubError
from tests.tiny_checkpoints import tiny_checkpoint


class FakeHub:
    """Keeps what it is given."""

    calls: list[tuple[str, dict[str, Any]]]

    def create_repo(self, name: str, **options: Any) -> str:
        FakeHub.calls.append((name, options))
        return f"https://huggingface.co/{name}"

    def upload_folder(self, *, repo_id: str, **options: Any) -> None:
        FakeHub.calls.append((repo_id, options))


@pytest.fixture
def folder(tmp_path: Path, bert_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an exported model, with the hub replaced."""
    FakeHub.calls = []
    monkeypatch.setattr(huggingface_hub, "HfApi", FakeHub)
    write_exported(tmp_path, tiny_checkpoint("cnn", bert_folder), {})
    return tmp_path


def test_the_exported_files_are_sent_and_no_others(folder: Path) -> None:
    assert push(folder, "someone/films", private=True) == "https://huggingface.co/someone/films"
    (made, options), (sent, upload) = FakeHub.calls
    assert made == sent == "someone/films"
    assert options == {"private": True, "exist_ok": True}
    assert upload["folder_path"] == folder
    assert upload["allow_patterns"] == list(EXPORTED_FILES)


def test_a_refusal_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: FakeHub, name: str, **options: Any) -> str:
        raise huggingface_hub.errors.LocalTokenNotFoundError("Token is required.\nMore words.")

    monkeypatch.setattr(FakeHub, "create_repo", refuse)
    with pytest.raises(HubError) as error:
        push(folder, "someone/films")
    assert str(error.value) == (
        "someone/films could not be uploaded to the Hugging Face Hub (LocalTokenNotFoundError: "
        "Token is required.); check the name, the network, and that you are signed in: "
        "hf auth login"
    )


def test_only_exported_models_are_sent(folder: Path) -> None:
    with pytest.raises(
        CheckpointError, match="is no exported model; make one with: moviegenre exp"
    ):
        push(folder.parent / "nowhere", "someone/films")
    assert FakeHub.calls == []
