"""``tfidf``: TF-IDF of words and word pairs, and one logistic regression a genre."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor

from moviegenre.core.errors import DataError, MissingExtraError
from moviegenre.core.types import Batch, Modality, ModelOutput
from moviegenre.data.batches import MovieTensors
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import (
    Architectures,
    BuildContext,
    Family,
    FittedModel,
    ModelConfig,
    label_frequencies,
)
from moviegenre.models.prior import prior_log_odds
from moviegenre.nn.ngrams import NgramFeatures, SparseFeatures

_FITTING_BATCH = 64


class Tfidf(FittedModel):
    """Sparse features of a plot times a weight for each genre; the bag of words to beat.

    Fitting needs scikit-learn, predicting does not.

    Args:
        features: Turns token ids into features.
        num_labels: L.
        min_plots: A word or pair is a feature if at least so many training plots have it.
        max_share: And at most this share of them, in (0, 1].
        c: Inverse strength of the L2 penalty, scikit-learn's ``C``.
        frequencies: Label frequencies (L,), in (0, 1); the answer for a movie without a plot.
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
        """Return how many features fitting found."""
        sizes = {"num_words": self.features.num_words, "num_pairs": self.features.num_pairs}
        return {"features": sizes}

    def fit(self, movies: MovieTensors) -> None:
        """Choose the features and solve one logistic regression a label.

        Movies without a plot count in the prior only.

        Raises:
            DataError: No movie has a plot, or no word is in enough of them.
            MissingExtraError: scikit-learn is not installed.
        """
        assert movies.labels is not None, "training movies are labelled"
        _solver()  # what is not installed is better missed now than after the features
        order = np.argsort(-movies.lengths, kind="stable")  # batches with little padding
        order = order[movies.lengths[order] > 0]
        self.features.fit(_texts(movies, order), min_texts=self.min_plots, max_share=self.max_share)
        if not self.features.num_features:
            raise DataError(
                f"no word is in at least {self.min_plots} of the {len(order)} training plots and "
                f"in at most {self.max_share:.0%} of them; change model.min_plots or "
                "model.max_share"
            )
        self.prior = prior_log_odds(len(self.prior), label_frequencies(movies.labels))
        weight, bias = _logistic_regressions(
            [self.features(*text) for text in _texts(movies, order)],
            self.features.num_features,
            movies.labels[order],
            self.c,
        )
        single = np.isnan(bias)  # nothing to tell apart: every plot has the label, or none
        self.weight = torch.from_numpy(weight)
        self.bias = torch.where(torch.from_numpy(single), self.prior, torch.from_numpy(bias))

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L); a movie without a plot gets the label prior."""
        features = self.features(batch.input_ids, batch.attention_mask)
        logits = features.times(self.weight) + self.bias
        has_words = batch.attention_mask.any(dim=1, keepdim=True)
        return ModelOutput(torch.where(has_words, logits, self.prior))


def _texts(movies: MovieTensors, rows: npt.NDArray[np.int64]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield token ids (B, T) and masks (B, T) of some movies."""
    for start in range(0, len(rows), _FITTING_BATCH):
        batch = movies.batch(rows[start : start + _FITTING_BATCH].tolist())
        yield batch.input_ids, batch.attention_mask


def _solver() -> tuple[Any, Any]:
    """Return scipy's sparse matrix and scikit-learn's logistic regression.

    Raises:
        MissingExtraError: They are not installed.
    """
    try:
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtraError("scikit-learn", "baselines", "fitting tfidf") from None
    return csr_matrix, LogisticRegression


def _logistic_regressions(
    features: Sequence[SparseFeatures],
    num_features: int,
    labels: npt.NDArray[np.float32],
    c: float,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Solve one balanced logistic regression a label on N sparse rows, given in batches.

    Returns:
        Weights (F, L) and biases (L,); zeros and NaN for a label that all rows or none have. Rows
        where a label is NaN, unknown, are left out for it.
    """
    csr_matrix, logistic_regression = _solver()
    real = [part.values > 0 for part in features]
    lengths = torch.cat([kept.sum(dim=1) for kept in real]).numpy()
    values = torch.cat([part.values[kept] for part, kept in zip(features, real, strict=True)])
    columns = torch.cat([part.columns[kept] for part, kept in zip(features, real, strict=True)])
    ends = np.concatenate([[0], np.cumsum(lengths)])
    matrix = csr_matrix((values.numpy(), columns.numpy(), ends), shape=(len(lengths), num_features))
    matrix.sum_duplicates()
    weight = np.zeros((num_features, labels.shape[1]), dtype=np.float32)
    bias = np.full(labels.shape[1], np.nan, dtype=np.float32)
    for label, truth in enumerate(labels.T):
        known = ~np.isnan(truth)
        if len(set(truth[known])) < 2:
            continue
        solver = logistic_regression(
            C=c, class_weight="balanced", solver="liblinear", max_iter=1000
        )
        solver.fit(matrix[known] if not known.all() else matrix, truth[known])
        weight[:, label], bias[label] = solver.coef_[0], solver.intercept_[0]
    return weight, bias


class TfidfConfig(ModelConfig):
    """Settings of ``tfidf``.

    Attributes:
        min_plots: A word or pair of words counts if at least so many training plots have it.
        max_share: And at most this share of them.
        sublinear: Count a word that occurs n times as 1 + log n instead of n.
        c: Inverse strength of the L2 penalty, scikit-learn's ``C``.
    """

    model_name = "tfidf"
    title = "TF-IDF text"
    modalities = Tfidf.modalities
    family: ClassVar[Family] = "baseline"
    fitted: ClassVar[bool] = True

    min_plots: int = Field(default=3, ge=1)
    max_share: float = Field(default=0.5, gt=0.0, le=1.0)
    sublinear: bool = True
    c: float = Field(default=1.0, gt=0.0)

    def load_tokenizer(self, plots: Callable[[], Sequence[str]]) -> PlotTokenizer:
        """Return the vocabulary of the training plots."""
        return PlotTokenizer.from_plain_words(plots(), self.min_plots)

    def build(self, context: BuildContext) -> Tfidf:
        """Return the model, as large as the context says where it was fitted before."""
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
