"""Forms of a film's text: what each one holds, and that they keep the film's genres and poster."""

from pathlib import Path

import numpy as np
import pytest

from moviegenre.core.types import Part, Split
from moviegenre.data.config import DataConfig
from moviegenre.data.extra import read_forms, training_texts
from moviegenre.data.film_text import film_text
from moviegenre.data.forms import PIECE_WORDS, Form, first_sentence, text_in_form
from moviegenre.data.prepared import PreparedData
from tests.tiny_movies import with_plots

SHORT = "A dog comes home one day. It barks."
LONG = " ".join(f"w{number}" for number in range(3 * PIECE_WORDS))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SHORT, "A dog comes home one day."),
        ("No end of it here", "No end of it here"),
        (
            "Mr. Ray and J. R. Doe sit in a car. They wait.",
            "Mr. Ray and J. R. Doe sit in a car.",
        ),
        ("Wait. No. A dog comes home one day. It barks.", "Wait. No. A dog comes home one day."),
        ('"Who is there?" asks a man at night. Nobody.', '"Who is there?" asks a man at night.'),
    ],
)
def test_the_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("overview", SHORT),
        ("sentence", "A dog comes home one day."),
        ("longest", LONG),
        ("joined", f"{SHORT}\n{LONG}"),
        ("heading", ""),
    ],
)
def test_each_form_of_a_film(form: Form, text: str) -> None:
    assert text_in_form([SHORT, LONG], form, np.random.default_rng(0)) == text


def test_pieces_are_whole_parts_of_the_further_plots() -> None:
    random = np.random.default_rng(0)
    pieces = {text_in_form([SHORT, LONG], "piece", random) for _ in range(50)}
    words = LONG.split()
    assert pieces == {" ".join(words[95 * n : 95 * (n + 1)]) for n in range(3)}


@pytest.mark.parametrize("form", ["sentence", "longest", "joined", "piece"])
def test_a_film_of_one_sentence_has_no_other_form(form: Form) -> None:
    assert text_in_form(["A dog comes home."], form, np.random.default_rng(0)) is None


@pytest.mark.parametrize(
    ("reads", "text"),
    [
        (("plot", "title", "year"), "Laura (1944, 1940s). A dog."),
        (("plot", "title"), "Laura. A dog."),
        (("plot", "year"), "(1944, 1940s). A dog."),
        (("title", "year"), "Laura (1944, 1940s)."),
        (("plot", "poster"), "A dog."),
    ],
)
def test_the_text_of_a_film_has_the_parts_that_are_read(reads: tuple[Part, ...], text: str) -> None:
    found, start = film_text("A dog.", "Laura", 1944, reads)
    assert found == text
    assert found[start:] == ("A dog." if "plot" in reads else "")


def test_a_missing_title_or_year_leaves_no_trace() -> None:
    reads: tuple[Part, ...] = ("plot", "title", "year")
    assert film_text("A dog.", " ", None, reads) == ("A dog.", 0)
    assert film_text("", "Laura", None, reads)[0] == "Laura."


def test_forms_keep_the_genres_and_the_poster_of_their_movie(prepared_folder: Path) -> None:
    with_plots(prepared_folder, [[SHORT, LONG], ["One."]])
    data = PreparedData(prepared_folder)
    found = read_forms(data, DataConfig(forms=("overview", "sentence", "joined")), seed=0)
    assert found.plots == [SHORT, "A dog comes home one day.", f"{SHORT}\n{LONG}", "One."]
    assert found.movies is not None
    assert found.movies.tolist() == [0, 0, 0, 1]
    np.testing.assert_array_equal(found.labels, data.labels(Split.TRAIN)[[0, 0, 0, 1]])


def test_headings_are_drawn_by_seed(prepared_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = (["Laura"] * 24, [1944] * 24)
    monkeypatch.setattr(PreparedData, "titles", lambda self, split: named)
    with_plots(prepared_folder, [[f"Film {number} runs."] for number in range(12)])
    data = PreparedData(prepared_folder)
    config = DataConfig(dir=data.root, reads=("plot", "title", "year"), forms=("overview",))
    plain, again, other = (training_texts(data, config, seed) for seed in (0, 0, 1))
    assert plain is not None
    assert again is not None
    assert other is not None
    assert plain.plots == again.plots != other.plots
    starts = {text.partition(" Film")[0].removeprefix("Film") for text in plain.plots}
    assert "Laura (1944, 1940s)." in starts
    assert any(text.startswith("Film") for text in plain.plots)
