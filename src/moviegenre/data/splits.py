"""Split movies into training, validation and test."""

import hashlib
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import DataError, MissingExtraError, counted
from moviegenre.core.types import Split
from moviegenre.data.placeholders import is_placeholder

SHARES = {Split.TRAIN: 0.70, Split.VAL: 0.15, Split.TEST: 0.15}
_MIN_GROUPS = 10


def stratified_split(
    labels: npt.NDArray[np.float32], groups: Sequence[int], seed: int
) -> list[Split]:
    """Return a split for each movie: 70/15/15, every label in about the same shares.

    Reference: Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data",
    https://doi.org/10.1007/978-3-642-23808-6_10, in the package ``iterative-stratification``.

    Args:
        labels: Multi-hot labels (N, L).
        groups: A group number for each movie (N,); movies of one group stay in one split.
        seed: Fixes the split.

    Raises:
        DataError: There are too few movies to split.
        MissingExtraError: The package ``iterative-stratification`` is not installed.
    """
    try:
        from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit
    except ModuleNotFoundError:
        raise MissingExtraError(
            "iterative-stratification", "stratify", "a stratified split"
        ) from None
    members = np.unique(np.asarray(groups), return_inverse=True)[1]
    num_groups = int(members.max(initial=-1)) + 1
    if num_groups < _MIN_GROUPS:
        raise DataError(_too_few(np.bincount(members, minlength=num_groups)))
    merged = np.zeros((num_groups, labels.shape[1]), dtype=np.int64)
    np.maximum.at(merged, members, labels.astype(np.int64))
    if labels.shape[1] == 1:  # the package refuses a single label; all movies have the second
        merged = np.hstack([merged, np.ones_like(merged)])

    def cut(rows: npt.NDArray[np.int64], share: float) -> tuple[npt.NDArray[np.int64], ...]:
        splitter = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=share, random_state=seed)
        first, second = next(splitter.split(rows, merged[rows]))
        return rows[first], rows[second]

    held_out_share = SHARES[Split.VAL] + SHARES[Split.TEST]
    _, held_out = cut(np.arange(num_groups), held_out_share)
    val, test = cut(held_out, SHARES[Split.TEST] / held_out_share)
    splits = dict.fromkeys(val.tolist(), Split.VAL) | dict.fromkeys(test.tolist(), Split.TEST)
    return [splits.get(group, Split.TRAIN) for group in members.tolist()]


def _too_few(sizes: npt.NDArray[np.int64]) -> str:
    """Return the message on too few groups, with the numbers of their movies (G,)."""
    total, shared = int(sizes.sum()), int(sizes[sizes > 1].sum())
    movies = f"{counted(total, 'movie')} {'is' if total == 1 else 'are'}"
    if not shared:
        return f"{movies} too few to split; expected at least {_MIN_GROUPS}; add movies"
    return (
        f"{movies} only {counted(len(sizes), 'group')} to split, since {shared:,} share a plot or "
        f"a poster with another one and stay with it; expected at least {_MIN_GROUPS} groups; add "
        "other movies, or check that plots and posters are those of the movies"
    )


def groups_of_duplicates(keys: Iterable[Iterable[Hashable]]) -> list[int]:
    """Return a group number for each movie; movies that share any key are in one group.

    Args:
        keys: For each movie, hashes of its poster and plots; splits must not share any.

    Example:
        >>> groups_of_duplicates([["a", "b"], ["c"], ["b", "d"], ["d"]])
        [0, 1, 0, 0]
    """
    parents: list[int] = []
    owner: dict[Hashable, int] = {}

    def root(movie: int) -> int:
        while parents[movie] != movie:
            parents[movie] = parents[parents[movie]]
            movie = parents[movie]
        return movie

    for movie, movie_keys in enumerate(keys):
        parents.append(movie)
        for key in movie_keys:
            first, second = root(owner.setdefault(key, movie)), root(movie)
            parents[max(first, second)] = min(first, second)
    return [root(movie) for movie in range(len(parents))]


def content_keys(plots: Sequence[str], poster: bytes | None) -> list[str]:
    """Return the keys that movies of different splits must not share: hashes of plots and poster.

    Args:
        plots: Texts; case, white space and placeholders such as N/A do not count.
        poster: Encoded image bytes, or None.
    """
    real_plots = (plot for plot in plots if not is_placeholder(plot))
    texts = (" ".join(plot.lower().split()).encode() for plot in real_plots)
    keys = [f"plot {hashlib.sha256(text).hexdigest()}" for text in texts]
    if poster is not None:
        keys.append(f"poster {hashlib.sha256(poster).hexdigest()}")
    return keys
