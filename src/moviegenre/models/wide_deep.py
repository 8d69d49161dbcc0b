"""``wide_deep``: one head on both encoders, plus a regression on words and word pairs."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from moviegenre.core.errors import DataError
from moviegenre.core.types import Architectures, Modality
from moviegenre.data.batches import MovieTensors
from moviegenre.models.base import MAX_WIDTH, BuildContext
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.models.early_fusion import fill_missing
from moviegenre.models.encoders.plot import PlotEncoder
from moviegenre.models.encoders.poster import PosterEncoder
from moviegenre.models.fusion import Fusion, FusionConfig, hide_modalities
from moviegenre.models.logistic import (
    held_out_logits,
    logistic_regressions,
    plot_texts,
    require_solver,
    sparse_rows,
)
from moviegenre.nn.heads import ClassificationHead
from moviegenre.nn.ngrams import NgramFeatures, SparseFeatures
from moviegenre.nn.pooling import AttentionPooling, masked_mean

_USUAL_TOKENS = 64  # of a short plot; at this length, the scale does not depend on the length


class WideDeep(Fusion):
    """A deep head on both encoders' vectors, plus a wide layer on the plot's n-grams.

    The deep part generalises from meaning. The wide part has a weight for each word or word pair
    and each label; it memorises single words, and reads long plots at low cost. The logits are
    the deep logits plus the wide logits times a learned scale for each label.

    The wide part is fitted first, by logistic regression, and then fixed. While the deep part is
    trained, the wide logits are held-out: they come from regressions fitted to other movies. The
    wide part is surer of movies that it was fitted to, and the deep part would learn to rely on it
    too much. Trained together, the wide part did not help (docs/dev-log.md).
    References: Cheng et al., "Wide and deep learning for recommender systems",
    https://arxiv.org/abs/1606.07792, which trains both parts together; Wolpert, "Stacked
    generalization", https://doi.org/10.1016/S0893-6080(05)80023-1.

    The plot's vectors, of tokens or windows, are averaged, and also pooled by a learned score.
    Both results and the poster's average are normalised and concatenated for one head. A separate
    poster head predicts films without a plot: a common head for films with and without plots is
    worse without a plot than a poster model.

    Args:
        plot_encoder: Computes the plot's vectors.
        poster_encoder: Computes the region vectors.
        features: Turns the same token ids into n-gram features; fitted by ``prepare``.
        num_labels: L.
        hidden_dim: Width of the head's hidden layer.
        members: The number of heads that share that layer; see ``ClassificationHead``.
        dropout: Before each layer of the head.
        poster_hidden_dim: See ``FusionConfig``.
        min_plots: The minimum number of training plots with a word or pair that is a feature.
        c: Inverse strength of the L2 penalty of the regressions.
        scale_by_length: Whether the scale of the wide logits also depends on the number of tokens:
            the words of a sentence are weaker evidence than those of ten pages.
        folds: The number of folds of the training movies, each held out in turn.
        modality_dropout: See ``FusionConfig``.
        label_frequencies: Initialise the logits of the poster head; see ``ClassificationHead``.
    """

    wide: Tensor
    wide_bias: Tensor

    def __init__(
        self,
        plot_encoder: PlotEncoder,
        poster_encoder: PosterEncoder,
        features: NgramFeatures,
        *,
        num_labels: int,
        hidden_dim: int,
        dropout: float,
        poster_hidden_dim: int,
        min_plots: int,
        c: float,
        folds: int,
        scale_by_length: bool = False,
        members: int = 1,
        modality_dropout: float,
        label_frequencies: Sequence[float] | None = None,
    ) -> None:
        super().__init__(plot_encoder, poster_encoder, modality_dropout)
        self.min_plots = min_plots
        self.c = c
        self.folds = folds
        self.features = features
        self.register_buffer("wide", torch.zeros(features.num_features, num_labels))
        self.register_buffer("wide_bias", torch.zeros(num_labels))
        self.wide_scale = nn.Parameter(torch.ones(num_labels))
        self.wide_slope = nn.Parameter(torch.zeros(num_labels)) if scale_by_length else None
        self.plot_pooling = AttentionPooling(plot_encoder.dim, plot_encoder.dim // 4)
        self.plot_norm = nn.LayerNorm(2 * plot_encoder.dim)
        self.poster_norm = nn.LayerNorm(poster_encoder.dim)
        self.missing_poster = nn.Parameter(torch.zeros(poster_encoder.dim))
        self.head = ClassificationHead(  # logits start at 0: the wide part has the label prior
            2 * plot_encoder.dim + poster_encoder.dim,
            num_labels,
            hidden_dim=hidden_dim,
            dropout=dropout,
            members=members,
        )
        self.add_poster_head(num_labels, poster_hidden_dim, dropout, label_frequencies)
        self._held_out: Tensor | None = None

    def architectures(self) -> Architectures:
        """Return the encoders' architectures and the number of n-grams."""
        sizes: dict[str, Any] = {
            "num_words": self.features.num_words,
            "num_pairs": self.features.num_pairs,
        }
        return {**super().architectures(), "features": sizes}

    def inner_layer(self, modality: Modality) -> nn.Module | None:
        """Return the layer of posters; None for plots, because n-grams have no gradients."""
        return None if modality is Modality.PLOT else super().inner_layer(modality)

    def prepare(self, movies: MovieTensors) -> None:
        """Choose the n-grams of the training plots, and fit the wide part to them.

        Raises:
            DataError: No n-gram is in enough plots.
            MissingExtraError: scikit-learn is not installed.
        """
        assert movies.labels is not None, "training movies are labelled"
        require_solver()  # raise before the features are computed
        order = np.argsort(-movies.lengths, kind="stable")  # batches with little padding
        order = order[movies.lengths[order] > 0]
        longest = _longest_texts(movies, order)
        self.features.fit(plot_texts(movies, longest), min_texts=self.min_plots, max_share=0.5)
        if not self.features.num_features:
            raise DataError(
                f"no word is in at least {self.min_plots} training plots and in at most half of "
                "them; change model.min_plots"
            )
        with torch.no_grad():
            features = [self.features(*text) for text in plot_texts(movies, order)]
        rows, labels = sparse_rows(features, self.features.num_features), movies.labels[order]
        weight, bias = logistic_regressions(rows, labels, self.c)
        self.wide = torch.from_numpy(weight)
        self.wide_bias = torch.from_numpy(bias).nan_to_num()
        self._held_out = torch.zeros(movies.labels.shape)
        self._held_out[order] = torch.from_numpy(
            held_out_logits(
                rows,
                labels,
                self.c,
                folds=self.folds,
                groups=None if movies.stored is None else movies.stored[order],
            )
        )

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L), the weights ``plot`` (B, S), and the logits of the poster head.

        The weights are those of the pooled plot vectors.
        """
        if self.training:
            batch = hide_modalities(batch, self.modality_dropout)
        states, mask = self.plot_encoder(batch), self.plot_encoder.mask(batch)
        pooled, weights = self.plot_pooling(states, mask)
        plot = self.plot_norm(torch.cat([masked_mean(states, mask), pooled], dim=1))
        regions = self.poster_encoder(batch)
        poster = self.poster_norm(regions.mean(dim=1))
        poster = fill_missing(poster, batch.has_poster, self.missing_poster)
        deep: Tensor = self.head(torch.cat([plot, poster], dim=1))
        logits = deep + self._scale(batch) * self._wide_logits(batch)
        output = ModelOutput(logits, attention={"plot": weights})
        return self.with_poster_head(output, regions, batch)

    def _scale(self, batch: Batch) -> Tensor:
        """Return the scale of the wide logits, (L,) or (B, L)."""
        if self.wide_slope is None:
            return self.wide_scale
        tokens = batch.attention_mask.sum(dim=1, keepdim=True).clamp(min=1)
        return self.wide_scale + self.wide_slope * (tokens / _USUAL_TOKENS).log()

    def _wide_logits(self, batch: Batch) -> Tensor:
        """Return the unscaled logits (B, L) of the n-grams; in training, held-out logits."""
        if self.training and self._held_out is not None:
            return self._held_out.to(batch.has_plot.device)[batch.index]
        features: SparseFeatures = self.features(batch.input_ids, batch.attention_mask)
        return features.times(self.wide) + self.wide_bias


def _longest_texts(movies: MovieTensors, order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the row of the longest text of each movie; ``order`` has long texts first."""
    if movies.stored is None:
        return order
    _, first = np.unique(movies.stored[order], return_index=True)
    return order[np.sort(first)]


class WideDeepConfig(FusionConfig):
    """Settings of ``wide_deep``.

    Attributes:
        hidden_dim: Width of the head's hidden layer.
        members: The number of heads of equal width that share that layer; they are averaged.
        min_plots: The minimum number of training plots with a word or pair that is a feature.
        c: Inverse strength of the L2 penalty of the words' weights, scikit-learn's ``C``.
        scale_by_length: Whether the scale of the wide logits depends on the length of the plot;
            for models that learn from plots of many lengths (``data.forms``).
        folds: The number of folds of the training movies for the held-out wide logits, with which
            the deep part is trained.
    """

    model_name = "wide_deep"
    title = "wide and deep fusion"
    needs_poster_head: ClassVar[bool] = True

    hidden_dim: int = Field(default=512, ge=1, le=MAX_WIDTH)
    dropout: float = Field(default=0.5, ge=0.0, lt=1.0)
    poster_hidden_dim: int | None = Field(default=0, ge=0, le=MAX_WIDTH)
    min_plots: int = Field(default=3, ge=1, le=100_000_000)
    c: float = Field(default=1.0, gt=0.0, le=1e9)
    scale_by_length: bool = False
    members: int = Field(default=1, ge=1, le=1_000)
    folds: int = Field(default=4, ge=2, le=1_000)

    def build(self, context: BuildContext) -> WideDeep:
        """Return the model, with pretrained encoders unless the context has their architecture."""
        tokenizer = context.plot_tokenizer
        features = NgramFeatures(
            tokenizer.vocab_size,
            unknown_id=tokenizer.unknown_id,
            **context.architectures.get("features", {}),
        )
        return self.apply_freezing(
            WideDeep(
                **self.parts(context),
                features=features,
                hidden_dim=self.hidden_dim,
                min_plots=self.min_plots,
                c=self.c,
                folds=self.folds,
                scale_by_length=self.scale_by_length,
                members=self.members,
            )
        )
