"""The n-grams' logits of ``wide_deep``: linear in the features, so exact for variants of a text.

``nn.ngrams`` defines the features, ``models.wide_deep`` the scale; this module uses numpy.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from moviegenre.inference.onnx_weights import Array

USUAL_TOKENS = 64
"""The number of tokens at which the scale has no slope, as in ``models.wide_deep``."""

_MIN_LENGTH = 1e-12  # the length of the feature vector of a text without features

Tokens = npt.NDArray[np.integer]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NgramWeights:
    """Features and weights of words and pairs of neighbouring words.

    Attributes:
        word_columns: The feature of each token, -1 for none (V,).
        pair_keys: The number of each pair that is a feature, sorted.
        idf: The weight of each feature, words first (F,).
        wide: Its logits, in 16 or 32 bits (F, L).
        bias: Added to the logits (L,).
        scale: The factor of the logits (L,).
        slope: The growth of the scale with the logarithm of the length (L,).
        unknown_id: The token of unknown words.
    """

    word_columns: Array
    pair_keys: Array
    idf: Array
    wide: Array
    bias: Array
    scale: Array
    slope: Array
    unknown_id: int

    def columns(self, tokens: Tokens) -> tuple[Array, Array]:
        """Return the features of the words (T,) and of the pairs (T - 1,) of a text; -1 for none.

        Args:
            tokens: The text (T,).
        """
        ids = tokens.astype(np.int64)
        is_known = ids != self.unknown_id
        words = np.where(is_known, self.word_columns[ids], -1)
        keys = ids[:-1] * len(self.word_columns) + ids[1:]
        indices = np.minimum(np.searchsorted(self.pair_keys, keys), len(self.pair_keys) - 1)
        is_pair = (self.pair_keys[indices] == keys) & is_known[:-1] & is_known[1:]
        return words, np.where(is_pair, len(self.idf) - len(self.pair_keys) + indices, -1)

    def logits(self, total: Doubles, square: float, num_tokens: int) -> Doubles:
        """Return the scaled logits (L,) of a text.

        Args:
            total: The sum of its features times their weights (L,).
            square: The squared length of its feature vector.
            num_tokens: The number of its tokens.
        """
        scale = self.scale + self.slope * math.log(max(num_tokens, 1) / USUAL_TOKENS)
        length = max(math.sqrt(max(square, 0.0)), _MIN_LENGTH)
        scaled: Doubles = scale * (total / length + self.bias)
        return scaled


class NgramText:
    """A text; the logits of a variant are computed from the changed features.

    Args:
        weights: The model's weights.
        tokens: The text (T,).
    """

    def __init__(self, weights: NgramWeights, tokens: Tokens) -> None:
        self._weights = weights
        self._tokens = tokens
        self._words, self._pairs = weights.columns(tokens)

    def logits(self, variant: Tokens) -> Doubles:
        """Return the scaled logits (L,) of a variant.

        Args:
            variant: The text with some tokens left out.
        """
        removed = self._removed(variant)
        if removed is None:
            return NgramText(self._weights, variant).logits(variant)
        start, end = removed
        total, square = self._total.copy(), self._square
        for column, change in self._changes(start, end).items():
            count = self._counts.get(column, 0)
            before, after = self._value(column, count), self._value(column, count + change)
            total += (after - before) * self._weights.wide[column].astype(np.float64)
            square += after**2 - before**2
        return self._weights.logits(total, square, len(variant))

    def _removed(self, variant: Tokens) -> tuple[int, int] | None:
        """Return start and end of the one gap in a variant; None if it differs otherwise."""
        missing = len(self._tokens) - len(variant)
        if missing < 0:
            return None
        differs = np.flatnonzero(self._tokens[: len(variant)] != variant)
        start = int(differs[0]) if len(differs) else len(variant)
        same = np.array_equal(self._tokens[start + missing :], variant[start:])
        return (start, start + missing) if same else None

    def _changes(self, start: int, end: int) -> dict[int, int]:
        """Return the change of each feature's count if the tokens from start to end are removed."""
        changes: dict[int, int] = {}
        if start == end:
            return changes
        removed = [*self._words[start:end], *self._pairs[max(0, start - 1) : end]]
        added = []
        if start > 0 and end < len(self._tokens):
            joined_pair = self._tokens[[start - 1, end]]
            added = [self._weights.columns(joined_pair)[1][0]]
        for columns, change in ((removed, -1), (added, 1)):
            for column in map(int, columns):
                if column >= 0:
                    changes[column] = changes.get(column, 0) + change
        return changes

    def _value(self, column: int, count: int) -> float:
        """Return the value of a feature that occurs ``count`` times."""
        return (1 + math.log(count)) * float(self._weights.idf[column]) if count > 0 else 0.0

    @cached_property
    def _counts(self) -> dict[int, int]:
        """The count of each feature."""
        columns = np.concatenate([self._words, self._pairs])
        distinct, counts = np.unique(columns[columns >= 0], return_counts=True)
        return dict(zip(distinct.tolist(), counts.tolist(), strict=True))

    @cached_property
    def _values(self) -> Doubles:
        return np.array([self._value(*item) for item in self._counts.items()], dtype=np.float64)

    @cached_property
    def _total(self) -> Doubles:
        rows = self._weights.wide[list(self._counts)].astype(np.float64)
        total: Doubles = self._values @ rows
        return total

    @cached_property
    def _square(self) -> float:
        return float(self._values @ self._values)
