"""The upload to the hub and its errors; the client is replaced."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import huggingface_hub.errors
import pytest

from moviegenre.artifacts.folder import EXPORTED_FILES
from moviegenre.artifacts.hub import push
from moviegenre.artifacts.locate import locate
from moviegenre.artifacts.torch_folder import write_exported
from moviegenre.core.errors import CheckpointError, HubError
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint


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


def http_error(status: int) -> Exception:
    error = RuntimeError(f"status {status}")
    error.response = SimpleNamespace(status_code=status)  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("fault", "reason", "advice"),
    [
        (
            huggingface_hub.errors.LocalTokenNotFoundError("Token is required.\nMore words."),
            "LocalTokenNotFoundError: Token is required.",
            "sign in with a token that may write: hf auth login",
        ),
        (
            huggingface_hub.errors.OfflineModeIsEnabled("Offline."),
            "OfflineModeIsEnabled: Offline.",
            "unset HF_HUB_OFFLINE and run the same command again",
        ),
        (
            ConnectionError("no route"),
            "ConnectionError: no route",
            "check the network and run the same command again",
        ),
        (
            http_error(401),
            "RuntimeError: status 401",
            "sign in with a token that may write: hf auth login",
        ),
        (
            http_error(403),
            "RuntimeError: status 403",
            "name an owner that you may write to, or use a token that may write: hf auth login",
        ),
        (
            http_error(503),
            "RuntimeError: status 503",
            "check the name, or run the same command again later",
        ),
    ],
)
def test_a_refusal_is_one_line_with_its_own_advice(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, reason: str, advice: str
) -> None:
    def refuse(self: FakeHub, name: str, **options: Any) -> str:
        raise fault

    monkeypatch.setattr(FakeHub, "create_repo", refuse)
    with pytest.raises(HubError) as error:
        push(folder, "someone/films")
    assert str(error.value) == (
        f"someone/films could not be uploaded to the Hugging Face Hub ({reason}); {advice}"
    )


@pytest.mark.parametrize("name", ["films", "a/b/c", "some one/films", "a/b@main", ""])
def test_a_name_that_the_hub_does_not_take_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(HubError, match="is no name on the Hub; expected OWNER/NAME"):
        push(folder, name)
    assert FakeHub.calls == []


def test_a_missing_client_is_the_same_sentence_in_both_directions(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.chdir(tmp_path)
    needs = (
        "needs the package 'huggingface_hub', which is not installed; install it with: pip install "
        "huggingface_hub"
    )
    with pytest.raises(HubError, match=f"^uploading a model {needs}$"):
        push(folder, "someone/films")
    purpose = "someone/films is no local path, and looking for it on the Hugging Face Hub"
    with pytest.raises(HubError, match=f"^{purpose} {needs}, or name a best.pth"):
        locate("someone/films")


def test_only_exported_models_are_sent(folder: Path, bert_folder: Path) -> None:
    step = "export a trained model and name that folder: moviegenre export --checkpoint"
    trained, other, ensemble = folder / "trained", folder / "other", folder / "ensemble"
    save_tiny(trained, tiny_checkpoint("cnn", bert_folder), None)
    other.mkdir()
    ensemble.mkdir()
    (ensemble / "ensemble.json").write_text("{}")
    faults = {
        folder / "x": f"does not exist; expected an exported model; {step} CHECKPOINT",
        other: f"holds no exported model; {step} CHECKPOINT --out EXPORTED",
        trained: f"is trained, but not exported; {step} {trained} --out EXPORTED",
        ensemble: "is an ensemble, which is not uploaded; export and upload its members",
    }
    for path, fault in faults.items():
        with pytest.raises(CheckpointError) as error:
            push(path, "someone/films")
        assert f"{path} {fault}" in str(error.value)
    assert FakeHub.calls == []
