"""The included model in parts answers as the whole file does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import moviegenre
from moviegenre.examples import example_films
from moviegenre.inference import ngram_logits
from moviegenre.inference.films import Film
from moviegenre.inference.occlusion import without_words
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.region_occlusion import without_regions
from moviegenre.inference.wide_deep_parts import FilmParts, WideDeepParts
from moviegenre.models import wide_deep
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint

FILM = next(film for film in example_films() if film.title == "Dust on the Ledger")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return moviegenre.load()


@pytest.fixture(scope="module")
def parts(predictor: Predictor) -> WideDeepParts:
    found = WideDeepParts.open(predictor.backend, predictor.reader)
    assert found is not None
    return found


def in_parts(parts: WideDeepParts, predictor: Predictor, film: Film) -> FilmParts:
    found = parts.film_parts(film, predictor.answer([film]).logits[0])
    assert found is not None
    return found


@pytest.mark.parametrize("with_poster", [True, False])
def test_variants_get_the_answers_of_the_file(
    with_poster: bool, parts: WideDeepParts, predictor: Predictor
) -> None:
    film = predictor.reader.read(FILM.plot, FILM.poster if with_poster else None, "Dust", 1951)
    places = predictor.reader.token_words(film)
    variants = [film, *(without_words(film, places, words) for words in ([0], [3, 4], range(20)))]
    if with_poster:
        variants += [without_regions(film, [region], (7, 5)) for region in (0, 17)]
    found = in_parts(parts, predictor, film).logits(variants)
    np.testing.assert_allclose(found, predictor.answer(variants).logits, atol=1e-4)


def test_words_that_only_n_grams_read_are_free_and_exact(
    parts: WideDeepParts, predictor: Predictor
) -> None:
    assert FILM.plot is not None
    film = predictor.reader.read(" ".join([FILM.plot] * 8))
    places = predictor.reader.token_words(film)
    last, first = (without_words(film, places, [word]) for word in (places.max(), 1))
    found = in_parts(parts, predictor, film)
    assert (found.num_tokens(last), found.num_tokens(first)) == (0, 256)
    np.testing.assert_allclose(found.estimates([last]), predictor.answer([last]).logits, atol=1e-4)
    np.testing.assert_array_equal(found.estimates([last]), found.logits([last]))


def test_parts_that_do_not_come_to_the_answer_are_not_used(
    parts: WideDeepParts, predictor: Predictor
) -> None:
    film = predictor.reader.read(FILM.plot)
    logits = predictor.answer([film]).logits[0]
    weights = dict(parts.weights)
    other = replace(parts, weights={**weights, "wide_bias": weights["wide_bias"] + 1})
    assert other.film_parts(film, logits) is None
    del weights["head.output.weight_whole"]
    assert replace(parts, weights=weights).film_parts(film, logits) is None


def test_other_models_have_no_parts(
    predictor: Predictor, tmp_path: Path, bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = moviegenre.load(save_tiny(tmp_path, tiny_checkpoint("wide_deep", bert_folder)))
    assert WideDeepParts.open(exact.backend, exact.reader) is None
    other = predictor.model.model_copy(update={"model_name": "early_fusion"})
    monkeypatch.setattr(predictor.backend, "info", other)
    assert WideDeepParts.open(predictor.backend, predictor.reader) is None


def test_the_usual_length_is_the_models() -> None:
    assert ngram_logits.USUAL_TOKENS == wide_deep._USUAL_TOKENS
