"""``tfidf``: TF-IDF of words and word pairs, and a logistic regression for each genre."""

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from moviegenre.core.errors import DataError
from moviegenre.core.types import Architectures, Family, Modality
from moviegenre.data.batches import MovieTensors
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import (
    BuildContext,
    FittedModel,
    ModelConfig,
    label_frequencies,
)
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.models.logistic import (
    logistic_regressions,
    plot_texts,
    require_solver,
    sparse_rows,
)
from moviegenre.models.prior import prior_log_odds
from moviegenre.nn.ngrams import NgramFeatures


class Tfidf(FittedModel):
    """Sparse features of a plot times a weight for each genre; the baseline for plots.

    Fitting needs scikit-learn, predicting does not.

    Args:
        features: Turns token ids into features.
        num_labels: L.
        min_plots: The minimum number of training plots with a word or pair that is a feature.
        max_share: The maximum share of training plots with it, in (0, 1].
        c: Inverse strength of the L2 penalty, scikit-learn's ``C``.
        frequencies: Label frequencies (L,), in (0, 1); the logits of a movie without a plot.
    """

    modalities = frozenset({Modality.PLOT})
    weight: Tensor
    bias: Tensor
    prior: Tensor

    def __init__(
        self,
        features: NgramFeatures,
        *,
        num_labels: int,
        min_plots: int,
        max_share: float,
        c: float,
        frequencies: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.features = features
        self.min_plots = min_plots
        self.max_share = max_share
        self.c = c
        prior = prior_log_odds(num_labels, frequencies)
        self.register_buffer("weight", torch.zeros(features.num_features, num_labels))
        self.register_buffer("bias", prior)
        self.register_buffer("prior", prior.clone())

    def architectures(self) -> Architectures:
        """Return the number of features."""
        sizes = {"num_words": self.features.num_words, "num_pairs": self.features.num_pairs}
        return {"features": sizes}

    def fit(self, movies: MovieTensors) -> None:
        """Choose the features and fit a logistic regression for each label.

        Movies without a plot count in the prior only.

        Raises:
            DataError: No movie has a plot, or no word is in enough of them.
            MissingExtraError: scikit-learn is not installed.
        """
        assert movies.labels is not None, "training movies are labelled"
        require_solver()  # raise before the features are computed
        order = np.argsort(-movies.lengths, kind="stable")  # batches with little padding
        order = order[movies.lengths[order] > 0]
        self.features.fit(
            plot_texts(movies, order), min_texts=self.min_plots, max_share=self.max_share
        )
        if not self.features.num_features:
            raise DataError(
                f"no word is in at least {self.min_plots} of the {len(order)} training plots and "
                f"in at most {self.max_share:.0%} of them; change model.min_plots or "
                "model.max_share"
            )
        self.prior = prior_log_odds(len(self.prior), label_frequencies(movies.labels))
        rows = sparse_rows(
            [self.features(*text) for text in plot_texts(movies, order)], self.features.num_features
        )
        weight, bias = logistic_regressions(rows, movies.labels[order], self.c)
        is_constant = np.isnan(bias)  # all plots have the label, or no plot has it
        self.weight = torch.from_numpy(weight)
        self.bias = torch.where(torch.from_numpy(is_constant), self.prior, torch.from_numpy(bias))

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L); a movie without a plot gets the label prior."""
        features = self.features(batch.input_ids, batch.attention_mask)
        logits = features.times(self.weight) + self.bias
        has_words = batch.attention_mask.any(dim=1, keepdim=True)
        return ModelOutput(torch.where(has_words, logits, self.prior))


class TfidfConfig(ModelConfig):
    """Settings of ``tfidf``.

    Attributes:
        min_plots: The minimum number of training plots with a word or pair that is a feature.
        max_share: The maximum share of training plots with it.
        sublinear: Count a word that occurs n times as 1 + log n instead of n.
        c: Inverse strength of the L2 penalty, scikit-learn's ``C``.
    """

    model_name = "tfidf"
    title = "TF-IDF text"
    modalities = Tfidf.modalities
    family: ClassVar[Family] = Family.BASELINE
    fitted: ClassVar[bool] = True

    min_plots: int = Field(default=3, ge=1, le=100_000_000)
    max_share: float = Field(default=0.5, gt=0.0, le=1.0)
    sublinear: bool = True
    c: float = Field(default=1.0, gt=0.0, le=1e9)

    def load_tokenizer(self, plots: Callable[[], Sequence[str]]) -> PlotTokenizer:
        """Return the vocabulary of the training plots."""
        return PlotTokenizer.from_plain_words(plots(), self.min_plots)

    def build(self, context: BuildContext) -> Tfidf:
        """Return the model; the context has the number of features if it was fitted before."""
        tokenizer = context.plot_tokenizer
        features = NgramFeatures(
            tokenizer.vocab_size,
            unknown_id=tokenizer.unknown_id,
            sublinear=self.sublinear,
            **context.architectures.get("features", {}),
        )
        return Tfidf(
            features,
            num_labels=context.num_labels,
            min_plots=self.min_plots,
            max_share=self.max_share,
            c=self.c,
            frequencies=context.label_frequencies,
        )
