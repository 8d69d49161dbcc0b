"""Locate a trained model: a checkpoint, an exported folder, an ensemble, or a name on the Hub."""

import os
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
from moviegenre.core.errors import CheckpointError, ConfigError, HubError, missing_hub_client
from moviegenre.core.folders import restore_folder
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.hub_snapshots import hub_snapshot
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.reading import at_home, is_there

HUB_NAME = re.compile(r"(?P<name>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w./-]+))?")


def verify(path: Path) -> None:
    """Compare every file of a located model with its manifest; compute each hash again.

    Loading a model compares only the files that it uses, and caches the hashes of unchanged files.

    Args:
        path: The result of ``locate``.

    Raises:
        CheckpointError: Files are missing, have changed or do not belong there, or the manifest
            or the model is missing.
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
    """Compare the named files, and all files of the manifest, with the manifest."""
    manifest = Manifest.read(folder)
    if manifest is None:
        raise CheckpointError(
            f"{folder} has no {MANIFEST_FILE}, so it cannot be verified; write the model again "
            "with this version, or leave verifying out"
        )
    all_names = sorted({*manifest.files, *names} - {MANIFEST_FILE})
    manifest.check(folder, all_names, anew=True)


def read_point(folder: Path, genres: GenreVocabulary) -> OperatingPoint:
    """Read the calibration and thresholds beside a model; the default if there are none.

    Args:
        folder: The folder of the model's files.
        genres: The model's genres.

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

    A path that exists is never searched on the Hub. Nor is ``FOLDER/NAME`` if the folder exists:
    that is a misspelt path.

    Raises:
        ConfigError: The model is neither a path nor a text, or its name is empty.
        HubError: The model is not on the Hub, or the Hub cannot be reached.
        CheckpointError: The model on the Hub was not exported by this package.
    """
    if not isinstance(model, str | os.PathLike):
        raise ConfigError(
            f"the model is {type(model).__name__}; expected a path or a name on the Hub, or None "
            "for the included model"
        )
    if not str(model).strip():
        raise ConfigError("the model's name is empty; expected a path or a name on the Hub")
    path = at_home(Path(model))
    hub_name = HUB_NAME.fullmatch(str(model))
    restore_folder(path)
    if is_there(path) or is_there(path.parent) or hub_name is None or path.suffix == ".pth":
        return path
    return _download(hub_name["name"], hub_name["revision"])


def companions(path: Path) -> Path:
    """Return the folder of the files that belong to a located model."""
    return path if path.is_dir() else path.parent


def _download(name: str, revision: str | None) -> Path:
    try:
        folder = hub_snapshot(name, revision, EXPORTED_FILES)
    except ImportError:
        purpose = f"{name} is no local path, and looking for it on the Hugging Face Hub"
        alternative = ", or name a best.pth or an exported folder"
        raise missing_hub_client(purpose, alternative) from None
    except Exception as error:  # the Hub's client raises a dozen unrelated classes
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
