"""The settings of training."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from moviegenre.core.config import Config, Seed

_TEACHER_WEIGHT = 0.5


class TrainingConfig(Config):
    """Settings of training.

    Attributes:
        seed: The seed of weights, order of movies and dropout.
        max_epochs: The maximum number of epochs.
        intervals_per_epoch: The number of intervals of an epoch. After each, the model is
            validated, and training can be resumed.
        batch_size: Movies of a step, over all processes.
        encoder_lr: Highest learning rate of pretrained encoders.
        head_lr: Highest learning rate of all other weights.
        weight_decay: AdamW's weight decay, on matrices only.
        warmup_share: Share of all steps in which learning rates rise, before they fall to zero.
        gradient_clip: Largest norm of a step's gradient.
        patience: Training stops after so many intervals without a better validation F1-macro.
        modality_loss_weight: Weight of the losses of single modalities, for models with logits for
            each modality.
        teacher: A trained checkpoint; the model also learns from its probabilities for the
            training movies (distillation). None learns from the labels alone.
        teacher_weight: Weight of the teacher's probabilities in the labels, in (0, 1].
        precision: ``auto`` is bf16 if it is faster on this machine, and otherwise fp32.
        devices: Processes on each machine; with GPUs, each process has its own.
        num_nodes: Number of machines. ``torchrun`` sets both ``devices`` and ``num_nodes``.
    """

    seed: Seed = 0
    max_epochs: int = Field(default=3, ge=1, le=10_000)
    intervals_per_epoch: int = Field(default=1, ge=1, le=10_000)
    batch_size: int = Field(default=32, ge=1, le=65_536)
    encoder_lr: float = Field(default=1e-4, gt=0.0, le=10.0)
    head_lr: float = Field(default=1e-3, gt=0.0, le=10.0)
    weight_decay: float = Field(default=0.01, ge=0.0, le=10.0)
    warmup_share: float = Field(default=0.1, ge=0.0, lt=1.0)
    gradient_clip: float = Field(default=1.0, gt=0.0, le=1e6)
    patience: int = Field(default=3, ge=1, le=1_000_000)
    modality_loss_weight: float = Field(default=0.3, ge=0.0, le=1_000.0)
    teacher: Path | None = None
    teacher_weight: float = Field(default=_TEACHER_WEIGHT, gt=0.0, le=1.0)
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    devices: int = Field(default=1, ge=1, le=1024)
    num_nodes: int = Field(default=1, ge=1, le=10_000)

    @model_validator(mode="after")
    def _refuse_settings_without_effect(self) -> Self:
        if self.teacher is None and self.teacher_weight != _TEACHER_WEIGHT:
            raise ValueError("teacher_weight has no effect without teacher, a trained checkpoint")
        return self

    @property
    def max_intervals(self) -> int:
        """Intervals of the whole training."""
        return self.max_epochs * self.intervals_per_epoch
