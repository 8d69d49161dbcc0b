"""What says nothing is ignored, a warning says so, and nothing is chosen where nothing is left."""

import pytest
from PIL import Image

import moviegenre
from moviegenre.core.errors import InputError
from moviegenre.inference.predictor import Predictor

BLANK = Image.new("RGB", (136, 200))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return moviegenre.load()  # the shipped model, which reads English only


def test_nothing_is_chosen_where_there_is_nothing_to_read(predictor: Predictor) -> None:
    prediction = predictor.predict(plot="TBA", poster=BLANK)
    assert prediction.genres == []
    assert prediction.modalities == []
    assert prediction.likeliest == {}
    assert prediction.warnings == [
        'The plot is a placeholder ("TBA"), so it was ignored.',
        "The poster is blank, so it was ignored.",
    ]
    assert prediction.to_json_dict()["warnings"] == prediction.warnings
    assert predictor.predict([("TBA", None)]).sum() == 0  # scikit-learn's way


def test_the_rest_of_a_film_is_read(predictor: Predictor) -> None:
    plot = "A vampire hunts the children of a village until a priest drives a stake into his heart."
    alone = predictor.predict(plot=plot)
    with_blank = predictor.predict(plot=plot, poster=BLANK)
    assert with_blank.modalities == ["plot"]
    assert with_blank.warnings == ["The poster is blank, so it was ignored."]
    assert with_blank.probabilities == pytest.approx(alone.probabilities, abs=1e-4)
    among = predictor.predict(plot=("N/A", plot))
    assert among.warnings == []
    assert among.probabilities == pytest.approx(alone.probabilities, abs=1e-4)


def test_a_film_with_neither_is_still_an_error(predictor: Predictor) -> None:
    with pytest.raises(InputError, match=r"^a film needs a plot or a poster; found neither$"):
        predictor.predict(plot="  ")
