"""Callbacks after every interval: history, best checkpoint, early stopping; the progress bar."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback, EarlyStopping, TQDMProgressBar

from moviegenre.core.files import write_text
from moviegenre.training.task import MONITORED, GenreTask


def _validation_scores(trainer: lightning.Trainer) -> dict[str, float]:
    metrics = trainer.callback_metrics
    return {name: float(metrics[name]) for name in metrics if name.startswith("val_")}


class History(Callback):
    """Write a record of every interval to ``history.json``.

    Args:
        path: The file; None writes no file.
        intervals_per_epoch: Converts intervals to epochs.
    """

    def __init__(self, path: Path | None, intervals_per_epoch: int) -> None:
        self.path = path
        self.intervals_per_epoch = intervals_per_epoch
        self.records: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: GenreTask) -> None:  # type: ignore[override]
        """Add a record and write the file."""
        epoch = (trainer.current_epoch + 1) / self.intervals_per_epoch
        scores = _validation_scores(trainer)
        self.records.append({"epoch": epoch, **pl_module.interval_summary(), **scores})
        self._write()

    def state_dict(self) -> dict[str, Any]:
        """Return the records, for resuming."""
        return {"records": self.records}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the records of an interrupted training, and write them again."""
        self.records = list(state_dict["records"])
        self._write()

    def _write(self) -> None:
        if self.path is not None:
            write_text(self.path, json.dumps(self.records, indent=1) + "\n")


class BestCheckpoint(Callback):
    """Call ``save`` in the first process after every interval with a new best validation F1-macro.

    Args:
        save: Writes the checkpoint with validation metrics and epoch.
        intervals_per_epoch: Converts intervals to epochs.
    """

    def __init__(
        self, save: Callable[[dict[str, float], float], None], intervals_per_epoch: int
    ) -> None:
        self.save = save
        self.intervals_per_epoch = intervals_per_epoch
        self.best = -1.0
        self.best_epoch = 0.0

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Save if this interval's weights are the best so far."""
        score = float(trainer.callback_metrics[MONITORED])
        if score <= self.best:
            return
        self.best = score
        self.best_epoch = (trainer.current_epoch + 1) / self.intervals_per_epoch
        scores = _validation_scores(trainer)
        metrics = {name.removeprefix("val_"): value for name, value in scores.items()}
        if trainer.is_global_zero:
            self.save(metrics, self.best_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return the best score, for resuming."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best score of an interrupted training."""
        self.best, self.best_epoch = state_dict["best"], state_dict["best_epoch"]


class Patience(EarlyStopping):
    """Stop after a number of intervals without a better validation score, also on resuming.

    Args:
        intervals: The number of intervals.
    """

    def __init__(self, intervals: int) -> None:
        super().__init__(MONITORED, mode="max", patience=intervals)

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Stop at once if the training to resume had stopped."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True


class ProgressBar(TQDMProgressBar):
    """Lightning's progress bar without ``v_num``, a part of the log folder's name."""

    def get_metrics(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Return the metrics that the bar shows."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics
