"""Which pairs leak, which clusters they form, and what has to go."""

import pytest

from moviegenre.core.types import Split
from moviegenre.studies.audit.pairs import (
    Pair,
    clusters,
    count_by_splits,
    leak_pairs,
    leaked_rows,
)
from moviegenre.studies.audit.settings import LeakRule

TRAIN, VAL, TEST = Split
SPLITS = (TRAIN, TRAIN, TRAIN, VAL, VAL, TEST)


def plot(first: int, second: int) -> Pair:
    return Pair("plot", first, second, 0.9)


def poster(first: int, second: int) -> Pair:
    return Pair("poster", first, second, 0.9)


def test_pairs_are_counted_within_and_across_splits() -> None:
    counts = count_by_splits([plot(0, 1), plot(0, 5), plot(2, 5), plot(3, 4)], SPLITS)
    assert counts == {
        "train-train": 1,
        "train-val": 0,
        "train-test": 2,
        "val-val": 1,
        "val-test": 0,
        "test-test": 0,
    }


def test_a_chain_of_pairs_is_one_cluster() -> None:
    numbers = clusters([plot(0, 1), poster(1, 5)], len(SPLITS))
    assert numbers == [0, 0, 2, 3, 4, 0]


def test_what_is_like_a_later_split_goes_and_test_stays() -> None:
    # 0 - 1 - 5: movie 0 is like test through movie 1 alone. 2 - 3: train and val. 3 - 4: val.
    pairs = [plot(0, 1), poster(1, 5), plot(2, 3), plot(3, 4)]
    assert leaked_rows(pairs, SPLITS) == {0: [5], 1: [5], 2: [3, 4]}


def test_pairs_within_a_split_leak_nothing() -> None:
    assert leaked_rows([plot(0, 1), poster(3, 4)], SPLITS) == {}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("either", [0, 1, 2]), ("plot", [0]), ("poster", [1, 2]), ("both", [0, 1])],
)
def test_the_rule_chooses_the_pairs(rule: LeakRule, expected: list[int]) -> None:
    pairs = [plot(0, 5), poster(0, 5), poster(1, 5)]
    assert leak_pairs(pairs, rule) == [pairs[i] for i in expected]
