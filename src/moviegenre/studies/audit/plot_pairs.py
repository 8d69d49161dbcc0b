"""Near-duplicate plots: the share of the shorter plot's word sequences that the other contains.

The shares are exact, not sampled: sparse products count the common sequences, block by block.

Reference: Broder, "On the resemblance and containment of documents", 1997,
https://doi.org/10.1109/SEQUEN.1997.666900. Containment is used instead of resemblance, because a
short plot is often the beginning of another movie's long plot.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import MissingExtraError
from moviegenre.studies.audit.pairs import Pair

WORDS_PER_SHINGLE = 4
MIN_SHINGLES = 10
"""A plot with fewer distinct word sequences is not compared: movies may share a text such as "A
documentary about the life and career of the singer." by chance."""

DEFAULT_SIMILARITY = 0.5
_WORD = re.compile(r"\w+")
_MIX = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio in 64 bits, an odd number (Knuth)
_BLOCK = 1000


def find_plot_pairs(
    plots: Sequence[Sequence[str]], similarity: float = DEFAULT_SIMILARITY
) -> list[Pair]:
    """Return the pairs of movies with near-duplicate plots.

    Args:
        plots: All plots of each movie; each is compared with all plots of all other movies.
        similarity: Two plots are a pair if the longer one has at least this share of the shorter
            one's distinct sequences of four words.

    Returns:
        At most one pair for two movies: that of their most similar plots.

    Raises:
        MissingExtraError: scipy is not installed.
    """
    owners = np.array([row for row, texts in enumerate(plots) for _ in texts], dtype=np.int64)
    indices = [index for texts in plots for index in range(len(texts))]
    matrix, sizes = _shingles([text for texts in plots for text in texts])
    best: dict[tuple[int, int], Pair] = {}
    transposed = matrix.T.tocsr()
    for start in range(0, matrix.shape[0], _BLOCK):
        shared = (matrix[start : start + _BLOCK] @ transposed).tocoo()
        first, second = shared.row + start, shared.col
        smaller = np.minimum(sizes[first], sizes[second])
        is_pair = (owners[first] < owners[second]) & (smaller >= MIN_SHINGLES)
        is_pair &= shared.data >= similarity * smaller
        for plot_a, plot_b, num_shared, size in zip(
            first[is_pair].tolist(),
            second[is_pair].tolist(),
            shared.data[is_pair].tolist(),
            smaller[is_pair].tolist(),
            strict=True,
        ):
            key = int(owners[plot_a]), int(owners[plot_b])
            pair = Pair("plot", *key, num_shared / size, (indices[plot_a], indices[plot_b]))
            if key not in best or pair.similarity > best[key].similarity:
                best[key] = pair
    return list(best.values())


def too_short(plots: Sequence[Sequence[str]]) -> int:
    """Return the number of plots with too few words for a comparison."""
    min_words = MIN_SHINGLES + WORDS_PER_SHINGLE - 1
    return sum(len(_WORD.findall(text)) < min_words for texts in plots for text in texts)


def _shingles(texts: Sequence[str]) -> tuple[Any, npt.NDArray[np.int64]]:
    """Return a sparse matrix of texts and their shingles, and the number of shingles of each text.

    Shingles that only one text has are counted but have no column.
    """
    try:
        from scipy.sparse import csr_matrix
    except ImportError:
        raise MissingExtraError("scipy", "audit", "comparing plots") from None
    vocabulary: dict[str, int] = {}
    keys = []
    for text in texts:
        words = [vocabulary.setdefault(w, len(vocabulary)) for w in _WORD.findall(text.lower())]
        keys.append(_keys(np.array(words, dtype=np.uint64)))
    sizes = np.array([len(text_keys) for text_keys in keys], dtype=np.int64)
    all_keys = np.concatenate(keys) if keys else np.zeros(0, np.uint64)
    _, column, counts = np.unique(all_keys, return_inverse=True, return_counts=True)
    is_shared = counts > 1
    has_column = is_shared[column]
    row = np.repeat(np.arange(len(texts)), sizes)[has_column]
    column_numbers = np.cumsum(is_shared) - 1
    shape = (len(texts), int(is_shared.sum()))
    ones = np.ones(len(row), dtype=np.int32)
    return csr_matrix((ones, (row, column_numbers[column[has_column]])), shape=shape), sizes


def _keys(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the sorted keys of a text: a number for each distinct sequence of four words."""
    length = max(0, len(words) - WORDS_PER_SHINGLE + 1)
    keys = np.zeros(length, dtype=np.uint64)
    for offset in range(WORDS_PER_SHINGLE):
        keys = keys * _MIX + words[offset : offset + length] + np.uint64(1)  # overflow is intended
    return np.unique(keys)
