"""``attention_fusion``: plot tokens and poster regions attend to each other."""

from collections.abc import Sequence
from typing import Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from moviegenre.models.base import BuildContext
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.models.encoders.plot import PlotEncoder
from moviegenre.models.encoders.poster import PosterEncoder
from moviegenre.models.fusion import (
    Fusion,
    FusionConfig,
    hide_modalities,
    region_mask,
)
from moviegenre.nn.attention import CrossAttention
from moviegenre.nn.heads import ClassificationHead
from moviegenre.nn.pooling import AttentionPooling, masked_mean, masked_softmax


class AttentionFusion(Fusion):
    """Cross-attend tokens and regions, pool each by attention, weigh the two per movie.

    Reference: the weighing follows the gated multimodal unit of Arevalo et al., "Gated multimodal
    units for information fusion", https://arxiv.org/abs/1702.01992; differs in that tokens and
    regions first attend to each other (Tan and Bansal, "LXMERT", https://arxiv.org/abs/1908.07490)
    and that the gate is a softmax over the available modalities. A separate poster head for films
    without a plot is optional; it reads the average of the poster's regions.

    Args:
        plot_encoder: Computes the token vectors.
        poster_encoder: Computes the region vectors.
        dim: D, the common size of token and region vectors; a multiple of ``num_heads``.
        num_heads: Heads of the cross-attention.
        num_labels: L.
        dropout: In the blocks and before each layer of the head.
        modality_dropout: See ``FusionConfig``.
        poster_hidden_dim: See ``FusionConfig``.
        label_frequencies: Initialise the logits; see ``ClassificationHead``.
    """

    def __init__(
        self,
        plot_encoder: PlotEncoder,
        poster_encoder: PosterEncoder,
        *,
        dim: int,
        num_heads: int,
        num_labels: int,
        dropout: float,
        modality_dropout: float,
        poster_hidden_dim: int | None = None,
        label_frequencies: Sequence[float] | None = None,
    ) -> None:
        super().__init__(plot_encoder, poster_encoder, modality_dropout)
        self.plot_projection = _projection(plot_encoder.dim, dim)
        self.poster_projection = _projection(poster_encoder.dim, dim)
        self.plot_attention = CrossAttention(dim, num_heads, dropout)
        self.poster_attention = CrossAttention(dim, num_heads, dropout)
        self.plot_pooling = AttentionPooling(dim, dim // 2)
        self.poster_pooling = AttentionPooling(dim, dim // 2)
        self.gate = nn.Linear(2 * dim, 2)
        self.norm = nn.LayerNorm(3 * dim)
        self.head = ClassificationHead(
            3 * dim,
            num_labels,
            hidden_dim=2 * dim,
            dropout=dropout,
            label_frequencies=label_frequencies,
        )
        self.add_poster_head(num_labels, poster_hidden_dim, dropout, label_frequencies)

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L) and attention weights.

        The weights: ``plot_to_poster`` (B, T, R), ``poster_to_plot`` (B, R, T), ``plot`` (B, T),
        ``poster`` (B, R) and ``modality`` (B, 2), plot first. With a poster head, the output also
        has its logits.
        """
        if self.training:
            batch = hide_modalities(batch, self.modality_dropout)
        plot_mask = self.plot_encoder.mask(batch)
        tokens = self.plot_projection(self.plot_encoder(batch))
        raw_regions = self.poster_encoder(batch)
        regions = self.poster_projection(raw_regions)
        poster_mask = region_mask(batch.has_poster, regions)
        plot, plot_to_poster = self.plot_attention(tokens, regions, poster_mask)
        poster, poster_to_plot = self.poster_attention(regions, tokens, plot_mask)
        plot_pooled, plot_weights = self.plot_pooling(plot, plot_mask)
        poster_pooled, poster_weights = self.poster_pooling(poster, poster_mask)
        present = torch.stack([batch.has_plot, batch.has_poster], dim=1)
        gate = masked_softmax(self.gate(torch.cat([plot_pooled, poster_pooled], dim=1)), present)
        weighed = gate[:, :1] * plot_pooled + gate[:, 1:] * poster_pooled
        # The averages keep information that the attention weights suppress.
        averages = [masked_mean(tokens, plot_mask), masked_mean(regions, poster_mask)]
        logits: Tensor = self.head(self.norm(torch.cat([weighed, *averages], dim=1)))
        output = ModelOutput(
            logits,
            attention={
                "plot_to_poster": plot_to_poster,
                "poster_to_plot": poster_to_plot,
                "plot": plot_weights,
                "poster": poster_weights,
                "modality": gate,
            },
        )
        return self.with_poster_head(output, raw_regions, batch)


def _projection(dim: int, common_dim: int) -> nn.Sequential:
    """Return a layer that projects vectors (..., D) to the common size."""
    return nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, common_dim))


class AttentionFusionConfig(FusionConfig):
    """Settings of ``attention_fusion``.

    Attributes:
        dim: The common size of token and region vectors; a multiple of ``num_heads``.
        num_heads: Heads of the cross-attention.
    """

    model_name = "attention_fusion"
    title = "attention fusion"

    dim: int = Field(default=256, ge=2, le=4096)
    num_heads: int = Field(default=4, ge=1, le=256)

    @model_validator(mode="after")
    def _check_heads_divide_dim(self) -> Self:
        if self.dim % self.num_heads:
            raise ValueError(f"dim {self.dim} is not a multiple of num_heads {self.num_heads}")
        return self

    def build(self, context: BuildContext) -> AttentionFusion:
        """Return the model, with pretrained encoders unless the context has their architecture."""
        return self.apply_freezing(
            AttentionFusion(**self.parts(context), dim=self.dim, num_heads=self.num_heads)
        )
