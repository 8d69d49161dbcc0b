"""The Lightning task: one training step for all models, and validation on the whole split."""

import time
from contextlib import nullcontext
from typing import Any

import lightning
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from moviegenre.core.decisions import DEFAULT_THRESHOLD, log_odds, mean_by_film, probabilities
from moviegenre.core.types import Modality
from moviegenre.metrics import compute_metrics
from moviegenre.models.base import GenreModel
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.nn.processes import (
    batch_statistics_of,
    gather_all,
    num_processes,
    rank,
    sum_over_processes,
)
from moviegenre.training.config import TrainingConfig
from moviegenre.training.optimizer import build_optimizer, build_schedule

MONITORED = "val_f1_macro"
LOG_STEPS = 10
"""Steps between two lines of the log."""

_SEED_STRIDE = 1_000_003  # a prime, so that seeds of neighbouring runs share no step
_RANK_STRIDE = 1_000_000_007  # a prime, so that no two processes draw the same dropout


def validation_scores(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Return the metrics of logits (N, L) that are defined, each named ``val_...``."""
    probs = probabilities(logits.numpy())
    scores = compute_metrics(probs, labels.numpy(), DEFAULT_THRESHOLD).metrics
    return {f"val_{name}": float(v) for name, v in scores.items() if np.isfinite(v)}


def by_film(
    logits: Tensor, labels: Tensor, rows: Tensor, films: npt.NDArray[np.int64] | None
) -> tuple[Tensor, Tensor]:
    """Return logits and labels of films if several rows are texts of one film.

    A film has the log-odds of the mean probability over its texts.

    Args:
        logits: The logits of each text (T, L).
        labels: The labels of each text (T, L).
        rows: The row of each text in the split (T,).
        films: The film of each row of the split (T,); None if every row is a film.

    Returns:
        Logits and labels (N, L).
    """
    if films is None:
        return logits, labels
    text_films = films[rows.numpy()]
    num_films = int(films.max()) + 1
    means = mean_by_film(probabilities(logits.numpy()), text_films, num_films)
    film_labels = torch.zeros((num_films, labels.shape[1]))
    film_labels[torch.from_numpy(text_films)] = labels
    return torch.from_numpy(log_odds(means)).float(), film_labels


class GenreTask(lightning.LightningModule):
    """Trains a model and validates it after every interval.

    Args:
        model: The model to train.
        loss: Computes a scalar from logits and labels (B, L).
        config: The settings of the training.
        total_steps: Optimiser steps of the whole training.
        val_films: The film of each validation row; None if every row is a film.
    """

    def __init__(
        self,
        model: GenreModel,
        loss: nn.Module,
        config: TrainingConfig,
        total_steps: int,
        val_films: npt.NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.loss = loss
        self.config = config
        self.total_steps = total_steps
        self._val_films = val_films
        self._val_rows: list[Tensor] = []
        self._val_logits: list[Tensor] = []
        self._val_labels: list[Tensor] = []
        self._started = 0.0
        self._trained_seconds = 0.0
        self._seen = torch.zeros(())
        self._loss_sum = torch.zeros(())

    def on_train_epoch_start(self) -> None:
        """Start counting movies, seconds and the loss."""
        self._started = time.perf_counter()
        # On the device, so that no step waits for the end of the previous step.
        self._seen = torch.zeros((), dtype=torch.float64, device=self.device)
        self._loss_sum = torch.zeros_like(self._seen)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed this step's dropout, so that a resumed run equals an uninterrupted run."""
        seed = self.config.seed * _SEED_STRIDE + self.global_step
        torch.manual_seed(seed + rank() * _RANK_STRIDE)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch, a scalar.

        The mean over all processes is the loss of the whole batch; the same holds for gradients.
        """
        assert batch.labels is not None, "training movies are labelled"
        films = ~batch.labels.isnan().all(dim=1)  # other rows only fill an empty share
        with batch_statistics_of(films) if num_processes() > 1 else nullcontext():
            output = self.model(batch)
        loss = self._loss(output, batch)
        num_films = sum_over_processes(films.sum())
        self._seen += num_films
        self._loss_sum += loss.detach() * num_films
        is_shared = num_processes() > 1
        self.log("train_loss", loss, prog_bar=True, batch_size=batch.size, sync_dist=is_shared)
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:  # noqa: ANN401
        """Log the throughput of the interval every few steps, as reading it waits for the GPU."""
        self._trained_seconds = time.perf_counter() - self._started
        if (batch_idx + 1) % LOG_STEPS == 0:
            rate = float(self._seen) / self._trained_seconds
            self.log("movies_per_second", rate, prog_bar=True, batch_size=batch.size)

    def _loss(self, output: ModelOutput, batch: Batch) -> Tensor:
        labels = batch.labels
        assert labels is not None, "training movies are labelled"
        terms = [(1.0, output.logits.float(), labels)]
        if self.config.modality_loss_weight != 0:
            for modality, logits in output.modality_logits.items():
                present = batch.has_plot if modality is Modality.PLOT else batch.has_poster
                weight = self.config.modality_loss_weight
                terms.append((weight, logits[present].float(), labels[present]))
        # Each loss is a mean over known labels, and this process has only a share of them.
        num_known = torch.stack([(~truth.isnan()).sum() for _, _, truth in terms])
        shares = num_processes() * num_known / sum_over_processes(num_known).clamp(min=1)
        loss = output.logits.new_zeros((), dtype=torch.float32)
        for (weight, logits, truth), share in zip(terms, shares, strict=True):
            if len(truth):
                loss = loss + weight * share * self.loss(logits, truth)
            else:  # no label here, but other processes expect a gradient of each weight
                loss = loss + 0.0 * logits.sum()
        return loss

    def interval_summary(self) -> dict[str, float]:
        """Return the time, speed and loss of the current interval.

        Returns:
            Mean training loss, seconds with validation, and movies per second without validation.
        """
        seen = float(self._seen)
        return {
            "train_loss": float(sum_over_processes(self._loss_sum))
            / num_processes()
            / max(1.0, seen),
            "seconds": time.perf_counter() - self._started,
            "movies_per_second": seen / max(self._trained_seconds, 1e-9),
        }

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Store a batch's logits and labels until the end of the split."""
        assert batch.labels is not None, "validation movies are labelled"
        self._val_logits.append(self.model(batch).logits.float())
        self._val_labels.append(batch.labels)
        self._val_rows.append(batch.index)

    def on_validation_epoch_end(self) -> None:
        """Log the loss and the metrics of the whole validation split, over all processes."""
        batches = (self._val_logits, self._val_labels, self._val_rows)
        arrays = [torch.cat(tensors).cpu().numpy() for tensors in batches]
        logits, labels, rows = map(np.concatenate, zip(*gather_all(arrays), strict=True))
        rows, first = np.unique(rows, return_index=True)  # rows that fill an empty share repeat
        film_logits, film_labels = by_film(
            torch.from_numpy(logits[first]),
            torch.from_numpy(labels[first]),
            torch.from_numpy(rows),
            self._val_films,
        )
        for tensors in batches:
            tensors.clear()
        with torch.no_grad():
            loss = self.loss.cpu()(film_logits, film_labels)
        self.loss.to(self.device)
        self.log("val_loss", loss)
        for name, value in validation_scores(film_logits, film_labels).items():
            self.log(name, value, prog_bar=name == MONITORED)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the norm of the gradient.

        Lightning does not clip for a fused optimiser with mixed precision, because float16 needs
        unscaling first. bf16 has no scaling.
        """
        if gradient_clip_val:
            nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val)

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - one of Lightning's many forms
        """Return the optimiser and its schedule, stepped every batch."""
        optimizer = build_optimizer(self.model, self.config)
        schedule = build_schedule(optimizer, self.total_steps, self.config.warmup_share)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
