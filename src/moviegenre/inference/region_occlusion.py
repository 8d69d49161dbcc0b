"""The regions of a poster that matter: predict again without each, and check the result.

A region that is painted over leaves a patch that is no part of any poster, and a model answers to
the patch as well. So a region counts only if two ways of painting it over agree, if it stands out
among all regions, and if there was something in it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from moviegenre.inference.films import Film
from moviegenre.inference.occlusion import Floats, Variants

POSTER_GRID = (7, 5)
"""Rows and columns of a poster's regions; posters are about as much taller than wide."""

_BLANK = 6.0  # standard deviation of a region's colours, of 255, below which it shows nothing
_OUTSTANDING = 2.5  # times the usual region's effect that one needs to be more than chance
_BLUR = 8  # the radius is the poster's height divided by it

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class RegionEffects:
    """The effects of leaving regions of a poster out.

    Attributes:
        values: How far the logits of some labels fall without each region (G, rows, columns); of
            two ways to paint it over, by the one that changes less.
        holds: Which of them are more than chance (G, rows, columns).
        without: The logits without each region, row by row (rows x columns, L), likewise.
    """

    values: Floats
    holds: npt.NDArray[np.bool_]
    without: Floats


def without_regions(
    film: Film, regions: Collection[int], grid: tuple[int, int], *, blurred: bool = False
) -> Film:
    """Return a film with some poster regions painted over.

    Args:
        film: A film with a poster.
        regions: Numbers of regions, counted row by row.
        grid: Rows and columns of regions over the whole poster.
        blurred: Blur them beyond recognition; otherwise they get the poster's mean colour.
    """
    assert film.poster is not None, "regions are those of a poster"
    poster = film.poster.copy()
    fill = _blurred(poster) if blurred else _mean_colour(poster)
    for region in regions:
        place = _place(poster, region, grid)
        poster[place] = fill[place]
    return replace(film, poster=poster)


def occlude_regions(
    variants: Variants, film: Film, labels: Sequence[int], grid: tuple[int, int] = POSTER_GRID
) -> RegionEffects:
    """Return how far the logits of some labels fall without each region, and which falls hold.

    A region holds if it is not blank, if its effect is at least 2.5 times the usual region's, and
    if the effect has the same sign and still that size where the region is blurred instead.

    Args:
        variants: The model.
        film: A film with a poster.
        labels: The G labels.
        grid: Rows and columns of regions.
    """
    assert film.poster is not None, "regions are those of a poster"
    number, columns = grid[0] * grid[1], list(labels)
    whole = variants.logits([film])[0]
    filled = [region for region in range(number) if not _is_blank(film.poster, region, grid)]
    without = np.repeat(whole[None], number, axis=0)
    if filled:
        painted = [without_regions(film, [region], grid) for region in filled]
        without[filled] = variants.logits(painted)
    falls = (whole - without)[:, columns]
    usual = np.median(np.abs(falls[filled]), axis=0) if filled else np.zeros(len(columns))
    least = np.maximum(_OUTSTANDING * usual, 1e-6)
    candidates = np.flatnonzero((np.abs(falls) >= least).any(axis=1)).tolist()
    if candidates:
        blurred = [without_regions(film, [region], grid, blurred=True) for region in candidates]
        weaker = _weaker(whole, without[candidates], variants.logits(blurred))
        without[candidates] = weaker
    falls = (whole - without)[:, columns]
    holds = (np.abs(falls) >= least).T.reshape(len(columns), *grid)
    values = falls.T.reshape(len(columns), *grid).astype(np.float32)
    return RegionEffects(values, holds, without)


def _weaker(whole: Floats, one: Floats, other: Floats) -> Floats:
    """Return of two changed logits the one that changes less; none if they disagree."""
    changes, others = one - whole, other - whole
    smaller = np.where(np.abs(changes) <= np.abs(others), changes, others)
    weaker: Floats = whole + np.where(changes * others > 0, smaller, np.float32(0))
    return weaker


def _place(poster: Pixels, region: int, grid: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of a region's pixels."""
    rows, columns = (
        np.linspace(0, size, number + 1).round().astype(int)
        for size, number in zip(poster.shape[:2], grid, strict=True)
    )
    row, column = divmod(region, grid[1])
    return slice(rows[row], rows[row + 1]), slice(columns[column], columns[column + 1])


def _is_blank(poster: Pixels, region: int, grid: tuple[int, int]) -> bool:
    """Return whether a region has one colour, more or less: there is nothing in it."""
    pixels = poster[_place(poster, region, grid)].reshape(-1, poster.shape[2])
    return bool(pixels.std(axis=0).max() < _BLANK)


def _mean_colour(poster: Pixels) -> Pixels:
    mean = poster.reshape(-1, poster.shape[2]).mean(axis=0).round().astype(np.uint8)
    return np.broadcast_to(mean, poster.shape)


def _blurred(poster: Pixels) -> Pixels:
    blur = ImageFilter.GaussianBlur(poster.shape[0] / _BLUR)
    return np.asarray(Image.fromarray(poster).filter(blur))
