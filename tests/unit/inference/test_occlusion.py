"""Which words are left out of a plot, how often the model is asked, and what are phrases."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from moviegenre.data.words import plot_words
from moviegenre.inference.films import Film
from moviegenre.inference.occlusion import (
    MAX_TOKENS,
    AnyModel,
    Floats,
    WordEffects,
    acts_together,
    occlude_words,
)
from moviegenre.inference.slices import WHOLE, Slices

Score = Callable[[set[int]], float]
"""The logit of the plot with these words left."""


def effects(text: str, score: Score, slices: Slices = WHOLE) -> tuple[WordEffects, list[set[int]]]:
    """Return the effects of words in a plot of which each word is a token of its own.

    And which words were left at each question.
    """
    places = np.arange(len(plot_words(text)))
    asked: list[set[int]] = []

    def ask(films: Sequence[Film]) -> Floats:
        left = [set(film.tokens.tolist()) for film in films]
        asked.extend(left)
        return np.array([[score(words)] for words in left], dtype=np.float32)

    film = Film(text, places.astype(np.int32), None)
    return occlude_words(AnyModel(ask, slices), film, places, [0]), asked


def test_function_words_are_not_tried() -> None:
    found, asked = effects("the ghost didn't leave Dover", lambda words: float(sum(words)))
    assert found.values.tolist() == [[0.0, 1.0, 0.0, 3.0, 4.0]]
    assert {0, 2} <= set.intersection(*asked)


def test_a_long_plot_is_searched_by_sentences() -> None:
    sentences = [" ".join(f"word{i}{j}" for j in range(10)) + "." for i in range(12)]
    weights = {42: 3.0, 47: 2.0, 111: 1.0}

    def score(words: set[int]) -> float:
        return sum(weight for word, weight in weights.items() if word in words)

    found, asked = effects(" ".join(sentences), score)
    assert len(asked) <= 1 + 1.4 * MAX_TOKENS / 120
    assert {word: found.values[0, word] for word in (42, 47)} == {42: 3.0, 47: 2.0}
    assert found.values[0, 111] == 1.0
    assert (85,) not in found.without, "its sentence does nothing"
    assert found.values[0, 85] == 0


def test_words_of_a_sentence_that_is_not_searched_share_its_fall() -> None:
    text = " ".join(" ".join(f"word{i}{j}" for j in range(10)) + "." for i in range(20))
    found, _ = effects(text, lambda words: float(len(words)))
    untried = [word for word in range(200) if (word,) not in found.without]
    assert len(untried) >= 200 - MAX_TOKENS / 200
    np.testing.assert_allclose(found.values, 1.0)


def test_neighbours_that_stand_in_for_each_other_are_a_phrase() -> None:
    found, _ = effects("a serial killer in Dover", lambda words: 2.0 * bool(words & {1, 2}))
    assert found.values.tolist() == [[0.0] * 5]
    assert acts_together(found.whole, found.without, (1, 2), 0)
    assert found.whole[0] - found.without[1, 2][0] == 2.0


def test_neighbours_that_add_up_are_no_phrase() -> None:
    found, _ = effects("a serial killer in Dover", lambda words: float(len(words & {1, 2})))
    assert not acts_together(found.whole, found.without, (1, 2), 0)


def test_phrases_that_share_a_word_become_a_longer_one() -> None:
    def score(words: set[int]) -> float:
        return 2.0 * bool(words & {1, 2}) + 2.0 * bool(words & {2, 3})

    found, _ = effects("grim world war epic", score)
    assert acts_together(found.whole, found.without, (1, 2, 3), 0)
    assert found.whole[0] - found.without[1, 2, 3][0] == 4.0


def test_neighbours_across_sentences_are_not_tried() -> None:
    text = "Anna hunts a quiet killer. Dover is full of old ghosts."
    found, _ = effects(text, lambda words: float(len(words)))
    assert (4, 5) not in found.without
    assert (3, 4) in found.without


def test_the_work_is_done_in_slices() -> None:
    sizes: list[int] = []

    def run(slice_: Callable[[], Any]) -> Any:
        answers = slice_()
        sizes.append(len(answers))
        return answers

    effects("ghost killer Dover lamp", lambda words: float(len(words)), Slices(lambda: 2, run))
    assert max(sizes) == 2
    assert sum(sizes) == 1 + 4 + 3
