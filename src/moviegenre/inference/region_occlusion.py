"""The regions of a poster that matter: predict again without each, and check the result.

Painting over a region leaves an unnatural patch, which also changes the prediction. So a region
counts only if two ways of painting it over agree, if its effect stands out among all regions, and
if it is not blank.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from moviegenre.inference.films import Film
from moviegenre.inference.occlusion import Floats, Variants

POSTER_GRID = (7, 5)
"""Rows and columns of a poster's regions; the ratio is about that of posters."""

_BLANK = 6.0  # a region whose colours (0 to 255) have a smaller standard deviation is blank
_OUTSTANDING = 2.5  # a region's effect must be this many times the median to be more than chance
_BLUR = 8  # the blur radius is the poster's height divided by this number

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class RegionEffects:
    """The effects of leaving regions of a poster out.

    Attributes:
        values: The decrease of some labels' logits without each region (G, rows, columns), by the
            way of painting over that changes less.
        holds: Whether each effect is more than chance (G, rows, columns).
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
        pixels = _region_slices(poster, region, grid)
        poster[pixels] = fill[pixels]
    return replace(film, poster=poster)


def occlude_regions(
    variants: Variants, film: Film, labels: Sequence[int], grid: tuple[int, int] = POSTER_GRID
) -> RegionEffects:
    """Return the decrease of some labels' logits without each region, and which effects hold.

    An effect holds if the region is not blank, if the effect is at least 2.5 times the median, and
    if it has the same sign and still that size when the region is blurred instead.

    Args:
        variants: The model.
        film: A film with a poster.
        labels: The G labels.
        grid: Rows and columns of regions.
    """
    assert film.poster is not None, "regions are those of a poster"
    num_regions, columns = grid[0] * grid[1], list(labels)
    whole = variants.logits([film])[0]
    filled = [region for region in range(num_regions) if not _is_blank(film.poster, region, grid)]
    without = np.repeat(whole[None], num_regions, axis=0)
    if filled:
        painted = [without_regions(film, [region], grid) for region in filled]
        without[filled] = variants.logits(painted)
    decrease = (whole - without)[:, columns]
    usual = np.median(np.abs(decrease[filled]), axis=0) if filled else np.zeros(len(columns))
    min_effect = np.maximum(_OUTSTANDING * usual, 1e-6)
    candidates = np.flatnonzero((np.abs(decrease) >= min_effect).any(axis=1)).tolist()
    if candidates:
        blurred = [without_regions(film, [region], grid, blurred=True) for region in candidates]
        weaker = _weaker(whole, without[candidates], variants.logits(blurred))
        without[candidates] = weaker
    decrease = (whole - without)[:, columns]
    holds = (np.abs(decrease) >= min_effect).T.reshape(len(columns), *grid)
    values = decrease.T.reshape(len(columns), *grid).astype(np.float32)
    return RegionEffects(values, holds, without)


def _weaker(whole: Floats, painted: Floats, blurred: Floats) -> Floats:
    """Return the logits that differ less from ``whole``; ``whole`` if the signs disagree."""
    change, blur_change = painted - whole, blurred - whole
    smaller = np.where(np.abs(change) <= np.abs(blur_change), change, blur_change)
    weaker: Floats = whole + np.where(change * blur_change > 0, smaller, np.float32(0))
    return weaker


def _region_slices(poster: Pixels, region: int, grid: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of a region's pixels."""
    rows, columns = (
        np.linspace(0, size, number + 1).round().astype(int)
        for size, number in zip(poster.shape[:2], grid, strict=True)
    )
    row, column = divmod(region, grid[1])
    return slice(rows[row], rows[row + 1]), slice(columns[column], columns[column + 1])


def _is_blank(poster: Pixels, region: int, grid: tuple[int, int]) -> bool:
    """Return whether a region has only one colour, more or less."""
    pixels = poster[_region_slices(poster, region, grid)].reshape(-1, poster.shape[2])
    return bool(pixels.std(axis=0).max() < _BLANK)


def _mean_colour(poster: Pixels) -> Pixels:
    mean = poster.reshape(-1, poster.shape[2]).mean(axis=0).round().astype(np.uint8)
    return np.broadcast_to(mean, poster.shape)


def _blurred(poster: Pixels) -> Pixels:
    blur = ImageFilter.GaussianBlur(poster.shape[0] / _BLUR)
    return np.asarray(Image.fromarray(poster).filter(blur))
