"""How a model is trained."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from moviegenre.core.config import Config, Seed

_TEACHER_WEIGHT = 0.5


class TrainingConfig(Config):
    """Settings of training.

    Attributes:
        seed: Fixes weights, order of movies and dropout.
        max_epochs: Passes over the training split.
        intervals_per_epoch: Into how many intervals a pass is cut; after each the model is
            validated, and can be resumed from.
        batch_size: Movies a step, of all processes together.
        encoder_lr: Highest learning rate of pretrained encoders.
        head_lr: Highest learning rate of everything else.
        weight_decay: AdamW's, on matrices only.
        warmup_share: Share of all steps in which rates rise, before they fall to zero.
        gradient_clip: Largest norm of a step's gradient.
        patience: Intervals without a better validation F1-macro after which training stops.
        modality_loss_weight: Weight of the loss on what each modality alone says, for models
            that tell.
        teacher: A trained checkpoint whose probabilities for the training movies are learned from
            beside their labels (distillation); None learns from the labels alone.
        teacher_weight: Share of the teacher in what is learned, in (0, 1].
        precision: ``auto`` is bf16 where this machine computes faster in it, and fp32 elsewhere.
        devices: Processes on each machine, each with a GPU of its own where there are GPUs.
        num_nodes: Machines. ``torchrun`` sets both by itself.
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
