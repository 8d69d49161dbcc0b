"""Which plots count as nearly the same."""

import sys

import pytest

from moviegenre.core.errors import MissingExtraError
from moviegenre.studies.audit.plot_pairs import find_plot_pairs, too_short
from tests.planted_movies import PLOT

OTHER = " ".join(reversed(PLOT.split()))


def test_case_and_punctuation_do_not_count() -> None:
    (pair,) = find_plot_pairs([[PLOT], [OTHER], [PLOT.upper().replace(" ", ", ")]])
    assert (pair.first, pair.second, pair.similarity) == (0, 2, 1.0)


def test_a_plot_inside_a_longer_one_is_found_and_the_place_told() -> None:
    (pair,) = find_plot_pairs([[PLOT], ["A short one.", f"{OTHER} {PLOT} {OTHER}"]])
    assert pair.similarity == 1.0
    assert pair.places == (0, 1)


def test_similarity_is_the_shared_part_of_the_shorter_plot() -> None:
    assert len(PLOT.split()) == 31  # 28 sequences of four, and "brother" is in four of them
    changed = PLOT.replace("brother", "sister")
    (pair,) = find_plot_pairs([[PLOT], [f"{changed} {OTHER}"]])
    assert pair.similarity == pytest.approx(24 / 28)


def test_two_movies_are_one_pair_by_their_most_similar_plots() -> None:
    changed = PLOT.replace("brother", "sister")
    (pair,) = find_plot_pairs([[PLOT, changed], [OTHER, changed]])
    assert (pair.similarity, pair.places) == (1.0, (1, 1))


def test_plots_of_one_movie_are_no_pair() -> None:
    assert find_plot_pairs([[PLOT, PLOT], [OTHER]]) == []


def test_boilerplate_is_not_compared() -> None:
    plots = [["A documentary about the life of the singer."]] * 3 + [[]]
    assert find_plot_pairs(plots) == []
    assert too_short(plots) == 3
    assert too_short([[PLOT]]) == 0


def test_the_threshold_is_kept() -> None:
    plots = [[PLOT], [PLOT.replace("brother", "sister")]]
    assert len(find_plot_pairs(plots, 0.85)) == 1
    assert find_plot_pairs(plots, 0.86) == []


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(MissingExtraError) as error:
        find_plot_pairs([[PLOT]])
    assert str(error.value) == (
        "comparing plots needs the package 'scipy', which is not installed; "
        "install it with: pip install '.[audit]' in a clone of moviegenre"
    )
