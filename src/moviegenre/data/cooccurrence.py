"""Genres that occur together, in labels or in predictions."""

import numpy as np
import numpy.typing as npt


def cooccurrence(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the percentage of movies with one label (row) that have another (column), (L, L).

    Args:
        chosen: Labels of movies (N, L).

    Returns:
        NaN on the diagonal, and in the row of a label that no movie has.
    """
    counts = chosen.astype(np.float64).T @ chosen.astype(np.float64)
    num_movies = np.diag(counts).copy()
    shares = 100 * counts / np.maximum(num_movies, 1)[:, None]
    shares[num_movies == 0] = np.nan
    np.fill_diagonal(shares, np.nan)
    return shares
