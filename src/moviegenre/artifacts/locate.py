"""Locate a trained model: a checkpoint, its folder, an exported folder, or a Hub name.

An ensemble's folder, which names its members, is one of them.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from moviegenre.artifacts.checkpoint_file import check_checkpoint, checkpoint_file
from moviegenre.artifacts.ensemble_file import EnsembleRecord, ensemble_file, is_ensemble
from moviegenre.artifacts.folder import (
    EXPORTED_FILES,
    WEIGHTS_FILES,
    exported_weights,
    is_exported,
)
from moviegenre.artifacts.manifest import MANIFEST_FILE, Manifest
from moviegenre.core.errors import CheckpointError, HubError
from moviegenre.core.folders import restore_folder
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.hub_snapshots import hub_snapshot
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.reading import at_home, is_there

_HUB_NAME = re.compile(r"(?P<name>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w./-]+))?")


def verify(path: Path) -> None:
    """Compare every file of a located model with its manifest, each hash computed anew.

    Loading does so with the files that it uses, and remembers the hash of a file that does not
    change.

    Args:
        path: What ``locate`` returned.

    Raises:
        CheckpointError: Files are missing, have changed or do not belong there, there is no
            manifest, or there is no model.
    """
    if is_ensemble(path):
        file = ensemble_file(path)
        _verify_folder(file.parent, [file.name])
        for member in EnsembleRecord.read(file).members:
            weights = member.file(file.parent, anew=True)
            if is_exported(weights.parent):
                verify(weights.parent)
        return
    file = weights_file(path)
    if is_exported(file.parent) and file.name in WEIGHTS_FILES:
        _verify_folder(file.parent, EXPORTED_FILES)
        return
    _verify_folder(file.parent, [file.name])
    check_checkpoint(file, anew=True)


def _verify_folder(folder: Path, names: Sequence[str]) -> None:
    """Compare the files of a manifest, and other named files, with it."""
    manifest = Manifest.read(folder)
    if manifest is None:
        raise CheckpointError(
            f"{folder} has no {MANIFEST_FILE}, so it cannot be verified; write the model again "
            "with this version, or leave verifying out"
        )
    named = sorted({*manifest.files, *names} - {MANIFEST_FILE})
    manifest.check(folder, named, anew=True)


def read_point(folder: Path, genres: GenreVocabulary) -> OperatingPoint:
    """Read the calibration and thresholds beside a model; the default if there are none.

    Args:
        folder: Where the model's files lie.
        genres: The model's.

    Raises:
        CheckpointError: The file is damaged, has changed, or was made for other genres.
    """
    manifest = Manifest.read(folder)
    if manifest is not None:
        step = "fit them again with: moviegenre evaluate --thresholds per-genre"
        manifest.check(folder, [THRESHOLDS_FILE], step=step)
    return OperatingPoint.read(folder / THRESHOLDS_FILE, genres)


def weights_file(path: Path) -> Path:
    """Return the file whose hash identifies a located model.

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
    """Return the path of a trained model, downloading it from the Hub if necessary.

    What exists here is never looked for on the hub, nor is ``FOLDER/NAME`` where the folder is
    here: that is a misspelt path.

    Raises:
        HubError: It is not on the hub, or the hub cannot be reached.
        CheckpointError: What the hub has under that name was not exported by this package.
    """
    path = at_home(Path(model))
    named = _HUB_NAME.fullmatch(str(model))
    restore_folder(path)
    if is_there(path) or is_there(path.parent) or named is None or path.suffix == ".pth":
        return path
    return _download(named["name"], named["revision"])


def companions(path: Path) -> Path:
    """Return the folder of the files that belong to a located model."""
    return path if path.is_dir() else path.parent


def _download(name: str, revision: str | None) -> Path:
    try:
        folder = hub_snapshot(name, revision, EXPORTED_FILES)
    except ImportError:
        raise HubError(
            f"{name} is no local path, and looking for it on the Hugging Face hub needs the "
            "package 'huggingface_hub', which is not installed; install it with: pip install "
            "huggingface_hub, or name a best.pth or an exported folder"
        ) from None
    except Exception as error:  # the hub's client has a dozen unrelated kinds
        raise HubError(
            f"{name} is no local path and could not be downloaded from the Hugging Face Hub "
            f"({type(error).__name__}); check the name and the network, or name a best.pth or an "
            "exported folder"
        ) from None
    if not is_exported(folder):
        raise CheckpointError(
            f"{name} on the Hugging Face hub was not exported by this package; expected a model "
            "that moviegenre push put there"
        )
    return folder
