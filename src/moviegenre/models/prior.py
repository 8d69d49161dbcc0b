"""``prior``: the label frequencies of the training split for every movie; the lower bound."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from moviegenre.core.types import Family, Modality
from moviegenre.data.batches import MovieTensors
from moviegenre.models.base import (
    BuildContext,
    FittedModel,
    ModelConfig,
    label_frequencies,
)
from moviegenre.models.batch import Batch, ModelOutput


class Prior(FittedModel):
    """The same logits for every movie: the log-odds of the label frequencies.

    Args:
        num_labels: L.
        frequencies: Share of positives of each label (L,), in (0, 1); None means one half.
    """

    modalities: ClassVar[frozenset[Modality]] = frozenset()
    log_odds: Tensor

    def __init__(self, num_labels: int, frequencies: Sequence[float] | None = None) -> None:
        super().__init__()
        self.register_buffer("log_odds", prior_log_odds(num_labels, frequencies))

    def fit(self, movies: MovieTensors) -> None:
        """Set the logits to the label frequencies of movies."""
        assert movies.labels is not None, "training movies are labelled"
        frequencies = label_frequencies(movies.labels)
        self.log_odds = prior_log_odds(len(frequencies), frequencies)

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L), the same for each of the B movies."""
        return ModelOutput(self.log_odds.repeat(batch.size, 1))


def prior_log_odds(num_labels: int, frequencies: Sequence[float] | None) -> Tensor:
    """Return the log-odds (L,) of label frequencies in (0, 1); zeros if they are unknown."""
    if frequencies is None:
        return torch.zeros(num_labels)
    return torch.logit(torch.tensor(frequencies, dtype=torch.float64)).float()


class PriorConfig(ModelConfig):
    """Settings of ``prior``: none."""

    model_name = "prior"
    title = "label prior"
    modalities = Prior.modalities
    family: ClassVar[Family] = Family.BASELINE
    fitted: ClassVar[bool] = True

    def build(self, context: BuildContext) -> Prior:
        """Return the model."""
        return Prior(context.num_labels, context.label_frequencies)
