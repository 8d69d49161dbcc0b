"""``early_fusion``: one head on the concatenated embeddings of both modalities."""

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn

from moviegenre.models.base import MAX_WIDTH, BuildContext
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.models.encoders.plot import PlotEncoder
from moviegenre.models.encoders.poster import PosterEncoder
from moviegenre.models.fusion import Fusion, FusionConfig, hide_modalities
from moviegenre.nn.heads import ClassificationHead
from moviegenre.nn.pooling import masked_mean


class EarlyFusion(Fusion):
    """Average each modality, normalise, concatenate, classify.

    A missing modality is replaced by a learned embedding. A separate poster head for films without
    a plot is optional.

    Args:
        plot_encoder: Computes the token vectors.
        poster_encoder: Computes the region vectors.
        num_labels: L.
        hidden_dim: Width of the head's hidden layer.
        dropout: Before each layer of the head.
        modality_dropout: See ``FusionConfig``.
        poster_hidden_dim: See ``FusionConfig``.
        label_frequencies: Initialise the logits; see ``ClassificationHead``.
    """

    def __init__(
        self,
        plot_encoder: PlotEncoder,
        poster_encoder: PosterEncoder,
        *,
        num_labels: int,
        hidden_dim: int,
        dropout: float,
        modality_dropout: float,
        poster_hidden_dim: int | None = None,
        label_frequencies: Sequence[float] | None = None,
    ) -> None:
        super().__init__(plot_encoder, poster_encoder, modality_dropout)
        self.plot_norm = nn.LayerNorm(plot_encoder.dim)
        self.poster_norm = nn.LayerNorm(poster_encoder.dim)
        self.missing_plot = nn.Parameter(torch.zeros(plot_encoder.dim))
        self.missing_poster = nn.Parameter(torch.zeros(poster_encoder.dim))
        self.head = ClassificationHead(
            plot_encoder.dim + poster_encoder.dim,
            num_labels,
            hidden_dim=hidden_dim,
            dropout=dropout,
            label_frequencies=label_frequencies,
        )
        self.add_poster_head(num_labels, poster_hidden_dim, dropout, label_frequencies)

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L), and those of the poster head if there is one."""
        if self.training:
            batch = hide_modalities(batch, self.modality_dropout)
        plot = self.plot_norm(masked_mean(self.plot_encoder(batch), self.plot_encoder.mask(batch)))
        regions = self.poster_encoder(batch)
        poster = self.poster_norm(regions.mean(dim=1))
        embeddings = [
            fill_missing(plot, batch.has_plot, self.missing_plot),
            fill_missing(poster, batch.has_poster, self.missing_poster),
        ]
        output = ModelOutput(self.head(torch.cat(embeddings, dim=1)))
        return self.with_poster_head(output, regions, batch)


def fill_missing(embedding: Tensor, present: Tensor, missing: Tensor) -> Tensor:
    """Replace the rows (B, D) of missing modalities by a learned vector (D,)."""
    return torch.where(present.unsqueeze(1), embedding, missing)


class EarlyFusionConfig(FusionConfig):
    """Settings of ``early_fusion``.

    Attributes:
        hidden_dim: Width of the head's hidden layer.
    """

    model_name = "early_fusion"
    title = "early fusion"

    hidden_dim: int = Field(default=512, ge=1, le=MAX_WIDTH)

    def build(self, context: BuildContext) -> EarlyFusion:
        """Return the model, with pretrained encoders unless the context has their architecture."""
        return self.apply_freezing(EarlyFusion(**self.parts(context), hidden_dim=self.hidden_dim))
