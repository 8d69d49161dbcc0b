"""The genre vocabulary."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moviegenre.core.errors import DataError
from moviegenre.core.genres import GenreVocabulary

names = st.text(min_size=1).filter(lambda name: bool(name.strip()))
vocabularies = st.lists(names, min_size=1, max_size=12, unique=True).map(tuple)


@given(vocabularies, st.data())
def test_encoding_and_decoding_gives_the_genres_back(
    vocabulary: tuple[str, ...], data: st.DataObject
) -> None:
    genres = GenreVocabulary(vocabulary)
    chosen = data.draw(st.lists(st.sampled_from(vocabulary)))
    row = genres.encode(chosen)
    assert row.dtype == np.float32
    assert row.shape == (len(genres),)
    assert row.sum() == len(set(chosen))
    assert genres.decode(row.astype(bool)) == [name for name in vocabulary if name in chosen]


@given(vocabularies)
def test_order_is_kept(vocabulary: tuple[str, ...]) -> None:
    genres = GenreVocabulary(vocabulary)
    assert tuple(genres) == vocabulary
    assert [int(genres.encode([name]).argmax()) for name in genres] == list(range(len(genres)))
    assert all(name in genres for name in vocabulary)


def test_unknown_genres_are_answered_with_what_was_meant() -> None:
    genres = GenreVocabulary(("Film-Noir", "Drama"))
    assert "Film Noir" not in genres
    with pytest.raises(DataError) as error:
        genres.encode(["Drama", "Film Noir"])
    assert str(error.value) == (
        "unknown genre 'Film Noir'; did you mean \"Film-Noir\"? (known: Drama, Film-Noir)"
    )


def test_a_row_of_another_length_is_a_bug() -> None:
    with pytest.raises(ValueError, match="zip"):
        GenreVocabulary(("Drama", "Horror")).decode([True])


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ((), "the genre vocabulary is empty; expected at least one genre name"),
        (("Drama", " "), "the genre vocabulary has an empty name among ['Drama', ' ']"),
        (
            ("War", "Drama", "War", "Drama"),
            "the genre vocabulary names Drama, War more than once",
        ),
    ],
)
def test_what_is_no_vocabulary_is_refused(vocabulary: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError) as error:
        GenreVocabulary(vocabulary)
    assert str(error.value) == message
