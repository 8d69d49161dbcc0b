"""Words that are skipped are never left out, and have no effect."""

from collections.abc import Sequence

import numpy as np

from moviegenre.inference.films import Film
from moviegenre.inference.occlusion import Floats, occlude_words


def test_skipped_words_are_not_tried() -> None:
    film = Film("the ghost of Dover", np.array([1, 2, 3, 4], dtype=np.int32), None)
    places = np.arange(4)
    asked: list[list[int]] = []

    def ask(films: Sequence[Film]) -> Floats:
        asked.extend(one.tokens.tolist() for one in films)
        return np.array([[one.tokens.sum()] for one in films], dtype=np.float32)

    effects = occlude_words(ask, film, places, [0], skipped=[0, 2])
    assert effects.tolist() == [[0.0, 2.0, 0.0, 4.0]]
    assert asked == [[1, 2, 3, 4], [1, 3, 4], [1, 2, 3]]
