"""Whether the measure of explanations tells a true one from one that is turned around."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import moviegenre
from moviegenre.core.errors import DataError
from moviegenre.core.types import Modality
from moviegenre.data.words import FUNCTION_WORDS, plot_words
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


def films(predictor: Predictor) -> list[Any]:
    pairs = zip(MOVIES.plots, MOVIES.posters, strict=True)
    return [predictor.reader.read(plot, poster) for plot, poster in pairs]


def test_what_occlusion_puts_first_matters_more_than_chance(predictor: Predictor) -> None:
    found = measure_faithfulness(predictor, films(predictor), method="occlusion")
    assert [one.modality for one in found] == [Modality.PLOT, Modality.POSTER]
    for one in found:
        assert one.num_films == 12
        assert one.without_top > one.without_random
        assert one.difference[0] > 0
        assert one.share_above > 0.5


def test_an_explanation_that_is_turned_around_is_found_out(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Predictor.explain

    def turned(self: Predictor, *arguments: Any) -> Any:
        true = told(self, *arguments)
        words = {
            name: tuple(replace(w, share=None if w.share is None else -w.share) for w in shares)
            for name, shares in true.words.items()
        }
        return replace(true, words=words, regions={n: -r for n, r in true.regions.items()})

    monkeypatch.setattr(Predictor, "explain", turned)
    for one in measure_faithfulness(predictor, films(predictor), method="occlusion"):
        assert one.without_top < one.without_random
        assert one.difference[1] < 0


def test_one_film_is_measured_by_hand(predictor: Predictor) -> None:
    film = replace(films(predictor)[0], poster=None)
    (found,) = measure_faithfulness(predictor, [film], method="occlusion", share=0.01)
    whole = predictor.probabilities([film])[0]
    places, label = predictor.reader.token_words(film), int(whole.argmax())
    single = [replace(film, tokens=film.tokens[places != word]) for word in range(places.max() + 1)]
    falls = whole[label] - predictor.probabilities(single)[:, label]
    # Function words are not tried: their share is 0, whatever leaving them out would do.
    tried = [word.text.lower() not in FUNCTION_WORDS for word in plot_words(film.plot)]
    top = int(np.where(tried[: len(falls)], falls, 0.0).argmax())
    assert found.without_top == pytest.approx(100 * falls[top], abs=1e-3)
    assert found.difference[0] == pytest.approx(found.difference[1])


def test_without_films_there_is_nothing_to_measure(predictor: Predictor) -> None:
    with pytest.raises(DataError, match="there is no film with at least two words or a poster"):
        measure_faithfulness(predictor, [])
