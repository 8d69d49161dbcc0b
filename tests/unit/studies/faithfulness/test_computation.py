"""Whether the measure of explanations tells a true one from one that is turned around."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import moviegenre
from moviegenre.core.errors import DataError
from moviegenre.core.types import Modality
from moviegenre.data.words import is_function_word, plot_words
from moviegenre.inference import attribution, region_occlusion
from moviegenre.inference.films import Film
from moviegenre.inference.predictor import Predictor
from moviegenre.studies.faithfulness.computation import measure_faithfulness
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint
from tests.tiny_movies import tiny_movies

MOVIES = tiny_movies(12, seed=4)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Predictor:
    root = tmp_path_factory.mktemp("model")
    save_tiny(root, tiny_checkpoint("early_fusion", bert_folder))
    return moviegenre.load(root)


def films(predictor: Predictor) -> list[Film]:
    pairs = zip(MOVIES.plots, MOVIES.posters, strict=True)
    return [predictor.reader.read(plot, poster) for plot, poster in pairs]


@pytest.fixture(autouse=True)
def _any_region_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny model's probabilities hardly move."""
    monkeypatch.setattr(attribution, "LEAST_CHANGE", 0.0)
    monkeypatch.setattr(region_occlusion, "_OUTSTANDING", 0.0)


def test_what_occlusion_puts_first_matters_more_than_chance(predictor: Predictor) -> None:
    measured = measure_faithfulness(predictor, films(predictor), method="occlusion")
    assert [one.modality for one in measured] == [Modality.PLOT, Modality.POSTER]
    for one in measured:
        assert one.num_films + one.num_silent == 12
        assert one.without_top > one.without_random
        assert one.difference[0] > 0
        assert one.share_above > 0.5


def test_an_explanation_that_is_turned_around_is_found_out(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    explain = Predictor.explain

    def turned(self: Predictor, *arguments: Any) -> Any:
        true = explain(self, *arguments)
        words = {
            name: tuple(replace(w, share=None if w.share is None else -w.share) for w in shares)
            for name, shares in true.words.items()
        }
        return replace(true, words=words, regions={n: -r for n, r in true.regions.items()})

    monkeypatch.setattr(Predictor, "explain", turned)
    for one in measure_faithfulness(predictor, films(predictor), method="occlusion"):
        assert one.without_top < one.without_random
        assert one.difference[1] < 0


def falls_by_hand(predictor: Predictor, film: Film) -> npt.NDArray[np.float64]:
    """Return how far the likeliest genre falls without each word; 0 for function words."""
    whole = predictor.probabilities([film])[0]
    places, label = predictor.reader.token_words(film), int(whole.argmax())
    single = [replace(film, tokens=film.tokens[places != word]) for word in range(places.max() + 1)]
    falls = whole[label] - predictor.probabilities(single)[:, label]
    # Function words are not tried: their share is 0, whatever leaving them out would do.
    tried = [not is_function_word(word.text) for word in plot_words(film.plot)]
    return np.where(tried[: len(falls)], falls, 0.0)


def test_one_film_is_measured_by_hand(predictor: Predictor) -> None:
    plots = [replace(film, poster=None) for film in films(predictor)]
    film = next(one for one in plots if falls_by_hand(predictor, one).max() > 0)
    (measured,) = measure_faithfulness(predictor, [film], method="occlusion", share=0.01)
    assert measured.without_top == pytest.approx(
        100 * falls_by_hand(predictor, film).max(), abs=1e-3
    )
    assert measured.difference[0] == pytest.approx(measured.difference[1])
    assert measured.num_silent == 0


def test_a_film_without_words_that_matter_is_counted_apart(predictor: Predictor) -> None:
    plots = [replace(film, poster=None) for film in films(predictor)]
    silent = [film for film in plots if falls_by_hand(predictor, film).max() <= 0]
    (measured,) = measure_faithfulness(predictor, plots, method="occlusion", share=0.01)
    assert silent
    assert (measured.num_films, measured.num_silent) == (len(plots) - len(silent), len(silent))


def test_without_films_there_is_nothing_to_measure(predictor: Predictor) -> None:
    with pytest.raises(DataError, match="there is no film with at least two words or a poster"):
        measure_faithfulness(predictor, [])
