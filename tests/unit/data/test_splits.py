"""Stratified splits: a partition, no leak, deterministic."""

import hashlib
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moviegenre.core.errors import DataError, MissingExtraError
from moviegenre.core.types import Split
from moviegenre.data.splits import SHARES, content_keys, groups_of_duplicates, stratified_split


@st.composite
def movies(draw: st.DrawFn) -> tuple[np.ndarray, list[int]]:
    """Draw labels and groups, of which there are enough to split."""
    num_groups = draw(st.integers(20, 60))
    more = draw(st.lists(st.integers(0, num_groups - 1), max_size=30))
    groups = draw(st.permutations([*range(num_groups), *more]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    labels = (rng.random((len(groups), 4)) < 0.4).astype(np.float32)
    labels[:, 0] = np.maximum(labels[:, 0], 1 - labels.max(axis=1))  # at least one each
    return labels, list(groups)


@settings(max_examples=25, deadline=None)
@given(movies(), st.integers(0, 9))
def test_every_movie_has_one_split_and_groups_stay_together(
    drawn: tuple[np.ndarray, list[int]], seed: int
) -> None:
    labels, groups = drawn
    splits = stratified_split(labels, groups, seed)
    assert len(splits) == len(groups)
    assert set(splits) == set(Split)
    sides = {
        group: {s for s, g in zip(splits, groups, strict=True) if g == group} for group in groups
    }
    assert all(len(side) == 1 for side in sides.values())


def test_a_seed_fixes_the_split_and_another_gives_another() -> None:
    labels = np.eye(4, dtype=np.float32)[np.arange(200) % 4]
    first, again, other = (stratified_split(labels, range(200), seed) for seed in (0, 0, 1))
    assert first == again != other


def test_shares_hold_overall_and_for_every_label() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((2000, 5)) < np.array([0.5, 0.3, 0.2, 0.1, 0.03])).astype(np.float32)
    labels[labels.sum(axis=1) == 0, 0] = 1
    splits = np.array(stratified_split(labels, range(2000), 0))
    for split, share in SHARES.items():
        assert (splits == split).mean() == pytest.approx(share, abs=0.01)
        in_split = labels[splits == split].sum(axis=0) / labels.sum(axis=0)
        assert in_split == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([], "0 movies are too few to split; expected at least 10; add movies"),
        ([5], "1 movie is too few to split; expected at least 10; add movies"),
        (
            [*range(9), 8, 8],
            "11 movies are only 9 groups to split, since 3 share a plot or a poster with another "
            "one and stay with it; expected at least 10 groups; add other movies, or check that "
            "plots and posters are those of the movies",
        ),
        ([0] * 40, "40 movies are only 1 group to split, since 40 share a plot or a poster with"),
    ],
)
def test_too_few_movies_are_refused(groups: list[int], message: str) -> None:
    labels = np.ones((len(groups), 1), dtype=np.float32)
    with pytest.raises(DataError) as error:
        stratified_split(labels, groups, 0)
    assert str(error.value).startswith(message)


def test_ten_movies_are_enough() -> None:
    splits = stratified_split(np.eye(2, dtype=np.float32)[np.arange(10) % 2], range(10), 0)
    assert splits.count(Split.TRAIN) == 7
    assert {*splits} == {*Split}
    assert {type(split) for split in splits} == {Split}


def test_a_single_label_is_split_in_shares() -> None:
    labels = (np.arange(200) % 5 == 0).astype(np.float32).reshape(-1, 1)
    splits = np.array(stratified_split(labels, range(200), 0))
    for split, share in SHARES.items():
        assert labels[splits == split].sum() == pytest.approx(40 * share, abs=1)
        assert (splits == split).sum() == pytest.approx(200 * share, abs=2)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iterstrat.ml_stratifiers", None)
    with pytest.raises(MissingExtraError) as error:
        stratified_split(np.ones((20, 1), dtype=np.float32), range(20), 0)
    assert str(error.value) == (
        "a stratified split needs the package 'iterative-stratification', which is not installed; "
        "install it with: pip install '.[stratify]' in a clone of moviegenre"
    )


@given(st.lists(st.sets(st.integers(0, 12), max_size=3), max_size=25))
def test_groups_are_the_connected_movies(keys: list[set[int]]) -> None:
    groups = groups_of_duplicates(keys)
    reachable = [{number} for number in range(len(keys))]
    for _ in keys:  # a path is no longer than there are movies
        reachable = [
            {b for a in reached for b in range(len(keys)) if a == b or keys[a] & keys[b]}
            for reached in reachable
        ]
    for first in range(len(keys)):
        same = {second for second in range(len(keys)) if groups[second] == groups[first]}
        assert same == reachable[first]


def test_chains_of_any_length_are_one_group() -> None:
    keys = [[number, number + 1] for number in range(20_000)]
    assert set(groups_of_duplicates(reversed(keys))) == {0}


def test_keys_are_hashes_of_the_words_and_of_the_poster() -> None:
    words, poster = (hashlib.sha256(text).hexdigest() for text in (b"a dog", b"x"))
    assert content_keys(["A\n Dog ", "N/A"], b"x") == [f"plot {words}", f"poster {poster}"]
    assert content_keys([], None) == []
