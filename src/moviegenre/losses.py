"""The four losses and their settings. Each is a mean over movies and labels, from logits.

A label that is NaN is unknown and ignored. Focal loss with ``gamma = 0`` is binary cross-entropy.
"""

from abc import ABC, abstractmethod
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from moviegenre.core.config import Config

_MIN_BASE = 1e-8  # of a power; at 0, an exponent below 1 has no finite gradient


class LabelLoss(nn.Module, ABC):
    """A loss on each label of each movie, averaged over the known labels."""

    @abstractmethod
    def elements(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss (B, L) of each of the logits (B, L) against labels (B, L)."""

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss, a scalar, of logits (B, L) against labels (B, L).

        NaN labels are unknown; if all are unknown, the loss is zero.
        """
        unknown = labels.isnan()
        if not unknown.any():
            return self.elements(logits, labels).mean()
        elements = self.elements(logits, labels.nan_to_num())
        known = elements.masked_fill(unknown, 0.0)
        return known.sum() / (~unknown).sum().clamp(min=1)


class WeightedBCE(LabelLoss):
    """Binary cross-entropy with a weight on the positives of each label.

    Args:
        positive_weights: A weight for each label (L,); ones give the plain loss.
    """

    positive_weights: Tensor

    def __init__(self, positive_weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("positive_weights", positive_weights)

    def elements(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss (B, L) of each of the logits (B, L) against labels (B, L)."""
        return functional.binary_cross_entropy_with_logits(
            logits, labels, pos_weight=self.positive_weights, reduction="none"
        )


class FocalLoss(LabelLoss):
    """Cross-entropy with small weights for easy decisions.

    Reference: Lin et al., "Focal loss for dense object detection",
    https://arxiv.org/abs/1708.02002, equation 5; differs in that it is a mean over all labels
    rather than a sum over anchors divided by the positives.

    Args:
        gamma: The exponent that lowers the weight of easy decisions; 0 has no effect.
        alpha: Weight of positives in [0, 1]; negatives have 1 - alpha. None gives both weight 1.
    """

    def __init__(self, gamma: float, alpha: float | None) -> None:
        super().__init__()
        self.gamma = gamma
        self.alpha = alpha

    def elements(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss (B, L) of each of the logits (B, L) against labels (B, L)."""
        cross_entropy = functional.binary_cross_entropy_with_logits(
            logits, labels, reduction="none"
        )
        missed = 1 - torch.exp(-cross_entropy)  # one minus the probability of the label
        loss = cross_entropy
        if self.gamma:
            loss = missed.clamp(min=_MIN_BASE) ** self.gamma * cross_entropy
        if self.alpha is not None:
            loss = loss * (self.alpha * labels + (1 - self.alpha) * (1 - labels))
        return loss


class AsymmetricLoss(LabelLoss):
    """Focal loss with a stronger focus on negatives, and without easy negatives.

    Reference: Ridnik et al., "Asymmetric loss for multi-label classification",
    https://arxiv.org/abs/2009.14119, equation 7; differs in that it is a mean, not a sum.

    Args:
        gamma_positive: Focus of the positives.
        gamma_negative: Focus of the negatives.
        clip: Negatives with a probability below this have loss 0.
    """

    def __init__(self, gamma_positive: float, gamma_negative: float, clip: float) -> None:
        super().__init__()
        self.gamma_positive = gamma_positive
        self.gamma_negative = gamma_negative
        self.clip = clip

    def elements(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss (B, L) of each of the logits (B, L) against labels (B, L)."""
        if self.clip == 0 and self.gamma_positive == 0 and self.gamma_negative == 0:
            return functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        log_positive = functional.logsigmoid(logits)
        positive = torch.exp(log_positive)
        shifted = (positive - self.clip).clamp(min=0)
        log_negative = torch.log1p(-shifted.clamp(max=1 - 1e-6))
        positive_focus = (1 - positive).clamp(min=_MIN_BASE) ** self.gamma_positive
        negative_focus = shifted.clamp(min=_MIN_BASE) ** self.gamma_negative
        loss = labels * positive_focus * log_positive
        loss = loss + (1 - labels) * negative_focus * log_negative
        return -loss


class _LossConfig(Config, ABC):
    @abstractmethod
    def build(self, labels: npt.NDArray[np.float32]) -> nn.Module:
        """Return the loss; a weighted loss depends on the training labels (N, L)."""


class BCEConfig(_LossConfig):
    """Plain binary cross-entropy."""

    name: Literal["bce"] = "bce"

    def build(self, labels: npt.NDArray[np.float32]) -> nn.Module:
        """Return the loss; only the number of labels L depends on the training labels (N, L)."""
        return WeightedBCE(torch.ones(labels.shape[1]))


class WeightedBCEConfig(_LossConfig):
    """Binary cross-entropy with positives weighted by negatives / positives of the training split.

    Attributes:
        max_weight: The largest weight. Without a limit, rare genres would dominate the loss.
    """

    name: Literal["weighted_bce"] = "weighted_bce"
    max_weight: float = Field(default=10.0, ge=1.0, le=1e6)

    def build(self, labels: npt.NDArray[np.float32]) -> nn.Module:
        """Return the loss weighted by the training labels (N, L)."""
        return WeightedBCE(positive_weights(labels, self.max_weight))


class FocalConfig(_LossConfig):
    """Focal loss; see ``FocalLoss``."""

    name: Literal["focal"] = "focal"
    gamma: float = Field(default=2.0, ge=0.0, le=100.0)
    alpha: float | None = Field(default=None, ge=0.0, le=1.0)

    def build(self, labels: npt.NDArray[np.float32]) -> nn.Module:
        """Return the loss; it does not depend on the training labels (N, L)."""
        return FocalLoss(self.gamma, self.alpha)


class AsymmetricConfig(_LossConfig):
    """Asymmetric loss; see ``AsymmetricLoss``."""

    name: Literal["asymmetric"] = "asymmetric"
    gamma_positive: float = Field(default=0.0, ge=0.0, le=100.0)
    gamma_negative: float = Field(default=2.0, ge=0.0, le=100.0)
    clip: float = Field(default=0.05, ge=0.0, lt=1.0)

    def build(self, labels: npt.NDArray[np.float32]) -> nn.Module:
        """Return the loss; it does not depend on the training labels (N, L)."""
        return AsymmetricLoss(self.gamma_positive, self.gamma_negative, self.clip)


LossConfig = Annotated[
    BCEConfig | WeightedBCEConfig | FocalConfig | AsymmetricConfig, Field(discriminator="name")
]


def positive_weights(labels: npt.NDArray[np.float32], max_weight: float) -> Tensor:
    """Return negatives / positives of each label (L,), between 1 and ``max_weight``.

    Args:
        labels: Labels of the training split (N, L), multi-hot; NaN if unknown.
        max_weight: The largest weight; also that of a label without positives.
    """
    positives = np.nansum(labels, axis=0)
    num_known = (~np.isnan(labels)).sum(axis=0)
    ratio = (num_known - positives) / np.maximum(positives, 1)
    return torch.from_numpy(np.clip(ratio, 1.0, max_weight).astype(np.float32))
