"""A model reads the parts of a film that enough films have."""

import pytest

from moviegenre.adapt.parts import learned_parts, with_parts
from moviegenre.artifacts.folder import read_info
from moviegenre.box import box_folder
from moviegenre.core.types import Modality, Part

INCLUDED = read_info(box_folder())


@pytest.mark.parametrize(
    ("films_with", "num_films", "parts"),
    [
        ({"plot": 120}, 120, ("plot",)),
        ({"plot": 120, "poster": 49, "title": 120}, 120, ("plot", "title")),
        ({"plot": 120, "poster": 50, "year": 60}, 120, ("plot", "poster", "year")),
        ({"plot": 20, "poster": 10}, 20, ("plot", "poster")),  # half of the films
        ({"plot": 20, "poster": 9}, 20, ("plot",)),
        ({"poster": 60, "title": 60}, 60, ("poster",)),  # a title needs plots
        ({"title": 60}, 60, ("plot", "poster", "title", "year")),  # nothing else: all as before
    ],
)
def test_the_parts_that_enough_films_have(
    films_with: dict[Part, int], num_films: int, parts: tuple[Part, ...]
) -> None:
    assert learned_parts(films_with, num_films, INCLUDED) == parts


def test_the_description_of_a_model_that_reads_less() -> None:
    posters = with_parts(INCLUDED, ("poster",))
    assert posters.parts == ("poster",)
    assert posters.tokenizer is None
    assert with_parts(INCLUDED, ("plot", "title")).modalities == {Modality.PLOT}
    assert INCLUDED.parts == ("plot", "poster", "title", "year"), "it is unchanged"
