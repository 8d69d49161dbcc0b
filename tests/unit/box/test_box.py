"""The model in the box: found, small, licensed, and able to answer and to explain itself."""

import json
from pathlib import Path

import pytest

import moviegenre
from moviegenre import box
from moviegenre.core.errors import CheckpointError
from moviegenre.examples import example_films
from moviegenre.inference.predictor import Predictor
from moviegenre.models.trained import verify

MAX_BYTES = 45_000_000
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
        "no model was named, and the one in the box lacks model.int8.onnx, genres.json, "
        f"thresholds.json in {tmp_path}; name one with --checkpoint or --model (a best.pth, an "
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
    assert "all-MiniLM-L6-v2, by the Sentence Transformers project, Apache-2.0" in card
    assert "Poster encoder: random weights, trained on posters of the training split alone" in card
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


def test_it_says_why(predictor: Predictor) -> None:
    film = next(film for film in example_films() if film.title == "Dust on the Ledger")
    read = predictor.reader.read(film.plot, film.poster)
    explanation = predictor.explain(read, attribute=["Western"])
    assert sum(explanation.share().values()) == pytest.approx(1)
    shares = [word.share for word in explanation.words["Western"] if word.share is not None]
    assert max(shares) > 0
    assert explanation.regions["Western"].max() > 0
