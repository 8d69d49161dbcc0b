"""``wide_deep``: both encoders under one head, and every word and word pair beside it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from moviegenre.core.errors import DataError
from moviegenre.core.types import Batch, ModelOutput
from moviegenre.data.batches import MovieTensors
from moviegenre.models.base import Architectures, BuildContext, GenreModel
from moviegenre.models.early_fusion import or_else
from moviegenre.models.fusion import BOTH, FusionConfig, hide_modalities
from moviegenre.models.plot_encoder import PlotEncoder
from moviegenre.models.poster_encoder import PosterEncoder
from moviegenre.nn.heads import ClassificationHead
from moviegenre.nn.ngrams import NgramFeatures, SparseFeatures
from moviegenre.nn.pooling import AttentionPooling, masked_mean

_FITTING_BATCH = 64


class WideDeep(GenreModel):
    """A deep head on what both encoders say, plus a wide layer on the plot's n-grams.

    The deep part generalises from meaning; the wide part, a weight for each word or pair of words
    and each label, remembers what single words say, and reads all of a plot for little. The logits
    are their sum, trained together, so that the wide part learns what the deep one misses.
    Reference: Cheng et al., "Wide and deep learning for recommender systems",
    https://arxiv.org/abs/1606.07792; differs in that the wide part is TF-IDF of text and has
    dropout, and that both parts share one optimiser.

    The plot's vectors, of tokens or of windows, are averaged, and pooled by a learned score as
    well; both, and the poster's average, are normalised and joined under one head.

    Args:
        plot_encoder: Gives the plot's vectors.
        poster_encoder: Gives the region vectors.
        features: Turns the same token ids into n-gram features; fitted by ``prepare``.
        num_labels: L.
        hidden_dim: Width of the head's hidden layer.
        dropout: Before each layer of the head.
        wide_dropout: Share of n-grams of a plot that are left out while training.
        wide_scale: What n-gram features are multiplied by. Under Adam, whose steps do not depend
            on the size of gradients, it is how much faster the wide part learns than the head.
        min_plots: A word or pair is a feature if at least so many training plots have it.
        modality_dropout: See ``FusionConfig``.
        label_frequencies: Where the logits start; see ``ClassificationHead``.
    """

    modalities = BOTH

    def __init__(
        self,
        plot_encoder: PlotEncoder,
        poster_encoder: PosterEncoder,
        features: NgramFeatures,
        *,
        num_labels: int,
        hidden_dim: int,
        dropout: float,
        wide_dropout: float,
        wide_scale: float,
        min_plots: int,
        modality_dropout: float,
        label_frequencies: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.modality_dropout = modality_dropout
        self.wide_dropout = wide_dropout
        self.wide_scale = wide_scale
        self.min_plots = min_plots
        self.plot_encoder = plot_encoder
        self.poster_encoder = poster_encoder
        self.features = features
        self.wide = nn.Parameter(torch.zeros(features.num_features, num_labels))
        self.plot_pooling = AttentionPooling(plot_encoder.dim, plot_encoder.dim // 4)
        self.plot_norm = nn.LayerNorm(2 * plot_encoder.dim)
        self.poster_norm = nn.LayerNorm(poster_encoder.dim)
        self.missing_plot = nn.Parameter(torch.zeros(2 * plot_encoder.dim))
        self.missing_poster = nn.Parameter(torch.zeros(poster_encoder.dim))
        self.head = ClassificationHead(
            2 * plot_encoder.dim + poster_encoder.dim,
            num_labels,
            hidden_dim=hidden_dim,
            dropout=dropout,
            label_frequencies=label_frequencies,
        )

    def architectures(self) -> Architectures:
        """Return the encoders' architectures, and how many n-grams there are."""
        sizes: dict[str, Any] = {
            "num_words": self.features.num_words,
            "num_pairs": self.features.num_pairs,
        }
        return {**super().architectures(), "features": sizes}

    def prepare(self, movies: MovieTensors) -> None:
        """Choose the n-grams by the training plots; their weights start at zero.

        Raises:
            DataError: No n-gram is in enough plots.
        """
        self.features.fit(_texts(movies), min_texts=self.min_plots, max_share=0.5)
        if not self.features.num_features:
            raise DataError(
                f"no word is in at least {self.min_plots} training plots and in at most half of "
                "them; change model.min_plots"
            )
        self.wide = nn.Parameter(torch.zeros(self.features.num_features, self.wide.shape[1]))

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L), and the weights ``plot`` (B, S) of the pooled plot vectors."""
        if self.training:
            batch = hide_modalities(batch, self.modality_dropout)
        states, mask = self.plot_encoder(batch), self.plot_encoder.mask(batch)
        pooled, weights = self.plot_pooling(states, mask)
        plot = self.plot_norm(torch.cat([masked_mean(states, mask), pooled], dim=1))
        poster = self.poster_norm(self.poster_encoder(batch).mean(dim=1))
        plot = or_else(plot, batch.has_plot, self.missing_plot)
        poster = or_else(poster, batch.has_poster, self.missing_poster)
        deep: Tensor = self.head(torch.cat([plot, poster], dim=1))
        return ModelOutput(deep + self._wide_logits(batch), attention={"plot": weights})

    def _wide_logits(self, batch: Batch) -> Tensor:
        """Return what the n-grams say (B, L); zeros for a movie without a plot."""
        with torch.no_grad():
            found: SparseFeatures = self.features(batch.input_ids, batch.attention_mask)
            values = functional.dropout(found.values, self.wide_dropout, self.training)
        return SparseFeatures(found.columns, self.wide_scale * values).times(self.wide)


def _texts(movies: MovieTensors) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield token ids (B, T) and masks (B, T) of all movies, plots of like length together."""
    order = np.argsort(-movies.lengths, kind="stable")
    for start in range(0, len(order), _FITTING_BATCH):
        batch = movies.batch(order[start : start + _FITTING_BATCH].tolist())
        yield batch.input_ids, batch.attention_mask


class WideDeepConfig(FusionConfig):
    """Settings of ``wide_deep``.

    Attributes:
        hidden_dim: Width of the head's hidden layer.
        wide_dropout: Share of a plot's n-grams that are left out while training.
        wide_scale: How much faster the wide part learns than the head.
        min_plots: A word or pair of words counts if at least so many training plots have it.
    """

    model_name = "wide_deep"
    title = "wide and deep fusion"

    hidden_dim: int = Field(default=512, ge=1)
    wide_dropout: float = Field(default=0.3, ge=0.0, lt=1.0)
    wide_scale: float = Field(default=10.0, gt=0.0)
    min_plots: int = Field(default=3, ge=1)

    def build(self, context: BuildContext) -> WideDeep:
        """Return the model, its encoders pretrained unless the context has their architecture."""
        tokenizer = context.plot_tokenizer
        features = NgramFeatures(
            tokenizer.vocab_size,
            unknown_id=tokenizer.unknown_id,
            **context.architectures.get("features", {}),
        )
        return WideDeep(
            self.plot_encoder.build(context.architectures.get("plot_encoder")),
            self.poster_encoder.build(context.architectures.get("poster_encoder")),
            features,
            num_labels=context.num_labels,
            hidden_dim=self.hidden_dim,
            dropout=self.dropout,
            wide_dropout=self.wide_dropout,
            wide_scale=self.wide_scale,
            min_plots=self.min_plots,
            modality_dropout=self.modality_dropout,
            label_frequencies=context.label_frequencies,
        )
