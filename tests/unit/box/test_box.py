"""The included model: found, small, licensed, and able to answer and to explain itself."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import moviegenre
from moviegenre import box
from moviegenre.artifacts.locate import verify
from moviegenre.core.errors import CheckpointError
from moviegenre.examples import example_films
from moviegenre.inference.poster_input import read_poster
from moviegenre.inference.predictor import Predictor

BICUBIC = Image.Resampling.BICUBIC
MAX_BYTES = 75_000_000
EXPECTED = {
    "The Lamp Below the Stairs": "Horror",
    "Nine Minutes to Callisto": "Sci-Fi",
    "Flour and Fury": "Romance",
    "Dust on the Ledger": "Western",
    "The Ninth Informant": "Crime",
}


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return moviegenre.load()


def test_an_empty_box_says_what_is_to_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "FOLDER", tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CheckpointError) as error:
        box.box_folder()
    assert str(error.value) == (
        "no model was named, and the included model lacks model.int8.onnx, genres.json, "
        f"thresholds.json in {tmp_path}; name one with `checkpoint` (a best.pth, an "
        "exported folder, a hub name), or install the package again"
    )


def test_the_box_is_whole_and_small() -> None:
    assert box.box_folder() == box.FOLDER
    names = {path.name for path in box.FOLDER.iterdir()}
    assert {"README.md", "manifest.json", "metrics.json", "parity.json", "tokenizer.json"} < names
    assert not {"model.safetensors", "model.onnx"} & names
    verify(box.FOLDER)
    assert sum(path.stat().st_size for path in box.FOLDER.iterdir()) <= MAX_BYTES


def test_its_eight_bits_keep_what_is_promised() -> None:
    parity = json.loads((box.FOLDER / "parity.json").read_text("utf-8"))
    assert parity["num_movies"] >= 1000
    (file,) = parity["files"].values()
    assert file["equal_decisions"] >= 0.995
    assert file["f1_macro_lost"] <= 0.005
    assert parity["kept"] is True


def test_its_card_says_on_whose_terms_it_is() -> None:
    card = (box.FOLDER / "README.md").read_text("utf-8")
    assert "bge-small-en-v1.5, by the Beijing Academy of Artificial Intelligence, MIT" in card
    assert "EfficientNet-B4 trained on ImageNet, by Google (Tan and Le 2019), Apache-2.0" in card
    assert "It also reads the title and the year, where they are given." in card
    assert "on its owner's terms" not in card
    assert "It must not be used for" in card


def test_example_films_get_their_genres(predictor: Predictor) -> None:
    assert predictor.backend.name == "int8"
    films = {film.title: film for film in example_films()}
    found = {
        title: predictor.predict(plot=films[title].plot, poster=films[title].poster).genres
        for title in EXPECTED
    }
    right = [title for title, genre in EXPECTED.items() if genre in found[title]]
    assert len(right) >= len(EXPECTED) - 1, found


def test_title_and_year_count(predictor: Predictor) -> None:
    plot = "A private detective falls for the wife of the man who hired him to find her."
    plain, named = predictor.predict(plot=plot), predictor.predict(plot=plot, year=1947)
    assert named.probabilities["Film-Noir"] > 2 * plain.probabilities["Film-Noir"]


def test_a_large_poster_is_seen_as_the_small_one_it_was_trained_on(predictor: Predictor) -> None:
    films = [film for film in example_films() if film.poster]
    small = [read_poster(film.poster) for film in films]
    large = [image.resize((5 * image.width, 5 * image.height), BICUBIC) for image in small]
    plain, enlarged = (
        predictor.predict_proba([(None, image) for image in images]) for images in (small, large)
    )
    assert np.abs(plain - enlarged).mean() < 0.02


def test_it_says_why(predictor: Predictor) -> None:
    film = next(film for film in example_films() if film.title == "Dust on the Ledger")
    read = predictor.reader.read(film.plot, film.poster)
    explanation = predictor.explain(read, attribute=["Western"])
    assert sum(explanation.share().values()) == pytest.approx(1)
    assert explanation.probability["Western"] == predictor.probabilities([read])[0][19]
    shares = [word.share for word in explanation.words["Western"] if word.share is not None]
    assert max(shares) > 0
    notes = " ".join(explanation.notes["Western"])
    assert (not explanation.phrases["Western"]) == ("No single word" in notes)
    assert (not explanation.regions["Western"].any()) == ("No region" in notes)


def test_a_probability_without_a_word_is_that_of_the_plot_without_it(predictor: Predictor) -> None:
    plot = "A ghost haunts the old theatre, and nobody who hears it sing lives to tell of it."
    explanation = predictor.predict(plot=plot).explain(attribute=["Horror"])
    words = {word.text: word for word in explanation.words["Horror"]}
    for text in ("ghost", "haunts", "sing"):
        shorter = predictor.predict(plot=plot.replace(f" {text}", "", 1))
        assert words[text].without == pytest.approx(shorter.probabilities["Horror"], abs=1e-3)
    assert words["the"].without is None
    assert words["the"].share == 0
    assert explanation.phrases["Horror"][0].text in ("ghost", "haunts", "ghost haunts")
