"""Which labels count as contradicted, and how they are ranked."""

import sys

import numpy as np
import pytest

from moviegenre.core.errors import DataError, MissingExtraError
from moviegenre.studies.audit.cross_fit import cross_fitted
from moviegenre.studies.audit.label_errors import find_label_errors
from tests.tiny_movies import tiny_movies


def test_both_directions_are_found_and_the_worst_is_first() -> None:
    probs = np.array([[0.9], [0.9], [0.01], [0.1], [0.1], [0.1], [0.95]])
    labels = np.array([1, 1, 1, 0, 0, 0, 0], dtype=bool)[:, None]
    errors = find_label_errors(probs, labels, range(10, 17))
    # Those with the genre have 0.6033 on average; those without have a "no" of 0.6875.
    assert [(e.row, e.labelled) for e in errors] == [(16, False), (12, True)]
    assert [e.score for e in errors] == pytest.approx([0.05 - 0.6875, 0.01 - 1.81 / 3])
    assert errors[1].prob == 0.01


def test_probabilities_that_say_nothing_contradict_nothing() -> None:
    labels = np.array([1, 0, 1, 0], dtype=bool)[:, None]
    assert find_label_errors(np.full((4, 1), 0.3), labels, range(4)) == []


def test_a_genre_that_all_or_none_have_is_passed_over() -> None:
    labels = np.array([[1, 0], [1, 0]], dtype=bool)
    assert find_label_errors(np.array([[0.1, 0.9], [0.9, 0.1]]), labels, range(2)) == []


def test_cross_fitted_probabilities_tell_genres_they_did_not_see() -> None:
    movies = tiny_movies(90, seed=3)
    labels = movies.labels > 0
    probs = cross_fitted(movies.plots, labels, range(90), folds=3)
    assert probs.shape == labels.shape
    assert probs[labels].mean() > probs[~labels].mean() + 0.15


def test_a_label_does_not_reach_its_own_probability() -> None:
    movies = tiny_movies(40, seed=3)
    labels = movies.labels > 0
    before = cross_fitted(movies.plots, labels, range(40), folds=4)
    changed = labels.copy()
    changed[7] = ~changed[7]
    after = cross_fitted(movies.plots, changed, range(40), folds=4)
    np.testing.assert_allclose(after[7], before[7], atol=1e-6)
    assert np.abs(after - before).max() > 1e-3


def test_copies_are_in_one_fold() -> None:
    movies = tiny_movies(40, seed=3)
    labels = movies.labels > 0
    groups = [0, 0, *range(2, 40)]
    before = cross_fitted(movies.plots, labels, groups, folds=4)
    changed = labels.copy()
    changed[0] = ~changed[0]
    after = cross_fitted(movies.plots, changed, groups, folds=4)
    np.testing.assert_allclose(after[:2], before[:2], atol=1e-6)


def test_too_few_movies_and_no_common_words_are_said() -> None:
    labels = np.ones((3, 1), dtype=bool)
    with pytest.raises(DataError, match="3 movies are too few for 5 folds"):
        cross_fitted(["a", "b", "c"], labels, range(3), folds=5)
    with pytest.raises(DataError, match="the plots share no words"):
        cross_fitted(["aa", "bb", "cc"], labels, range(3), folds=2)


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[audit\]'"):
        cross_fitted(["aa"] * 9, np.ones((9, 1), dtype=bool), range(9), folds=2)
