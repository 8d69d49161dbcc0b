"""Words and pairs of neighbouring words as sparse TF-IDF features of token ids.

Knows token ids and masks only. The same features are fitted on, predicted from, and can feed an
``nn.EmbeddingBag`` beside an encoder.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class SparseFeatures:
    """A matrix (B, F) that is nearly all zeros, row by row.

    ``nn.EmbeddingBag(F, D, mode="sum")`` takes it as ``bag(columns, offsets,
    per_sample_weights=values)``; ``times`` is the same for a weight that is at hand.

    Attributes:
        columns: Column of each value that is not zero (S,), int64, rising within a row.
        offsets: Where each row begins in ``columns`` (B,), int64.
        values: The values (S,), float32.
    """

    columns: Tensor
    offsets: Tensor
    values: Tensor

    @property
    def lengths(self) -> Tensor:
        """How many values each row has (B,)."""
        ends = torch.cat([self.offsets[1:], self.offsets.new_tensor([len(self.columns)])])
        return ends - self.offsets

    def times(self, weight: Tensor) -> Tensor:
        """Return the product (B, D) with a weight (F, D), without the dense matrix."""
        if self.columns.numel() == 0:
            return weight.new_zeros(len(self.offsets), weight.shape[1])
        return functional.embedding_bag(
            self.columns, weight, self.offsets, mode="sum", per_sample_weights=self.values
        )


class NgramFeatures(nn.Module):
    """TF-IDF features of words and pairs of neighbouring words, rows of length one.

    The formulas are those of scikit-learn's ``TfidfVectorizer`` with ``ngram_range=(1, 2)``; see
    Salton and Buckley, "Term-weighting approaches in automatic text retrieval",
    https://doi.org/10.1016/0306-4573(88)90021-0. A word that the tokenizer does not know is no
    feature and no part of one, but it still stands between its neighbours.

    Args:
        vocab_size: V, the number of tokens.
        unknown_id: The token that stands for unknown words.
        sublinear: Count a feature n times as 1 + log n instead of n.
        num_words: How many words are features, as ``fit`` found; zero before it.
        num_pairs: How many pairs of words are features; likewise.
    """

    word_columns: Tensor
    pair_keys: Tensor
    idf: Tensor

    def __init__(
        self,
        vocab_size: int,
        *,
        unknown_id: int,
        sublinear: bool = True,
        num_words: int = 0,
        num_pairs: int = 0,
    ) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.unknown_id = unknown_id
        self.sublinear = sublinear
        self.num_words = num_words
        self.register_buffer("word_columns", torch.full((vocab_size,), -1))
        self.register_buffer("pair_keys", torch.zeros(num_pairs, dtype=torch.int64))
        self.register_buffer("idf", torch.ones(num_words + num_pairs))

    @property
    def num_pairs(self) -> int:
        """How many pairs of words are features."""
        return len(self.pair_keys)

    @property
    def num_features(self) -> int:
        """F, the number of features: words first, then pairs."""
        return len(self.idf)

    def fit(
        self, texts: Iterable[tuple[Tensor, Tensor]], *, min_texts: int, max_share: float
    ) -> None:
        """Choose the features and count in how many texts each one is.

        Args:
            texts: Token ids (B, T) and attention masks (B, T) of all texts, some at a time.
            min_texts: A feature is in at least so many texts.
            max_share: And in at most this share of them, in (0, 1].
        """
        nothing = torch.zeros(0, dtype=torch.int64)
        words, pairs = [nothing], [nothing]
        num_texts = 0
        for input_ids, attention_mask in texts:
            num_texts += len(input_ids)
            for row, mask in zip(input_ids, self._known(input_ids, attention_mask), strict=True):
                words.append(_count(row[mask])[0])
                pairs.append(_count(self._pairs(row)[mask[:-1] & mask[1:]])[0])
        most = max_share * num_texts

        def frequent(found: list[Tensor]) -> tuple[Tensor, Tensor]:
            keys, counts = _count(torch.cat(found))
            kept = (counts >= min_texts) & (counts <= most)
            return keys[kept], counts[kept]

        word_ids, word_counts = frequent(words)
        self.pair_keys, pair_counts = frequent(pairs)
        self.num_words = len(word_ids)
        self.word_columns = torch.full((self.vocab_size,), -1)
        self.word_columns[word_ids] = torch.arange(self.num_words)
        counts = torch.cat([word_counts, pair_counts]).double()
        self.idf = (torch.log((1 + num_texts) / (1 + counts)) + 1).float()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SparseFeatures:
        """Return the features of token ids (B, T) with their mask (B, T)."""
        known = self._known(input_ids, attention_mask)
        columns = [torch.where(known, self.word_columns[input_ids], -1)]
        if self.num_pairs:
            keys = self._pairs(input_ids)
            place = torch.searchsorted(self.pair_keys, keys).clamp(max=self.num_pairs - 1)
            found = (self.pair_keys[place] == keys) & known[:, :-1] & known[:, 1:]
            columns.append(torch.where(found, self.num_words + place, -1))
        return self._weigh(torch.cat(columns, dim=1))

    def _known(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return attention_mask & (input_ids != self.unknown_id)

    def _pairs(self, input_ids: Tensor) -> Tensor:
        """Return one number (..., T - 1) for each pair of neighbours in (..., T)."""
        return input_ids[..., :-1] * self.vocab_size + input_ids[..., 1:]

    def _weigh(self, columns: Tensor) -> SparseFeatures:
        """Return the features whose columns occur in (B, S), where -1 is none."""
        num_rows, width = len(columns), max(1, self.num_features)
        row = torch.arange(num_rows, device=columns.device).unsqueeze(1)
        cells = (row * width + columns)[columns >= 0]
        cells, counts = _count(cells)  # sorted by row, then by column
        rows, columns = cells // width, cells % width
        frequency = 1 + counts.float().log() if self.sublinear else counts.float()
        values = frequency * self.idf[columns]
        squares = values.new_zeros(num_rows).index_add(0, rows, values.square())
        lengths = torch.bincount(rows, minlength=num_rows)
        return SparseFeatures(
            columns=columns,
            offsets=lengths.cumsum(0) - lengths,
            values=values / squares.sqrt()[rows],
        )


def _count(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distinct values, sorted, and how often each occurs."""
    distinct, counts = torch.unique(values, return_counts=True)
    return distinct, counts
