"""What the shipped model must say of sixty short texts: thirty plots and thirty that say nothing.

The plots are of films that never were, each with a genre that nobody would dispute.
"""

import json
from pathlib import Path

import pytest
from scripts.runtime_versions import differences

import moviegenre
from moviegenre.inference.predictor import Predictor

TEXTS = Path(__file__).parent / "short_texts"
MIN_RIGHT = 27  # of 30
MAX_PROBABILITY = 0.6  # of any genre, for a text that says nothing


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return moviegenre.load()


def test_plots_get_their_genre(predictor: Predictor) -> None:
    plots: list[tuple[str, str]] = json.loads((TEXTS / "plots.json").read_text(encoding="utf-8"))
    assert len(plots) == 30
    predictions = predictor.predict(plot=[plot for _, plot in plots])
    wrong = [
        f"{genre} not among {prediction.genres}: {plot}"
        for (genre, plot), prediction in zip(plots, predictions, strict=True)
        if genre not in prediction.genres
    ]
    assert len(wrong) <= len(plots) - MIN_RIGHT, "\n".join(wrong)


def test_texts_that_say_nothing_get_no_sure_genre(predictor: Predictor) -> None:
    texts: list[str] = json.loads((TEXTS / "empty.json").read_text(encoding="utf-8"))
    assert len(texts) == 30
    for text, prediction in zip(texts, predictor.predict(plot=list(texts)), strict=True):
        assert max(prediction.probabilities.values()) <= MAX_PROBABILITY, text
        assert prediction.warnings, text


def test_answers_are_the_golden_ones() -> None:
    assert differences() == []  # `make runtimes` asks every supported ONNX Runtime
