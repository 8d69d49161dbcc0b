"""Tokenizers for plots."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moviegenre.core.errors import PretrainedError
from moviegenre.data.text import PAD_TOKEN, UNKNOWN_TOKEN, PlotTokenizer, clean_text

PLOTS = ["A dog, a cat and a DOG.", "The cat sleeps.", ""]
LIMIT = 12


def words(max_words: int = 100) -> PlotTokenizer:
    return PlotTokenizer.from_words(PLOTS, max_words)


def wordpiece_like() -> PlotTokenizer:
    """Return a word tokenizer that adds [CLS] and [SEP], as those of BERT do."""
    from tokenizers import Tokenizer
    from tokenizers.processors import BertProcessing

    names = [PAD_TOKEN, UNKNOWN_TOKEN, "[CLS]", "[SEP]", "a", "dog"]
    inner = Tokenizer.from_str(words().to_json())
    inner.model = type(inner.model)({n: i for i, n in enumerate(names)}, unk_token=UNKNOWN_TOKEN)
    inner.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PlotTokenizer(inner.to_str())


def test_the_most_frequent_words_come_first_and_ties_are_alphabetical() -> None:
    ranked = sorted(words().vocabulary, key=words().vocabulary.__getitem__)
    # a: 3, then cat, dog and the full stop: 2 each.
    assert ranked == [
        PAD_TOKEN, UNKNOWN_TOKEN, "a", ".", "cat", "dog", ",", "and", "sleeps", "the",
    ]  # fmt: skip
    assert words().pad_id == 0


def test_the_vocabulary_is_cut_to_its_size() -> None:
    small = words(max_words=4)
    assert small.vocab_size == 4
    assert set(small.vocabulary) == {PAD_TOKEN, UNKNOWN_TOKEN, "a", "."}
    assert [row.tolist() for row in small.encode(["A dog."], LIMIT)] == [[2, 1, 3]]


def test_plain_words_are_of_two_letters_or_more_and_without_punctuation() -> None:
    plots = ["The dog's house, a DOG!", "A caf\u00e9; dog_house 12 x", "the dog"]
    tokenizer = PlotTokenizer.from_plain_words(plots, min_plots=1)
    assert sorted(tokenizer.vocabulary.items(), key=lambda item: item[1]) == [
        (PAD_TOKEN, 0), (UNKNOWN_TOKEN, 1), ("12", 2), ("caf\u00e9", 3), ("dog", 4),
        ("dog_house", 5), ("house", 6), ("the", 7),
    ]  # fmt: skip
    unknown = tokenizer.unknown_id
    rows = tokenizer.encode(["A dog, the (new) dog.", "?!"], LIMIT)
    assert [row.tolist() for row in rows] == [[4, 7, unknown, 4], []]


def test_plain_words_are_counted_once_a_plot() -> None:
    tokenizer = PlotTokenizer.from_plain_words(["cat cat cat", "dog", "the dog"], min_plots=2)
    assert set(tokenizer.vocabulary) == {PAD_TOKEN, UNKNOWN_TOKEN, "dog"}


def test_a_tokenizer_without_an_unknown_word_says_so() -> None:
    json = words().to_json().replace(UNKNOWN_TOKEN, "<unk>")
    with pytest.raises(PretrainedError, match=r"^the tokenizer has no \[UNK\] token$"):
        _ = PlotTokenizer(json).unknown_id


def test_encoding_lowers_case_and_splits_punctuation() -> None:
    (row,) = words().encode(["The DOG, unseen"], LIMIT)
    vocabulary = words().vocabulary
    assert row.dtype == np.int32
    assert row.tolist() == [
        vocabulary["the"], vocabulary["dog"], vocabulary[","], vocabulary[UNKNOWN_TOKEN],
    ]  # fmt: skip


@pytest.mark.parametrize("blank", ["", " ", "\n\t  \r\n", "\u00a0\u2003"])
def test_a_blank_plot_has_no_tokens(blank: str) -> None:
    for tokenizer in (words(), wordpiece_like()):
        blank_row, row = tokenizer.encode([blank, "a dog"], LIMIT)
        assert blank_row.tolist() == []
        assert len(row) >= 2


@pytest.mark.parametrize(
    "plot", ["😀🎬", "\x00\x7f", "\ufffd", "\ud83d broken", "日本", "e\u0301tude", "a" * 9_999]
)
def test_odd_plots_have_ids_within_the_vocabulary(plot: str) -> None:
    for tokenizer in (words(), wordpiece_like()):
        (row,) = tokenizer.encode([plot], LIMIT)
        assert len(row) <= LIMIT
        assert all(0 <= i < tokenizer.vocab_size for i in row)


def test_control_characters_and_white_space_change_no_word() -> None:
    rows = words().encode(["the dog", "the\x00 d\x01og", "  the\n\n dog\t"], LIMIT)
    assert rows[0].tolist() == rows[1].tolist() == rows[2].tolist()


def test_the_end_is_cut_off_and_special_tokens_are_kept() -> None:
    (row,) = wordpiece_like().encode(["a dog " * 50], 5)
    assert row.tolist() == [2, 4, 5, 4, 3]


def test_truncation_of_one_call_does_not_leak_into_the_next() -> None:
    tokenizer = words()
    before = tokenizer.identity
    tokenizer.encode(["a dog a cat"], 2)
    assert len(tokenizer.encode(["a dog a cat"], LIMIT)[0]) == 4
    assert PlotTokenizer(tokenizer.to_json()).identity == before == words().identity
    assert words(5).identity != before


@given(st.lists(st.text(max_size=40), max_size=4))
def test_a_tokenizer_survives_being_saved(plots: list[str]) -> None:
    tokenizer = words()
    again = PlotTokenizer(tokenizer.to_json())
    rows, expected = again.encode(plots, LIMIT), tokenizer.encode(plots, LIMIT)
    assert [row.tolist() for row in rows] == [row.tolist() for row in expected]
    assert again.identity == tokenizer.identity
    for plot, row in zip(plots, rows, strict=True):
        assert len(row) <= LIMIT
        assert plot.strip() or len(row) == 0


@given(st.text())
def test_cleaning_is_idempotent_and_leaves_single_spaces(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert "  " not in cleaned
    assert cleaned.split() == text.split()


@pytest.mark.parametrize("json", ["", "{}", "not json"])
def test_text_that_is_no_tokenizer_is_refused(json: str) -> None:
    with pytest.raises(PretrainedError, match=r"^the tokenizer cannot be read: "):
        PlotTokenizer(json)


def test_a_tokenizer_without_padding_is_refused() -> None:
    json = words().to_json().replace(PAD_TOKEN, "<pad>")
    with pytest.raises(PretrainedError) as error:
        PlotTokenizer(json)
    assert str(error.value) == "the tokenizer has no [PAD] token; expected a BERT type"


def test_a_folder_gives_its_tokenizer_and_is_refused_without(tmp_path: Path) -> None:
    with pytest.raises(PretrainedError) as error:
        PlotTokenizer.from_folder(tmp_path)
    assert str(error.value) == (
        f"{tmp_path / 'tokenizer.json'} does not exist; expected a fast tokenizer's file there"
    )
    (tmp_path / "tokenizer.json").write_text(words().to_json(), encoding="utf-8")
    assert PlotTokenizer.from_folder(tmp_path).identity == words().identity
