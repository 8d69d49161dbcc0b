"""The regions of a poster that matter: predict again without each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from moviegenre.inference.films import Film
from moviegenre.inference.occlusion import Floats, Variants

POSTER_GRID = (7, 5)
"""Rows and columns of a poster's regions; posters are about as much taller than wide."""


@dataclass(frozen=True)
class RegionEffects:
    """What a model answers without regions of a poster.

    Attributes:
        values: How far the logits of some labels fall without each region (G, rows, columns).
        holds: Which of them are more than chance (G, rows, columns).
        without: Logits without each region, row by row (rows x columns, L).
    """

    values: Floats
    holds: npt.NDArray[np.bool_]
    without: Floats


def without_regions(film: Film, regions: Collection[int], grid: tuple[int, int]) -> Film:
    """Return a film with some poster regions filled with the poster's mean colour.

    Args:
        film: A film with a poster.
        regions: Numbers of regions, counted row by row.
        grid: Rows and columns of regions over the whole poster.
    """
    assert film.poster is not None, "regions are those of a poster"
    poster = film.poster.copy()
    mean = poster.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    rows = np.linspace(0, poster.shape[0], grid[0] + 1).round().astype(int)
    columns = np.linspace(0, poster.shape[1], grid[1] + 1).round().astype(int)
    for region in regions:
        row, column = divmod(region, grid[1])
        poster[rows[row] : rows[row + 1], columns[column] : columns[column + 1]] = mean
    return replace(film, poster=poster)


def occlude_regions(
    variants: Variants, film: Film, labels: Sequence[int], grid: tuple[int, int] = POSTER_GRID
) -> RegionEffects:
    """Return how far the logits of some labels fall without each region (G, rows, columns).

    Args:
        variants: The model.
        film: A film with a poster.
        labels: Which labels, G of them.
        grid: Rows and columns of regions.
    """
    whole = variants.logits([film])[0]
    without = variants.logits(
        [without_regions(film, [region], grid) for region in range(grid[0] * grid[1])]
    )
    values = (whole - without)[:, labels].T.reshape(len(labels), *grid)
    return RegionEffects(values, np.ones(values.shape, dtype=np.bool_), without)
