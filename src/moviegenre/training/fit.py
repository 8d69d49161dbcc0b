"""Set up Lightning's Trainer and run it: from a model and its movies to ``best.pth``.

All processes of a distributed training run ``fit``; each computes a share of every batch.
"""

import logging
import math
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from torch import nn

from moviegenre.core.errors import ConfigError, install_command
from moviegenre.data.batches import LengthBatchSampler, MovieTensors, ordered_batches
from moviegenre.models.base import GenreModel
from moviegenre.models.batch import batch_loader
from moviegenre.nn.processes import broadcast_from_first, num_processes, rank, share
from moviegenre.nn.shared_norm import share_batch_norms
from moviegenre.training.callbacks import BestCheckpoint, History, Patience, ProgressBar
from moviegenre.training.config import TrainingConfig
from moviegenre.training.hardware import lightning_precision
from moviegenre.training.processes import trainer_processes
from moviegenre.training.resuming import RESUME_FILE, ResumePoint, SealedCheckpoints
from moviegenre.training.task import LOG_STEPS, GenreTask

logger = logging.getLogger(__name__)

HISTORY_FILE = "history.json"
LOGS_FOLDER = "logs"
EVALUATION_BATCH = 64


class MovieBatches(lightning.LightningDataModule):
    """The batches of the training, with another order of movies for every interval.

    Args:
        train: Movies to train on.
        val: Movies to validate on.
        config: Batch size, seed and intervals.

    Raises:
        ConfigError: There are more intervals in an epoch than batches.
    """

    def __init__(self, train: MovieTensors, val: MovieTensors, config: TrainingConfig) -> None:
        super().__init__()
        num_batches = math.ceil(len(train.rows_of_epoch(config.seed, 0)) / config.batch_size)
        if num_batches < config.intervals_per_epoch:
            raise ConfigError(
                f"training.intervals_per_epoch is {config.intervals_per_epoch}, but an epoch has "
                f"only {num_batches} batches of {config.batch_size} movies; lower either"
            )
        self.train = train
        self.val = val
        self.config = config

    def sampler(self, interval: int) -> LengthBatchSampler:
        """Return the batches of an interval."""
        epoch = interval // self.config.intervals_per_epoch
        return LengthBatchSampler(
            self.train.lengths,
            self.config.batch_size,
            seed=self.config.seed,
            interval=interval,
            intervals_per_epoch=self.config.intervals_per_epoch,
            rows=self.train.rows_of_epoch(self.config.seed, epoch),
        )

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole training."""
        return sum(len(self.sampler(i)) for i in range(self.config.max_intervals))

    def train_dataloader(self) -> Any:  # noqa: ANN401 - Lightning's own annotation
        """Return this process's share of each batch of the current interval."""
        interval = self.trainer.current_epoch if self.trainer else 0
        batches = [share(batch) or [len(self.train)] for batch in self.sampler(interval)]
        return batch_loader(self.train, batches)

    def val_dataloader(self) -> Any:  # noqa: ANN401 - Lightning's own annotation
        """Return this process's share of the validation batches.

        Lightning expects a batch in each process; a process without a share repeats the first.
        """
        batches = ordered_batches(self.val.lengths, EVALUATION_BATCH)
        return batch_loader(self.val, share(batches) or batches[:1])


@dataclass(frozen=True)
class FitResult:
    """The result of a training.

    Attributes:
        history: A record for each interval: epoch, losses, validation metrics, seconds, throughput.
        best_f1_macro: F1-macro of the saved weights on validation.
        best_epoch: The number of epochs after which they were saved.
        seconds: Wall time of this call, with set-up and validation.
        finished: False if the training was interrupted.
    """

    history: list[dict[str, float]]
    best_f1_macro: float
    best_epoch: float
    seconds: float
    finished: bool


def fit(
    model: GenreModel,
    loss: nn.Module,
    movies: tuple[MovieTensors, MovieTensors],
    config: TrainingConfig,
    folder: Path,
    save: Callable[[dict[str, float], float], None],
    *,
    resume: bool,
    progress: bool = True,
) -> FitResult:
    """Train a model for all epochs, or until validation stops improving.

    Args:
        model: The model; it is trained in place.
        loss: The loss of logits and labels.
        movies: The training and the validation split.
        config: The settings of the training.
        folder: The folder for history, logs and the state to resume from.
        save: Writes ``best.pth`` with validation metrics and epoch; only called in the first
            process.
        resume: Resume after the last completed interval, if there is one.
        progress: Show a progress bar.
    """
    started = time.perf_counter()
    _silence_lightning()
    lightning.seed_everything(config.seed, verbose=False)
    model.train()  # pretrained parts are in evaluation mode, and Lightning does not change it
    if num_processes() > 1:
        share_batch_norms(model)
    batches = MovieBatches(*movies, config)
    task = GenreTask(model, loss, config, batches.total_steps, val_films=movies[1].stored)
    is_first = rank() == 0
    history = History(folder / HISTORY_FILE if is_first else None, config.intervals_per_epoch)
    best = BestCheckpoint(save, config.intervals_per_epoch)
    resume_path = folder / RESUME_FILE
    checkpoint = broadcast_from_first(
        lambda: resume_path if resume and resume_path.is_file() else None
    )
    trainer = lightning.Trainer(
        **trainer_processes(SealedCheckpoints()),
        precision=broadcast_from_first(lambda: lightning_precision(config)),
        max_epochs=config.max_intervals,
        gradient_clip_val=config.gradient_clip,
        callbacks=[
            best,  # first, because its files replace those of an earlier training
            history,
            Patience(config.patience),
            ResumePoint(resume_path),
            *([ProgressBar(refresh_rate=5)] if progress else []),
        ],
        logger=_loggers(folder) if is_first else False,
        default_root_dir=folder,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        enable_checkpointing=True,
        enable_progress_bar=progress,
        enable_model_summary=False,
        log_every_n_steps=LOG_STEPS,
    )
    with _interruptible(trainer):
        trainer.fit(task, datamodule=batches, ckpt_path=checkpoint)
    return FitResult(
        history=history.records,
        best_f1_macro=best.best,
        best_epoch=best.best_epoch,
        seconds=time.perf_counter() - started,
        finished=not trainer.interrupted,
    )


@contextmanager
def _interruptible(trainer: lightning.Trainer) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the training, not the process; ``finished`` is then false.

    Lightning raises SystemExit for both, and ignores SIGINT afterwards.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit:
        if not trainer.interrupted:
            raise
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, handler)


def _loggers(folder: Path) -> list[Logger]:
    # The CSV logger deletes existing files, so a resumed training writes another file.
    version, number = "csv", 1
    while (folder / LOGS_FOLDER / version).exists():
        number += 1
        version = f"csv-{number}"
    loggers: list[Logger] = [CSVLogger(folder, name=LOGS_FOLDER, version=version)]
    try:
        loggers.append(TensorBoardLogger(folder, name=LOGS_FOLDER, version="tensorboard"))
    except ModuleNotFoundError:
        logger.info("no TensorBoard log; to add it: %s", install_command("tensorboard"))
    return loggers


def _silence_lightning() -> None:
    """Silence Lightning's warnings about deliberate choices."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Batches are slices of memory-mapped arrays; worker processes would only copy them.
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*Checkpoint directory .* exists and is not empty.*")
    # Lightning 2.6 itself uses a deprecated function of torch 2.13.
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.* is deprecated.*")
    # Frozen encoders stay in evaluation mode.
    warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")
    # Validation scores are those of the whole split in every process.
    warnings.filterwarnings("ignore", message=".*recommended to use `self.log.*sync_dist=True.*")
    # Training is only resumed after a complete interval.
    warnings.filterwarnings("ignore", message=".*resuming from a checkpoint that ended.*")
    warnings.filterwarnings("ignore", message=".*smaller than the logging interval.*")
