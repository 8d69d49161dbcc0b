"""What is printed for one film."""

import io
import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from moviegenre.apps.film_output import print_json, print_prediction
from moviegenre.apps.messages import replace_unprintable
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


def table_at(width: int, monkeypatch: pytest.MonkeyPatch, name: str = "Film-Noir") -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    prediction = replace(
        Prediction.unreadable(""),
        genres=[name],
        probabilities={name: 0.86, "Crime": 0.2},
        thresholds={name: 0.25, "Crime": 0.4},
        modalities=["plot"],
    )
    effects = {genre: {"plot": 5.7} for genre in (name, "Crime")}
    print_prediction(prediction, Explanation(effects), None, GenreNames({}))


def test_a_narrow_table_shrinks_the_bar_and_keeps_whole_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table_at(60, monkeypatch)
    shown = capsys.readouterr().out
    (row,) = (line for line in shown.splitlines() if "Film-Noir" in line)
    assert "0.86" in row
    assert "yes" in row
    assert "…" not in shown


def test_a_wide_table_has_the_bar_and_a_name_is_no_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table_at(80, monkeypatch, "[bold]Noir")
    assert "│ [bold]Noir │ █████████████████··· 0.86 │" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii"])
def test_streams_that_are_not_utf_8_get_replacements(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, errors = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(sys, "stderr", errors)
    replace_unprintable()
    table_at(80, monkeypatch, "Криминал")
    sys.stderr.write("Амели")
    for stream in (output, errors):
        stream.seek(0)
    shown = output.read()
    assert "| ???????? | #################... 0.86 |" in shown
    assert errors.read() == "?????"


def test_json_on_a_stream_that_is_not_utf_8_keeps_every_character(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", output)
    prediction = replace(Prediction.unreadable(""), warnings=["“Амели”"])
    print_json(prediction, None, None, GenreNames({}))
    output.seek(0)
    assert json.loads(output.read())["warnings"] == ["“Амели”"]
