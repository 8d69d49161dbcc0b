"""An earlier training in a model's folder: whether it differs, and how a new one replaces it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from moviegenre.artifacts.checkpoint_file import BEST_FILE
from moviegenre.artifacts.ensemble_file import is_ensemble
from moviegenre.artifacts.folder import is_exported
from moviegenre.core.errors import CheckpointError, missing_path_message
from moviegenre.core.files import file_sha256, write_text
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.config import ExperimentConfig
from moviegenre.experiment.runs import (
    CONFIG_FILE,
    RUN_FILE,
    differing_settings,
    read_run,
    write_run,
)
from moviegenre.models.base import ModelConfig
from moviegenre.training.fit import HISTORY_FILE, LOGS_FOLDER
from moviegenre.training.resuming import RESUME_FILE


def has_work(folder: Path) -> bool:
    """Return whether a folder has weights, or the state of an interrupted training."""
    return any((folder / name).is_file() for name in (BEST_FILE, RESUME_FILE))


def initial_checkpoints(settings: ModelConfig) -> dict[str, str]:
    """Return the SHA-256 of the checkpoint of each initial model, by name.

    Raises:
        CheckpointError: A checkpoint is missing.
    """
    initial_models = settings.initial_models()
    if initial_models is None:
        return {}
    folder, sources = initial_models
    hashes: dict[str, str] = {}
    for name in sources.values():
        path = folder / name / BEST_FILE
        if not path.is_file():
            raise CheckpointError(
                missing_path_message(path, "a trained model", f"train {name} first")
            )
        hashes[name] = file_sha256(path)
    return hashes


def changes_since(experiment: ExperimentConfig, folder: Path, data: PreparedData) -> list[str]:
    """Return the settings and data that differ from an earlier training; empty if there is none.

    Args:
        experiment: The current settings.
        folder: The model's folder.
        data: The prepared data.

    Raises:
        CheckpointError: The record of that training is damaged.
    """
    run = read_run(folder)
    return [] if run is None else _changes(run, experiment, data)


def _changes(run: dict[str, Any], experiment: ExperimentConfig, data: PreparedData) -> list[str]:
    """Return the settings and data that differ from those of a ``run.json``."""
    changed = [f"setting {key}" for key in differing_settings(run, experiment.to_dict())]
    if run.get("data_fingerprint") != data.fingerprint:
        changed.append("the prepared data")
    return changed


def is_finished(run: dict[str, Any], folder: Path) -> bool:
    """Return whether a training has finished and its weights still exist."""
    return run.get("status") == "finished" and (folder / BEST_FILE).is_file()


def same_training(
    experiment: ExperimentConfig, folder: Path, data: PreparedData
) -> dict[str, Any] | None:
    """Return the ``run.json`` of an earlier run of this training; None if the folder is free.

    Args:
        experiment: The current settings.
        folder: The model's folder.
        data: The prepared data.

    Raises:
        CheckpointError: The folder holds another training.
    """
    if not has_work(folder):
        return None
    run = read_run(folder)
    if run is None:
        found = f"a model without {RUN_FILE}"
    else:
        changed = _changes(run, experiment, data)
        if run.get("initialised_from") != initial_checkpoints(experiment.model):
            changed.append("the checkpoints it starts from")
        if not changed:
            return run
        kind = "a finished model" if is_finished(run, folder) else "an interrupted training"
        found = f"{kind} that differs ({', '.join(changed)})"
    raise CheckpointError(
        f"{folder} holds {found}; replace it with `overwrite`, or name another folder with `out`"
    )


def refuse_other_models(folder: Path) -> None:
    """Raise a CheckpointError if a folder holds an exported model or an ensemble."""
    if is_exported(folder) or is_ensemble(folder):
        kind = "an ensemble" if is_ensemble(folder) else "an exported model"
        raise CheckpointError(
            f"{folder} holds {kind}, which a training does not replace; name another folder"
        )


def state_after_failure(folder: Path, earlier: bytes | None, *, resume: bool) -> str:
    """Return what is in a model's folder after an interruption, and the next step.

    Args:
        folder: The model's folder.
        earlier: The bytes of its ``run.json`` before the training, see ``run_bytes``.
        resume: The training was to be resumed.
    """
    if not has_work(folder):
        return f"nothing in {folder} is finished yet; run the same command again"
    if not resume and run_bytes(folder) == earlier:
        return f"the earlier training in {folder} is unchanged; run the same command again"
    return f"finished intervals are kept in {folder}; continue with `resume`"


def run_bytes(folder: Path) -> bytes | None:
    """Return the bytes of a model's ``run.json``; None if there is none."""
    try:
        return (folder / RUN_FILE).read_bytes()
    except OSError:
        return None


@dataclass
class Records:
    """The settings and the ``run.json`` of a training.

    Those of an earlier training stay until ``begin``, which is called when the first new weights
    are complete. So an interruption before that changes nothing.

    Attributes:
        folder: The model's folder.
        experiment: The settings.
        run: The content of ``run.json``.
        resume: The training is resumed, and keeps the earlier files.
        has_begun: The records are written.
    """

    folder: Path
    experiment: ExperimentConfig
    run: dict[str, Any]
    resume: bool
    has_begun: bool = False

    def __post_init__(self) -> None:
        self._earlier_logs = [] if self.resume else self._logs()
        if self.resume or not has_work(self.folder):
            self.begin()

    def begin(self) -> None:
        """Replace the records of an earlier training, unless this was done."""
        if self.has_begun:
            return
        if not self.resume:
            for name in (RESUME_FILE, HISTORY_FILE):
                (self.folder / name).unlink(missing_ok=True)
            _remove(self._earlier_logs)
        content = yaml.safe_dump(self.experiment.to_file_dict(), sort_keys=False)
        write_text(self.folder / CONFIG_FILE, content)
        write_run(self.folder, self.run)
        self.has_begun = True

    def replace_weights(self) -> None:
        """Begin, and delete what belongs to the weights that are about to be replaced."""
        self.begin()
        (self.folder / THRESHOLDS_FILE).unlink(missing_ok=True)

    def update(self, facts: dict[str, Any]) -> None:
        """Add facts to ``run.json``; it is written once the training has begun."""
        self.run |= facts
        if self.has_begun:
            write_run(self.folder, self.run)

    def close(self) -> None:
        """Remove the logs of a training that has not begun."""
        if not self.has_begun:
            _remove([path for path in self._logs() if path not in self._earlier_logs])

    def _logs(self) -> list[Path]:
        return [path for path in (self.folder / LOGS_FOLDER).rglob("*") if path.is_file()]


def _remove(paths: Sequence[Path]) -> None:
    """Delete files and the folders that are empty without them."""
    for path in paths:
        path.unlink(missing_ok=True)
        with suppress(OSError):  # other files are in it
            path.parent.rmdir()
