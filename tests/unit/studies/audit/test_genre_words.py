"""Which words count as a genre's own name, and how they are counted."""

import math

import numpy as np
import pytest

from moviegenre.studies.audit.genre_words import find_genre_words, genre_pattern


@pytest.mark.parametrize(
    ("genre", "text", "expected"),
    [
        ("Horror", "A HORROR film, and horrors.", ["HORROR", "horrors"]),
        ("Comedy", "comedies, a comedy, comedian", ["comedies", "comedy"]),
        ("Documentary", "Two documentaries", ["documentaries"]),
        ("Film-Noir", "film noir, film-noirs, a noir tale", ["film noir", "film-noirs", "noir"]),
        ("Sci-Fi", "sci-fi sci fi scifi science fiction", 4),
        ("Science Fiction", "a sci-fi story", ["sci-fi"]),
        ("War", "wars, warrior, postwar, war", ["wars", "war"]),
        ("Action/Adventure", "an action adventure", ["action", "adventure"]),
        ("C++", "c d", ["c"]),
        ("!!", "nothing", []),
    ],
)
def test_names_are_found(genre: str, text: str, expected: list[str] | int) -> None:
    matches = genre_pattern(genre).findall(text)
    assert (len(matches) if isinstance(expected, int) else matches) == expected


def test_shares_with_and_without_the_label() -> None:
    texts = ["A western.", "Cowboys.", "A western town.", "Comedies.", "Love."]
    labels = np.array([[1, 0], [1, 0], [0, 0], [0, 1], [0, 0]], dtype=bool)
    western, comedy = find_genre_words(texts, labels, ("Western", "Comedy"))
    assert western.with_label == 0.5
    assert western.without_label == pytest.approx(1 / 3)
    assert (western.precision, western.num_movies) == (0.5, 2)
    assert (comedy.with_label, comedy.without_label, comedy.precision) == (1.0, 0.0, 1.0)


def test_shares_of_nothing_are_undefined() -> None:
    (word,) = find_genre_words(["Love."], np.zeros((1, 1), dtype=bool), ("War",))
    assert math.isnan(word.with_label)
    assert math.isnan(word.precision)
    assert word.without_label == 0.0
