"""``ensemble``: several trained models whose log-odds are combined.

It has no gradient steps: its members are trained before, and ``moviegenre ensemble`` fits the
weights that combine them on validation.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from moviegenre.core.decisions import FloatArray, log_odds, mean_by_film, probabilities
from moviegenre.core.errors import ConfigError
from moviegenre.core.types import Family, Modality
from moviegenre.models.base import BuildContext, GenreModel, ModelConfig
from moviegenre.models.batch import Batch, EnsembleBatch, ModelOutput
from moviegenre.models.combiner import Combiner


class Ensemble(GenreModel):
    """Several models whose log-odds are combined.

    Args:
        members: The trained models, in evaluation mode.
        combiner: The weights of the members.
    """

    modalities: ClassVar[frozenset[Modality]] = frozenset(Modality)
    combiner: Combiner

    def __init__(self, members: Sequence[GenreModel], combiner: Combiner) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.combiner = combiner
        # Unlike in other models, the modalities depend on the instance: on its members.
        self.modalities = combiner.modalities  # type: ignore[misc]

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L) for B movies.

        Args:
            batch: An ``EnsembleBatch`` with a view for each member.
        """
        assert isinstance(batch, EnsembleBatch), "the ensemble's own reader makes its batches"
        # Equal to the cached predictions of the member, to which the weights were fitted.
        member_probs = [
            _mean_by_movie(member(view), view.index)
            for member, view in zip(self.members, batch.views, strict=True)
        ]
        available = {
            Modality.PLOT: batch.has_plot.cpu().numpy(),
            Modality.POSTER: batch.has_poster.cpu().numpy(),
        }
        combined = self.combiner.combine(log_odds(np.stack(member_probs)), available)
        return ModelOutput(torch.from_numpy(combined).float().to(batch.has_plot.device))


def _mean_by_movie(output: ModelOutput, index: torch.Tensor) -> FloatArray:
    """Return a member's probabilities (B, L); the mean for a movie with several texts."""
    probs = probabilities(output.logits.detach().float().cpu().numpy())
    movies, rows = np.unique(index.cpu().numpy(), return_inverse=True)
    return probs if len(movies) == len(probs) else mean_by_film(probs, rows, len(movies))


class EnsembleConfig(ModelConfig):
    """The name of an ensemble; it has no settings."""

    model_name = "ensemble"
    title = "ensemble"
    modalities = Ensemble.modalities
    family: ClassVar[Family] = Family.ENSEMBLE

    members: tuple[str, ...] = ()

    def build(self, context: BuildContext) -> GenreModel:
        """Raise an error: an ensemble is not trained.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            "an ensemble is not trained: train its members and combine them with: moviegenre "
            "ensemble CHECKPOINT CHECKPOINT --out FOLDER"
        )
