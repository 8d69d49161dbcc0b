"""Which of a movie's plots is read, rule by rule."""

from collections import Counter

import pytest
from pydantic import ValidationError

from moviegenre.core.types import PlotRule
from moviegenre.data.config import DataConfig
from moviegenre.data.film_text import choose_plot, texts_of

PLOTS = ["A dog. It runs home over the hills.", "A dog comes home to its family over the hills."]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("longest", PLOTS[1]),
        ("first", PLOTS[0]),
        ("joined", "\n".join(PLOTS)),
        ("each", PLOTS[0]),
    ],
)
def test_a_rule_gives_one_text(rule: PlotRule, text: str) -> None:
    assert choose_plot(PLOTS, rule) == text
    assert choose_plot([], rule) == ""


def test_of_equally_long_plots_the_first_is_the_longest() -> None:
    assert choose_plot(["one", "two"], "longest") == "one"


def test_each_gives_every_plot_and_other_rules_one() -> None:
    assert texts_of(PLOTS, "each") == PLOTS
    assert texts_of(PLOTS, "longest") == PLOTS[1:]
    assert texts_of([], "each") == [""]  # the movie stays, for its poster


def test_a_random_plot_is_always_the_same_and_any_of_them() -> None:
    drawn: Counter[int] = Counter()
    for film in range(600):
        plots = [f"Film {film}, plot {number}." for number in range(3)]
        text = choose_plot(plots, "random")
        assert text == choose_plot(plots, "random")
        drawn[plots.index(text)] += 1
    assert sorted(drawn) == [0, 1, 2]
    assert min(drawn.values()) > 150  # 200 are expected


@pytest.mark.parametrize("rule", ["joined", "each", "random"])
def test_a_rule_that_reads_all_plots_leaves_no_other_ones(rule: str) -> None:
    with pytest.raises(ValidationError, match=rf"other_plots has no effect with data\.plot={rule}"):
        DataConfig.model_validate({"plot": rule, "other_plots": 2})
