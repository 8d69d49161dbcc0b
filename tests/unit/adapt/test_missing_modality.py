"""Films as if they lacked a modality get the features that the model itself gives them."""

from dataclasses import replace

import numpy as np
import pytest

import moviegenre
from moviegenre.adapt import missing_modality
from moviegenre.adapt.features import compute_features
from moviegenre.adapt.missing_modality import missing_modality_variants, without_modality
from moviegenre.core.types import Modality
from moviegenre.examples import example_films
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.wide_deep_parts import WideDeepParts


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return moviegenre.load(threads=1)


@pytest.mark.parametrize("in_parts", [True, False])
def test_films_without_a_modality(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, in_parts: bool
) -> None:
    monkeypatch.setattr(missing_modality, "_MIN_FILMS", 2)
    if not in_parts:
        monkeypatch.setattr(WideDeepParts, "open", lambda *_: None)
    films = [predictor.reader.read(one.plot, one.poster) for one in example_films()[:3]]
    films.insert(1, replace(films[0], poster=None))
    has = {one: np.array([one in film.modalities for film in films]) for one in Modality}
    features = compute_features(predictor, films)
    variants = missing_modality_variants(predictor, features, has, lambda: iter(films))
    assert variants[Modality.PLOT].rows.tolist() == [0, 2, 3]
    assert variants[Modality.POSTER].rows.tolist() == [0, 1, 2, 3]
    for missing, variant in variants.items():
        reduced = [without_modality(films[row], missing) for row in variant.rows]
        expected = compute_features(predictor, reduced)
        np.testing.assert_allclose(variant.features, expected, atol=1e-3)


def test_too_few_films_with_both_have_no_variants(predictor: Predictor) -> None:
    has = {modality: np.ones(3, dtype=np.bool_) for modality in Modality}
    features = np.zeros((3, 4), dtype=np.float32)
    assert missing_modality_variants(predictor, features, has, lambda: iter(())) == {}
