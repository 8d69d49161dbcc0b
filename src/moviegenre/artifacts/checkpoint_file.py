"""The file of a checkpoint: its path and its checksum. No PyTorch."""

import zipfile
import zlib
from pathlib import Path

from moviegenre.artifacts.manifest import Manifest, checked_manifest
from moviegenre.core.errors import CheckpointError, missing_path_message

BEST_FILE = "best.pth"
_SUFFIXES = (".pth", ".pt", ".ckpt")


def checkpoint_file(path: Path) -> Path:
    """Return the path of ``best.pth``: the path itself, or the file in the folder.

    Raises:
        CheckpointError: The file does not exist or is no checkpoint, or files of an exported
            folder are missing.
    """
    step = (
        "name a trained model, or train one with: moviegenre train MODEL; predict, library and "
        "serve use the included model if none is named"
    )
    if path.is_dir():
        manifest = Manifest.read(path)
        if manifest is not None:  # for an exported folder, name its missing files
            missing = [name for name in manifest.files if not (path / name).is_file()]
            manifest.check(path, missing)
        folder = path if path.name else path.resolve()  # "." has no name
        path = path / BEST_FILE
        if not path.exists():
            raise CheckpointError(
                f"{folder} holds no model; expected {BEST_FILE} or an exported model in it; {step}"
            )
    if not path.is_file():
        raise CheckpointError(missing_path_message(path, "a checkpoint", step))
    if path.suffix.lower() not in _SUFFIXES and not zipfile.is_zipfile(path):
        raise CheckpointError(
            f"{path} is no model; expected a {BEST_FILE}, its folder, an exported folder or a name "
            "on the Hub"
        )
    return path


def check_checkpoint(path: Path, *, anew: bool = False) -> Manifest | None:
    """Compare a checkpoint's file with its manifest, or with its own checksums if it has none.

    Args:
        path: The file.
        anew: Compute its hash again, even if it is cached.

    Returns:
        The manifest, if it lists the file.

    Raises:
        CheckpointError: The file has changed since it was written.
    """
    manifest = Manifest.read(path.parent)
    if manifest is None or path.name in manifest.files:
        manifest = checked_manifest(path.parent, [path.name], anew=anew)
    else:  # another file beside a checkpoint
        manifest = None
    if manifest is None and zipfile.is_zipfile(path):
        _check_records(path)
    return manifest


def _check_records(path: Path) -> None:
    """Raise an error if a CRC-32 in the file is wrong."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, ValueError, EOFError) as error:
        damaged = str(error)  # RuntimeError: unsupported flags
    if damaged is not None:
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint: {damaged} is not as it was written; train the "
            "model again, or copy it again"
        )
