"""Words and pairs of neighbouring words as sparse TF-IDF features of token ids.

Knows token ids and masks only. The same features are fitted on, predicted from, and feed a wide
layer beside an encoder.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_SMALLEST_LENGTH = 1e-12  # of a row; one without features is zero and stays it


@dataclass(frozen=True)
class SparseFeatures:
    """A matrix (B, F) that is nearly all zeros, row by row: which columns, and with what values.

    A column that a text has n times is named n times, each with an n-th of its value.

    Attributes:
        columns: Columns (B, S), int64; 0 where there is none.
        values: Their values (B, S), float32; 0 where there is none.
    """

    columns: Tensor
    values: Tensor

    def times(self, weight: Tensor) -> Tensor:
        """Return the product (B, D) with a weight (F, D), without the dense matrix."""
        if not len(weight):
            return weight.new_zeros(len(self.columns), weight.shape[1])
        return torch.einsum("bs,bsd->bd", self.values, functional.embedding(self.columns, weight))


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

        def frequent(parts: list[Tensor]) -> tuple[Tensor, Tensor]:
            keys, counts = _count(torch.cat(parts))
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
        """Return the features of token ids (B, T) with their mask (B, T).

        Made of operations that ONNX has as well: no search, no ``unique``.
        """
        known = self._known(input_ids, attention_mask)
        columns = [torch.where(known, self.word_columns[input_ids], -1)]
        if self.num_pairs:
            keys = self._pairs(input_ids)
            place = self._place(keys)
            is_pair = (self.pair_keys[place] == keys) & known[:, :-1] & known[:, 1:]
            columns.append(torch.where(is_pair, self.num_words + place, -1))
        return self._weigh(torch.cat(columns, dim=1))

    def _place(self, keys: Tensor) -> Tensor:
        """Return where each key (B, T) is among the sorted keys of pairs, if it is there at all."""
        place = torch.zeros_like(keys)
        for bit in reversed(range(self.num_pairs.bit_length())):
            further = place + (1 << bit)
            reached = self.pair_keys[further.clamp(max=self.num_pairs - 1)] <= keys
            place = torch.where(reached & (further < self.num_pairs), further, place)
        return place

    def _known(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return attention_mask & (input_ids != self.unknown_id)

    def _pairs(self, input_ids: Tensor) -> Tensor:
        """Return one number (..., T - 1) for each pair of neighbours in (..., T)."""
        return input_ids[..., :-1] * self.vocab_size + input_ids[..., 1:]

    def _weigh(self, columns: Tensor) -> SparseFeatures:
        """Return the features whose columns occur in (B, S), where -1 is none."""
        columns = columns.sort(dim=1).values
        first = functional.pad(columns[:, 1:] != columns[:, :-1], (1, 0), value=False)
        run = first.long().cumsum(dim=1)  # occurrences of one column share a number
        ones = torch.ones_like(columns, dtype=torch.float32)
        counts = torch.zeros_like(ones).scatter_add(1, run, ones).gather(1, run)
        frequency = 1 + counts.log() if self.sublinear else counts
        is_feature = columns >= 0
        columns = columns.clamp(min=0)
        idf = self.idf[columns] if self.num_features else ones
        values = frequency * idf * is_feature
        length = (values.square() / counts).sum(dim=1, keepdim=True).sqrt()
        return SparseFeatures(columns, values / counts / length.clamp(min=_SMALLEST_LENGTH))


def _count(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distinct values, sorted, and how often each occurs."""
    distinct, counts = torch.unique(values, return_counts=True)
    return distinct, counts
