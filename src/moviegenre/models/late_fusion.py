"""``late_fusion``: each modality decides, a learned weighting combines the decisions."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from moviegenre.core.types import Modality
from moviegenre.models.base import MAX_WIDTH, BuildContext
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.models.encoders.plot import PlotEncoder
from moviegenre.models.encoders.poster import PosterEncoder
from moviegenre.models.fusion import Fusion, FusionConfig, hide_modalities
from moviegenre.nn.heads import ClassificationHead
from moviegenre.nn.pooling import masked_mean


class LateFusion(Fusion):
    """Two single-modality models and a weight for each model and label.

    With both modalities, the logit of label l is
    ``b_l + w_plot,l z_plot,l + w_poster,l z_poster,l``; with one modality, it is that modality's.
    Weights start at 1 and the bias at minus the prior's log-odds, as in naive Bayes, which adds
    independent evidence.

    Args:
        plot_encoder: Computes the token vectors.
        poster_encoder: Computes the region vectors.
        num_labels: L.
        poster_hidden_dim: See ``FusionConfig``.
        dropout: Before the logits of each modality.
        modality_dropout: See ``FusionConfig``.
        label_frequencies: Initialise the logits; see ``ClassificationHead``.
    """

    def __init__(
        self,
        plot_encoder: PlotEncoder,
        poster_encoder: PosterEncoder,
        *,
        num_labels: int,
        poster_hidden_dim: int,
        dropout: float,
        modality_dropout: float,
        label_frequencies: Sequence[float] | None = None,
    ) -> None:
        super().__init__(plot_encoder, poster_encoder, modality_dropout)
        self.plot_head = ClassificationHead(
            plot_encoder.dim, num_labels, dropout=dropout, label_frequencies=label_frequencies
        )
        self.poster_norm = nn.LayerNorm(poster_encoder.dim)
        self.add_poster_head(num_labels, poster_hidden_dim, dropout, label_frequencies)
        # Two vectors instead of one matrix, because weight decay on a matrix would pull the weights
        # towards 0.
        self.plot_weight = nn.Parameter(torch.ones(num_labels))
        self.poster_weight = nn.Parameter(torch.ones(num_labels))
        self.bias = nn.Parameter(-self.plot_head.output.bias.detach().clone())

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L), and the logits of each modality alone."""
        if self.training:
            batch = hide_modalities(batch, self.modality_dropout)
        plot: Tensor = self.plot_head(
            masked_mean(self.plot_encoder(batch), self.plot_encoder.mask(batch))
        )
        poster = self.poster_logits(self.poster_encoder(batch), batch)
        combined = self.bias + self.plot_weight * plot + self.poster_weight * poster
        logits = torch.where(batch.has_plot.unsqueeze(1), combined, poster)
        logits = torch.where(batch.has_poster.unsqueeze(1), logits, plot)
        return ModelOutput(logits, modality_logits={Modality.PLOT: plot, Modality.POSTER: poster})


class LateFusionConfig(FusionConfig):
    """Settings of ``late_fusion``: those of every fusion."""

    model_name = "late_fusion"
    title = "late fusion"

    needs_poster_head: ClassVar[bool] = True

    poster_hidden_dim: int | None = Field(default=0, ge=0, le=MAX_WIDTH)

    def build(self, context: BuildContext) -> LateFusion:
        """Return the model, with pretrained encoders unless the context has their architecture."""
        return self.apply_freezing(LateFusion(**self.parts(context)))
