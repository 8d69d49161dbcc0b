"""Train one model: from prepared data and resolved settings to a checkpoint."""

import logging
import time
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moviegenre.artifacts.checkpoint import package_versions, save_checkpoint
from moviegenre.artifacts.checkpoint_file import BEST_FILE
from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.core.errors import CheckpointError, ConfigError, DamagedError, DataError
from moviegenre.core.locks import locked
from moviegenre.core.types import Modality, Split
from moviegenre.data.prepare_checks import warn_of_missing_genres
from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.config import ExperimentConfig
from moviegenre.experiment.earlier_training import (
    Records,
    initial_checkpoints,
    is_finished,
    refuse_other_models,
    same_training,
)
from moviegenre.experiment.runs import differing_settings, hash_history, read_history, read_run
from moviegenre.experiment.training_inputs import TrainingInputs, load_inputs
from moviegenre.models.base import GenreModel
from moviegenre.nn.processes import num_processes
from moviegenre.training.fit import FitResult, fit
from moviegenre.training.hardware import lightning_precision
from moviegenre.training.launch import all_processes
from moviegenre.training.resuming import RESUME_FILE, check_resume_point
from moviegenre.training.solve import solve

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FinishedTraining:
    """A finished training.

    Attributes:
        checkpoint: Path of ``best.pth``.
        run: The content of ``run.json``.
        is_new: False if the same training was finished before.
    """

    checkpoint: Path
    run: dict[str, Any]
    is_new: bool = True


@dataclass(frozen=True)
class _Seconds:
    """Seconds spent on filling caches and on training."""

    setup: float = 0.0
    training: float = 0.0


def train(
    experiment: ExperimentConfig,
    out: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = True,
) -> FinishedTraining:
    """Train a model and write ``OUT/MODEL/best.pth`` with its config, history and logs.

    An earlier training with the same settings and data is kept: one that is finished is not
    repeated, and one that was interrupted is resumed.

    Args:
        experiment: The resolved settings.
        out: The folder of checkpoints; the model gets its own folder in it.
        resume: Resume after an interruption, with the same settings.
        overwrite: Replace an earlier training. Its weights stay until the first new ones exist.
        progress: Show a progress bar.

    Raises:
        ConfigError: ``resume`` and ``overwrite`` are both set.
        DataNotFoundError: There are no prepared data.
        PretrainedError: A pretrained encoder cannot be loaded.
        CheckpointError: The training to resume or an initial model does not fit, or the folder
            holds another training and ``overwrite`` is not set.
        BusyError: Another run is training this model in this folder.
    """
    if resume and overwrite:
        raise ConfigError("`resume` continues a training and `overwrite` replaces it; use one")
    folder = out / experiment.model_name
    with locked(folder):
        refuse_other_models(folder)
        data = PreparedData(experiment.data.dir)
        if not (resume or overwrite) and (run := same_training(experiment, folder, data)):
            if is_finished(run, folder):
                return FinishedTraining(folder / BEST_FILE, run, is_new=False)
            logger.info("%s: the interrupted training continues", folder)
            resume = True
        return _train(experiment, data, folder, resume=resume, progress=progress)


def _train(
    experiment: ExperimentConfig,
    data: PreparedData,
    folder: Path,
    *,
    resume: bool,
    progress: bool,
) -> FinishedTraining:
    started = time.perf_counter()
    _require_posters(experiment, data)
    warn_of_missing_genres(data, [Split.TRAIN])
    earlier = _Seconds()
    if resume:
        earlier = _earlier_seconds(folder, experiment.to_dict(), data.fingerprint)
        resume = experiment.model.fitted or _can_resume(folder)
    other_processes: AbstractContextManager[None] = nullcontext()
    if not experiment.model.fitted:
        other_processes = all_processes(experiment.training, (experiment, folder, resume))
    with other_processes:
        inputs = load_inputs(experiment, data)
        earlier = replace(earlier, setup=earlier.setup + time.perf_counter() - started)
        run = _describe(experiment, data, inputs.model, earlier) | {"track": inputs.info.track}
        with closing(Records(folder, experiment, run, resume)) as records:
            result = _fit(experiment, inputs, records, progress=progress)
            records.update(
                {**_outcome(result, earlier), **_sizes(inputs.model), **hash_history(folder)}
            )
        if not result.finished:
            raise KeyboardInterrupt
    return FinishedTraining(folder / BEST_FILE, records.run)


def _fit(
    experiment: ExperimentConfig, inputs: TrainingInputs, records: Records, *, progress: bool
) -> FitResult:
    """Train the model and write ``best.pth``."""
    model, info, movies = inputs.model, inputs.info, inputs.movies
    folder, resume = records.folder, records.resume

    def save(metrics: dict[str, float], epoch: float) -> None:
        best = TorchModel(info.model_copy(update={"metrics": metrics, "epoch": epoch}), model)
        save_checkpoint(folder / BEST_FILE, best, before_replacing=records.replace_weights)

    if model.fitted:
        is_done = resume and (folder / BEST_FILE).is_file()
        return solve(model, movies, folder, save, is_done=is_done)
    return fit(
        model,
        inputs.loss,
        movies,
        experiment.training,
        folder,
        save,
        resume=resume,
        progress=progress,
    )


def _can_resume(folder: Path) -> bool:
    """Return whether a training can be resumed; False if its files are missing or damaged."""
    path = folder / RESUME_FILE
    if not path.is_file() or not (folder / BEST_FILE).is_file():
        return False
    try:
        check_resume_point(path)
    except DamagedError as error:
        logger.warning("%s; the training begins anew", error)
        return False
    return True


def _require_posters(experiment: ExperimentConfig, data: PreparedData) -> None:
    """Raise an error if a poster model has no posters to train on; warn for other models."""
    modalities = experiment.model.modalities
    if Modality.POSTER not in modalities or data.has_poster(Split.TRAIN).any():
        return
    fault = f"no training movie in {experiment.data.dir} has a poster"
    if len(modalities) > 1:
        logger.warning("%s; the model learns from the plots alone", fault)
        return
    raise DataError(
        f"{fault}, and {experiment.model_name} reads posters only; expected at least one: see what "
        "moviegenre data prepare said of posters, or train a model that reads plots"
    )


def _describe(
    experiment: ExperimentConfig, data: PreparedData, model: GenreModel, earlier: _Seconds
) -> dict[str, Any]:
    return {
        "model": experiment.model_name,
        "status": "running",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "initialised_from": initial_checkpoints(experiment.model),
        "precision": "32-true" if model.fitted else lightning_precision(experiment.training),
        "processes": num_processes(),
        **_sizes(model),
        "revisions": experiment.model.revisions(),
        "versions": package_versions(),
        "data_fingerprint": data.fingerprint,
        "settings": experiment.to_dict(),
        "setup_seconds": earlier.setup,
        "train_seconds": earlier.training,
    }


def _sizes(model: GenreModel) -> dict[str, int]:
    num_parameters, num_trainable = model.num_parameters()
    return {"num_parameters": num_parameters, "num_trainable": num_trainable}


def _outcome(result: FitResult, earlier: _Seconds) -> dict[str, Any]:
    return {
        "status": "finished" if result.finished else "interrupted",
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "train_seconds": earlier.training + result.seconds,
        "val_f1_macro": result.best_f1_macro,
        "best_epoch": result.best_epoch,
        "epochs": result.history[-1]["epoch"] if result.history else 0,
    }


def _earlier_seconds(folder: Path, settings: dict[str, Any], fingerprint: str) -> _Seconds:
    """Return the time spent so far on the training to resume."""
    run = read_run(folder)
    if run is None:
        return _Seconds()
    differing = differing_settings(run, settings)
    if differing:
        raise CheckpointError(
            f"{folder} was started with other settings ({', '.join(differing)}); resume with the "
            "same ones, or replace it with `overwrite`"
        )
    if run.get("data_fingerprint") != fingerprint:
        raise CheckpointError(f"{folder} was started on other data; replace it with `overwrite`")
    try:
        training = sum(record["seconds"] for record in read_history(folder))
    except CheckpointError as error:
        logger.warning("%s", str(error).partition(";")[0])
        training = run.get("train_seconds", 0.0)
    return _Seconds(run.get("setup_seconds", 0.0), training)
