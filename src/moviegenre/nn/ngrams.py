"""Words and pairs of neighbouring words as sparse TF-IDF features of token ids.

``tfidf`` and the wide part of ``wide_deep`` are regressions on these features.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_MIN_LENGTH = 1e-12  # of a row, so that a row without features stays zero


@dataclass(frozen=True)
class SparseFeatures:
    """A sparse matrix (B, F): for each row, its non-zero columns and their values.

    A feature that occurs n times in a text has n columns, each with an n-th of its value.

    Attributes:
        columns: Columns (B, S), int64; 0 at padding.
        values: Their values (B, S), float32; 0 at padding.
    """

    columns: Tensor
    values: Tensor

    def times(self, weight: Tensor) -> Tensor:
        """Return the product (B, D) with a weight (F, D), without the dense matrix."""
        if not len(weight):
            return weight.new_zeros(len(self.columns), weight.shape[1])
        return torch.einsum("bs,bsd->bd", self.values, functional.embedding(self.columns, weight))


class NgramFeatures(nn.Module):
    """TF-IDF features of words and pairs of neighbouring words; each row has norm 1.

    The formulas are those of scikit-learn's ``TfidfVectorizer`` with ``ngram_range=(1, 2)``; see
    Salton and Buckley, "Term-weighting approaches in automatic text retrieval",
    https://doi.org/10.1016/0306-4573(88)90021-0. A word that the tokenizer does not know is never a
    feature or a part of a feature, but it separates its neighbours.

    Args:
        vocab_size: V, the number of tokens.
        unknown_id: The token of unknown words.
        sublinear: Count a feature that occurs n times as 1 + log n instead of n.
        num_words: The number of words that are features; ``fit`` sets it, zero before.
        num_pairs: The number of pairs that are features; ``fit`` sets it, zero before.
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
        """The number of pairs of words that are features."""
        return len(self.pair_keys)

    @property
    def num_features(self) -> int:
        """F, the number of features: words first, then pairs."""
        return len(self.idf)

    def fit(
        self, texts: Iterable[tuple[Tensor, Tensor]], *, min_texts: int, max_share: float
    ) -> None:
        """Choose the features, and count the texts with each.

        Args:
            texts: Token ids (B, T) and attention masks (B, T) of all texts, in batches.
            min_texts: The minimum number of texts with a feature.
            max_share: The maximum share of texts with a feature, in (0, 1].
        """
        empty = torch.zeros(0, dtype=torch.int64)
        words, pairs = [empty], [empty]
        num_texts = 0
        for input_ids, attention_mask in texts:
            num_texts += len(input_ids)
            for row, mask in zip(input_ids, self._is_known(input_ids, attention_mask), strict=True):
                words.append(_count(row[mask])[0])
                pairs.append(_count(self._pairs(row)[mask[:-1] & mask[1:]])[0])
        max_texts = max_share * num_texts

        def frequent(parts: list[Tensor]) -> tuple[Tensor, Tensor]:
            keys, counts = _count(torch.cat(parts))
            is_feature = (counts >= min_texts) & (counts <= max_texts)
            return keys[is_feature], counts[is_feature]

        word_ids, word_counts = frequent(words)
        self.pair_keys, pair_counts = frequent(pairs)
        self.num_words = len(word_ids)
        self.word_columns = torch.full((self.vocab_size,), -1)
        self.word_columns[word_ids] = torch.arange(self.num_words)
        counts = torch.cat([word_counts, pair_counts]).double()
        self.idf = (torch.log((1 + num_texts) / (1 + counts)) + 1).float()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SparseFeatures:
        """Return the features of token ids (B, T) with their mask (B, T).

        All operations also exist in ONNX, which has no search and no ``unique``.
        """
        is_known = self._is_known(input_ids, attention_mask)
        columns = [torch.where(is_known, self.word_columns[input_ids], -1)]
        if self.num_pairs:
            keys = self._pairs(input_ids)
            index = self._pair_index(keys)
            is_pair = (self.pair_keys[index] == keys) & is_known[:, :-1] & is_known[:, 1:]
            columns.append(torch.where(is_pair, self.num_words + index, -1))
        return self._weigh(torch.cat(columns, dim=1))

    def _pair_index(self, keys: Tensor) -> Tensor:
        """Return the index of each key (B, T) in the sorted ``pair_keys``; any index if missing."""
        index = torch.zeros_like(keys)
        for bit in reversed(range(self.num_pairs.bit_length())):
            next_index = index + (1 << bit)
            is_reached = self.pair_keys[next_index.clamp(max=self.num_pairs - 1)] <= keys
            index = torch.where(is_reached & (next_index < self.num_pairs), next_index, index)
        return index

    def _is_known(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return attention_mask & (input_ids != self.unknown_id)

    def _pairs(self, input_ids: Tensor) -> Tensor:
        """Return a key (..., T - 1) for each pair of neighbours in (..., T)."""
        return input_ids[..., :-1] * self.vocab_size + input_ids[..., 1:]

    def _weigh(self, columns: Tensor) -> SparseFeatures:
        """Return the features of columns (B, S), where -1 is no column."""
        columns = columns.sort(dim=1).values
        first = functional.pad(columns[:, 1:] != columns[:, :-1], (1, 0), value=False)
        run = first.long().cumsum(dim=1)  # equal columns have the same number
        ones = torch.ones_like(columns, dtype=torch.float32)
        counts = torch.zeros_like(ones).scatter_add(1, run, ones).gather(1, run)
        frequency = 1 + counts.log() if self.sublinear else counts
        is_feature = columns >= 0
        columns = columns.clamp(min=0)
        idf = self.idf[columns] if self.num_features else ones
        values = frequency * idf * is_feature
        length = (values.square() / counts).sum(dim=1, keepdim=True).sqrt()
        return SparseFeatures(columns, values / counts / length.clamp(min=_MIN_LENGTH))


def _count(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sorted distinct values and their counts."""
    distinct, counts = torch.unique(values, return_counts=True)
    return distinct, counts
