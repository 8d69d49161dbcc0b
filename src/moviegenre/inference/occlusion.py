"""Attribution by occlusion: predict again without each part; works with every model.

Reference: Zeiler and Fergus, "Visualizing and understanding convolutional networks",
https://arxiv.org/abs/1311.2901, for posters; Li, Monroe and Jurafsky, "Understanding neural
networks through representation erasure", https://arxiv.org/abs/1612.08220, for words.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from moviegenre.inference.films import Film

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

POSTER_GRID = (7, 5)
"""Rows and columns of a poster's regions; posters are about as much taller than wide."""

MAX_QUESTIONS = 96
"""How often a model is asked about the words of a plot, however long it is."""

_MAX_SPANS = 32

Ask = Callable[[Sequence[Film]], Floats]
"""Gives the logits (N, L) of N films."""


def without_words(film: Film, places: Places, words: Collection[int]) -> Film:
    """Return a film without some words of its plot.

    The model reads no further than before: what was cut off at the end stays cut off.

    Args:
        film: A film with a plot.
        places: The word that each of its tokens belongs to (T,).
        words: The places of the words to leave out.
    """
    return replace(film, tokens=film.tokens[~np.isin(places, list(words))])


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


def occlude_words(
    ask: Ask, film: Film, places: Places, labels: Sequence[int], skipped: Collection[int] = ()
) -> Floats:
    """Return how far the logits of some labels fall without each word of the plot (G, W).

    A long plot is first searched in spans, and the spans that matter most are then taken apart; the
    words of the others share what their span did. Thus no plot costs more than ``MAX_QUESTIONS``.

    Args:
        ask: The model.
        film: A film with a plot.
        places: The word that each of its tokens belongs to (T,); W is one more than the largest.
        labels: Which labels, G of them.
        skipped: Places of words that are not tried; their effect is 0.
    """
    words = np.setdiff1d(places[places >= 0], list(skipped))
    effects = np.zeros((len(labels), int(places.max(initial=-1)) + 1), dtype=np.float32)
    whole = ask([film])[:, labels]

    def fall(parts: Sequence[Places]) -> Floats:
        if not parts:
            return np.zeros((len(labels), 0), dtype=np.float32)
        left = ask([without_words(film, places, part.tolist()) for part in parts])
        fallen: Floats = (whole - left[:, labels]).T
        return fallen

    if len(words) <= MAX_QUESTIONS:
        effects[:, words] = fall([words[i : i + 1] for i in range(len(words))])
        return effects
    spans = np.array_split(words, _MAX_SPANS)
    moved = fall(spans)
    sizes = np.array([len(span) for span in spans])
    effects[:, words] = np.repeat(moved / sizes, sizes, axis=1)
    by_weight = np.argsort(-np.abs(moved / sizes).max(axis=0), kind="stable")
    affordable = np.cumsum(sizes[by_weight]) <= MAX_QUESTIONS - _MAX_SPANS
    chosen = [spans[i] for i in by_weight[affordable]]
    single = np.concatenate(chosen) if chosen else words[:0]
    effects[:, single] = fall([single[i : i + 1] for i in range(len(single))])
    return effects


def occlude_regions(
    ask: Ask, film: Film, labels: Sequence[int], grid: tuple[int, int] = POSTER_GRID
) -> Floats:
    """Return how far the logits of some labels fall without each region (G, rows, columns).

    Args:
        ask: The model.
        film: A film with a poster.
        labels: Which labels, G of them.
        grid: Rows and columns of regions.
    """
    regions = range(grid[0] * grid[1])
    answers = ask([film, *(without_regions(film, [region], grid) for region in regions)])
    fallen: Floats = (answers[0] - answers[1:])[:, labels].T.reshape(len(labels), *grid)
    return fallen
