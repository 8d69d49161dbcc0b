"""One way to name a trained model: a checkpoint, its folder, an exported folder, or a hub name.

An ensemble's folder, which names its members, is one of them.
"""

import re
from pathlib import Path

from moviegenre.core.errors import CheckpointError, HubError
from moviegenre.core.folders import restore_folder
from moviegenre.models.checkpoint import Checkpoint, checkpoint_file, load_checkpoint
from moviegenre.models.ensemble_file import ensemble_file, is_ensemble, load_ensemble
from moviegenre.models.exported import (
    EXPORTED_FILES,
    WEIGHTS_FILES,
    exported_weights,
    is_exported,
    read_exported,
)

_HUB_NAME = re.compile(r"(?P<name>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w./-]+))?")


def load_trained(model: str | Path) -> Checkpoint:
    """Read a trained model, whatever form it has.

    Args:
        model: A ``best.pth``, its folder, an exported folder, an ensemble's folder, or
            ``OWNER/NAME`` (with ``@REVISION`` if need be) on the Hugging Face hub. The file that
            ``weights_file`` returns will do as well.

    Raises:
        CheckpointError: There is none, it is damaged, or it is of another kind.
        HubError: It is not on the hub, or the hub cannot be reached.
    """
    path = locate(model)
    if is_ensemble(path):
        return load_ensemble(path, load_trained)
    if path.name in WEIGHTS_FILES:
        path = path.parent
    return read_exported(path) if is_exported(path) else load_checkpoint(path)


def weights_file(path: Path) -> Path:
    """Return the file that tells a located model from every other: its hash changes with it.

    Args:
        path: A ``best.pth``, its folder, an exported folder, or an ensemble's folder.

    Raises:
        CheckpointError: There is no model.
    """
    if is_ensemble(path):
        return ensemble_file(path)
    if path.name in WEIGHTS_FILES and path.is_file():
        return path
    exported = exported_weights(path) if is_exported(path) else None
    return exported or checkpoint_file(path)


def locate(model: str | Path) -> Path:
    """Return where a trained model lies, downloading it from the hub if it is named there.

    What exists here is never looked for on the hub, nor is ``FOLDER/NAME`` where the folder is
    here: that is a misspelt path.

    Raises:
        HubError: It is not on the hub, or the hub cannot be reached.
        CheckpointError: What the hub has under that name was not exported by this package.
    """
    path = Path(model).expanduser()
    named = _HUB_NAME.fullmatch(str(model))
    restore_folder(path)
    if path.exists() or path.parent.exists() or named is None or path.suffix == ".pth":
        return path
    return _download(named["name"], named["revision"])


def companions(path: Path) -> Path:
    """Return the folder in which the files that belong to a located model lie."""
    return path if path.is_dir() else path.parent


def _download(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    try:
        folder = Path(
            snapshot_download(name, revision=revision, allow_patterns=list(EXPORTED_FILES))
        )
    except Exception as error:  # the hub's client has a dozen unrelated kinds
        raise HubError(
            f"{name} is no local path and could not be had from the Hugging Face hub "
            f"({type(error).__name__}); check the name and the network, or name a best.pth or an "
            "exported folder"
        ) from None
    if not is_exported(folder):
        raise CheckpointError(
            f"{name} on the Hugging Face hub was not exported by this package; expected a model "
            "that moviegenre push put there"
        )
    return folder
