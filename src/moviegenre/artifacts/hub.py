"""Upload an exported model to the Hugging Face Hub."""

from http import HTTPStatus
from pathlib import Path

from moviegenre.artifacts.checkpoint_file import BEST_FILE
from moviegenre.artifacts.ensemble_file import is_ensemble
from moviegenre.artifacts.folder import EXPORTED_FILES, is_exported
from moviegenre.artifacts.locate import HUB_NAME, verify
from moviegenre.artifacts.manifest import MANIFEST_FILE
from moviegenre.core.errors import (
    CheckpointError,
    HubError,
    missing_hub_client,
    missing_path_message,
)

_EXPORT = (
    "export a trained model and name that folder: moviegenre export --checkpoint {} --out EXPORTED"
)


def push(folder: Path, name: str, *, private: bool = False) -> str:
    """Upload an exported folder to the Hub; ``moviegenre.load(name)`` loads it from there.

    Args:
        folder: An exported folder; other files in it are not uploaded.
        name: ``OWNER/NAME``; it is created if it does not exist.
        private: Make a new model visible to its owner only; no effect on an existing one.

    Returns:
        The address of the model's page.

    Raises:
        CheckpointError: The folder is no exported model, or its files have changed.
        HubError: The name is wrong, the upload was refused, or the Hub cannot be reached.
    """
    if not HUB_NAME.fullmatch(name) or "@" in name:
        raise HubError(f"{name} is no name on the Hub; expected OWNER/NAME, as in ada/film-genres")
    if not is_exported(folder):
        raise CheckpointError(_not_exported(folder))
    if (folder / MANIFEST_FILE).is_file():  # older exports have none
        verify(folder)
    try:
        from huggingface_hub import HfApi
    except ModuleNotFoundError:
        raise missing_hub_client("uploading a model") from None
    client = HfApi()
    try:
        address = client.create_repo(name, private=private, exist_ok=True)
        client.upload_folder(
            repo_id=name,
            folder_path=folder,
            allow_patterns=list(EXPORTED_FILES),
            commit_message="Exported by moviegenre",
        )
    except Exception as error:  # the Hub's client raises a dozen unrelated classes
        reason = (str(error).strip().splitlines() or [""])[0]
        raise HubError(
            f"{name} could not be uploaded to the Hugging Face Hub ({type(error).__name__}: "
            f"{reason}); {_advice(error)}"
        ) from None
    return str(address)


def _not_exported(folder: Path) -> str:
    """Return why a path cannot be uploaded, and the next step."""
    if is_ensemble(folder):
        return f"{folder} is an ensemble, which is not uploaded; export and upload its members"
    if (folder / BEST_FILE).is_file() or folder.suffix == ".pth":
        return f"{folder} is trained, but not exported; {_EXPORT.format(folder)}"
    step = _EXPORT.format("CHECKPOINT")
    if not folder.is_dir():
        return missing_path_message(folder, "an exported model", step)
    return f"{folder} holds no exported model; {step}"


def _advice(error: Exception) -> str:
    """Return the next step after an upload that failed."""
    kind = type(error).__name__
    status = getattr(getattr(error, "response", None), "status_code", None)
    if kind == "OfflineModeIsEnabled":
        return "unset HF_HUB_OFFLINE and run the same command again"
    if kind == "LocalTokenNotFoundError" or status == HTTPStatus.UNAUTHORIZED:
        return "sign in with a token that may write: hf auth login"
    if status == HTTPStatus.FORBIDDEN:
        return "name an owner that you may write to, or use a token that may write: hf auth login"
    if status is None:
        return "check the network and run the same command again"
    return "check the name, or run the same command again later"
