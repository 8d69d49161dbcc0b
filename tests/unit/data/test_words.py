"""Sentences of a plot, and words that say nothing by themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moviegenre.data.words import is_function_word, plot_words, sentences


@pytest.mark.parametrize(
    "text", ["The", "of", "didn't", "She\u2019ll", "nobody", "something", "-", "\u2026", "they're"]
)
def test_words_that_say_nothing(text: str) -> None:
    assert is_function_word(text)


@pytest.mark.parametrize("text", ["ghost", "Mother's", "2049", "half-sister", "can-can", "ed"])
def test_words_that_say_something(text: str) -> None:
    assert not is_function_word(text)


def test_sentences_end_at_full_stops_and_blank_lines() -> None:
    text = "A ghost haunts Dover\n\nWho can stop it now? Anna lights her lamp! She goes down"
    lengths = [len(part) for part in sentences(text, plot_words(text))]
    assert lengths == [4, 5, 7], "the last sentence is very short"


def test_a_long_sentence_is_cut_into_equal_parts() -> None:
    text = " ".join(f"word{i}" for i in range(70))
    assert [len(part) for part in sentences(text, plot_words(text))] == [23, 24, 23]


@given(st.text(alphabet="ab .!?\n", max_size=300))
def test_every_word_is_in_one_sentence(text: str) -> None:
    words = plot_words(text)
    places = [place for part in sentences(text, words) for place in part]
    assert places == list(range(len(words)))
