"""Near-duplicate plots: the share of the shorter plot's word sequences that the other contains.

Exact, not sampled: sequences that two plots share are counted by a sparse product, block by block.

Reference: Broder, "On the resemblance and containment of documents", 1997,
https://doi.org/10.1109/SEQUEN.1997.666900. Containment is taken rather than resemblance, because an
overview is often the opening of another movie's long plot.
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
"""A plot with fewer distinct sequences of words is not compared: "A documentary about the life and
career of the singer." is shared by chance."""

DEFAULT_SIMILARITY = 0.5
_WORD = re.compile(r"\w+")
_MIX = np.uint64(0x9E3779B97F4A7C15)  # an odd number with its bits well spread (Knuth's golden one)
_BLOCK = 1000


def find_plot_pairs(
    plots: Sequence[Sequence[str]], similarity: float = DEFAULT_SIMILARITY
) -> list[Pair]:
    """Return the pairs of movies with near-duplicate plots.

    Args:
        plots: All plots of each movie; each one is compared with each one of every other movie.
        similarity: The share of the shorter plot's distinct sequences of four words that the
            other has, from which on the two are a pair.

    Returns:
        One pair for two movies: that of their most similar plots.

    Raises:
        MissingExtraError: scipy is not installed.
    """
    owners = np.array([row for row, own in enumerate(plots) for _ in own], dtype=np.int64)
    places = [place for own in plots for place in range(len(own))]
    matrix, sizes = _shingles([text for own in plots for text in own])
    best: dict[tuple[int, int], Pair] = {}
    transposed = matrix.T.tocsr()
    for start in range(0, matrix.shape[0], _BLOCK):
        shared = (matrix[start : start + _BLOCK] @ transposed).tocoo()
        first, second = shared.row + start, shared.col
        smaller = np.minimum(sizes[first], sizes[second])
        kept = (owners[first] < owners[second]) & (smaller >= MIN_SHINGLES)
        kept &= shared.data >= similarity * smaller
        for one, other, common, size in zip(
            first[kept].tolist(),
            second[kept].tolist(),
            shared.data[kept].tolist(),
            smaller[kept].tolist(),
            strict=True,
        ):
            key = int(owners[one]), int(owners[other])
            pair = Pair("plot", *key, common / size, (places[one], places[other]))
            if key not in best or pair.similarity > best[key].similarity:
                best[key] = pair
    return list(best.values())


def too_short(plots: Sequence[Sequence[str]]) -> int:
    """Return how many plots have too few words to be compared."""
    min_words = MIN_SHINGLES + WORDS_PER_SHINGLE - 1
    return sum(len(_WORD.findall(text)) < min_words for own in plots for text in own)


def _shingles(texts: Sequence[str]) -> tuple[Any, npt.NDArray[np.int64]]:
    """Return which text has which shingle, as a sparse matrix, and how many each text has.

    Shingles of one text alone cannot be shared; they count in the sizes and have no column.
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
    sizes = np.array([len(own) for own in keys], dtype=np.int64)
    joined = np.concatenate(keys) if keys else np.zeros(0, np.uint64)
    _, column, counts = np.unique(joined, return_inverse=True, return_counts=True)
    common = counts > 1
    kept = common[column]
    row = np.repeat(np.arange(len(texts)), sizes)[kept]
    number = np.cumsum(common) - 1
    shape = (len(texts), int(common.sum()))
    ones = np.ones(len(row), dtype=np.int32)
    return csr_matrix((ones, (row, number[column[kept]])), shape=shape), sizes


def _keys(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return a distinct number for each distinct run of four words of a text, sorted."""
    length = max(0, len(words) - WORDS_PER_SHINGLE + 1)
    keys = np.zeros(length, dtype=np.uint64)
    for place in range(WORDS_PER_SHINGLE):
        keys = keys * _MIX + words[place : place + length] + np.uint64(1)  # wraps round, as meant
    return np.unique(keys)
