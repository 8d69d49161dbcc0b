"""Upload an exported model to the Hugging Face Hub."""

from pathlib import Path

from moviegenre.artifacts.folder import EXPORTED_FILES, is_exported
from moviegenre.artifacts.locate import verify
from moviegenre.artifacts.manifest import MANIFEST_FILE
from moviegenre.core.errors import CheckpointError, HubError


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
        HubError: The upload was refused, or the Hub cannot be reached.
    """
    if not is_exported(folder):
        raise CheckpointError(
            f"{folder} is no exported model; make one with: "
            f"moviegenre export --checkpoint CHECKPOINT --out {folder}"
        )
    if (folder / MANIFEST_FILE).is_file():  # older exports have none
        verify(folder)
    from huggingface_hub import HfApi

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
            f"{reason}); check the name, the network, and that you are signed in: hf auth login"
        ) from None
    return str(address)
