"""Pairs of movies that are nearly the same, their splits, and their clusters."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from moviegenre.core.types import Split
from moviegenre.data.splits import groups_of_duplicates
from moviegenre.studies.audit.settings import LeakRule

PairKind = Literal["plot", "poster"]


@dataclass(frozen=True)
class Pair:
    """Two movies whose plots, or posters, are nearly the same.

    Attributes:
        kind: Whether plots or posters are the same.
        first: Row of one movie.
        second: Row of the other movie, which is larger.
        similarity: In [0, 1]; for plots the shared part of the shorter one, for posters the share
            of equal bits.
        places: For plots, the index of the plot of each movie.
    """

    kind: PairKind
    first: int
    second: int
    similarity: float
    places: tuple[int, int] = (0, 0)


def count_by_splits(pairs: Iterable[Pair], splits: Sequence[Split]) -> dict[str, int]:
    """Return the number of pairs within and across splits, for every combination."""
    order = list(Split)
    names = [f"{a.value}-{b.value}" for i, a in enumerate(order) for b in order[i:]]
    counts = Counter(f"{splits[p.first].value}-{splits[p.second].value}" for p in pairs)
    return {name: counts[name] for name in names}


def leak_pairs(pairs: Sequence[Pair], rule: LeakRule) -> list[Pair]:
    """Return the pairs that count as leaks if they are across splits.

    Args:
        pairs: Pairs of both kinds.
        rule: ``plot`` or ``poster`` takes pairs of this kind, ``either`` takes all, ``both`` takes
            pairs of movies whose plots and posters are both nearly the same.
    """
    if rule == "either":
        return list(pairs)
    if rule != "both":
        return [pair for pair in pairs if pair.kind == rule]
    kinds = Counter((pair.first, pair.second) for pair in pairs)
    return [pair for pair in pairs if kinds[pair.first, pair.second] == len(get_args(PairKind))]


def clusters(pairs: Sequence[Pair], num_movies: int) -> list[int]:
    """Return a cluster number for each movie; movies linked by a chain of pairs share one."""
    keys: list[list[int]] = [[] for _ in range(num_movies)]
    for number, pair in enumerate(pairs):
        keys[pair.first].append(number)
        keys[pair.second].append(number)
    return groups_of_duplicates(keys)


def leaked_rows(pairs: Sequence[Pair], splits: Sequence[Split]) -> dict[int, list[int]]:
    """Return the movies to drop so that no cluster is in two splits, with their duplicates.

    A cluster keeps its movies of test or, if it has none, those of val. Test loses no movies.

    Args:
        pairs: The pairs that count as leaks.
        splits: The split of each movie.

    Returns:
        By row of a movie to drop, the rows of the same cluster that are in a later split.
    """
    order = {split: position for position, split in enumerate(Split)}
    members: dict[int, list[int]] = {}
    for row, cluster in enumerate(clusters(pairs, len(splits))):
        members.setdefault(cluster, []).append(row)
    dropped: dict[int, list[int]] = {}
    for rows in members.values():
        for row in rows:
            later = [other for other in rows if order[splits[other]] > order[splits[row]]]
            if later:
                dropped[row] = later
    return dropped
