"""What is printed for one film."""

from dataclasses import replace

import numpy as np
import pytest

from moviegenre.apps.film_output import print_prediction
from moviegenre.core.genre_mapping import GenreNames
from moviegenre.inference.prediction import Explanation, Prediction, WordShare

WORDS = (
    WordShare("The", 0, 3, 0.0049),
    WordShare("ghost", 4, 9, 0.0051),
    WordShare("of", 10, 12, 0.0),
    WordShare("Rome", 13, 17, None),
)


def print_explained() -> None:
    """Print a film whose parts have small effects."""
    effects: dict[str, float] = {"plot": 1.0, "poster": 0.0}
    explanation = Explanation(
        {"Horror": effects},
        words={"Horror": WORDS},
        regions={"Horror": np.array([[0.001, 0.2], [0.004, -0.3]], dtype=np.float32)},
        probability={"Horror": 0.9},
    )
    prediction = replace(
        Prediction.unreadable(""),
        probabilities={"Horror": 0.9},
        thresholds={"Horror": 0.5},
        modalities=["plot", "poster"],
    )
    print_prediction(prediction, explanation, None, GenreNames({}))


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_explained()
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_numbers_are_whole_on_narrow_consoles(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    print_explained()
    text = capsys.readouterr().out
    assert "…" not in text
    assert {"Horror", "0.90", "0.50"} <= set(text.split())
    assert max(map(len, text.splitlines())) <= width


def test_a_word_without_an_effect_is_no_reason(printed: list[str]) -> None:
    assert "words for Horror 90%: ghost +0.01" in printed


def test_a_region_without_an_effect_is_no_reason(printed: list[str]) -> None:
    assert "regions of 2 x 2 for Horror 90%: row 1, column 2 +0.20" in printed
