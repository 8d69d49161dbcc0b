"""Features keep the order of films, and films are read as they are needed."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice

import numpy as np
import pytest

import moviegenre
from moviegenre.adapt.features import compute_features, num_cores
from moviegenre.core.errors import CheckpointError
from moviegenre.examples import example_films
from moviegenre.inference.films import Film
from moviegenre.inference.predictor import Predictor


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return moviegenre.load(threads=1)


def films(predictor: Predictor, number: int) -> list[Film]:
    """Return films without posters, which take the least time."""
    read = [predictor.reader.read(film.plot) for film in example_films()]
    return list(islice(cycle(read), number))


def test_features_are_embedding_and_logits_in_the_order_of_the_films(predictor: Predictor) -> None:
    some = films(predictor, 11)
    features = compute_features(predictor, some)
    logits, embeddings = predictor.backend.embed(predictor.reader.batch(some[3:4]))
    assert features.shape == (11, embeddings.shape[1] + logits.shape[1])
    np.testing.assert_allclose(features[3], np.concatenate([embeddings[0], logits[0]]), atol=1e-5)


def test_only_a_few_films_are_in_memory(predictor: Predictor) -> None:
    number = 8 * num_cores()
    (film,) = films(predictor, 1)
    alive = []

    def one_by_one() -> Iterator[Film]:
        for _ in range(number):
            gc.collect()
            alive.append(sum(isinstance(one, Film) for one in gc.get_objects()))
            yield replace(film)

    assert len(compute_features(predictor, one_by_one())) == number
    assert max(alive) - alive[0] <= 5 * num_cores() + 1, "of 8 for each core"


def test_no_films_have_no_features(predictor: Predictor) -> None:
    assert len(compute_features(predictor, [])) == 0


def test_a_model_of_pytorch_gives_none() -> None:
    predictor = moviegenre.load()
    predictor.backend = type("Torch", (), {"name": "torch"})()
    with pytest.raises(CheckpointError, match="torch computes the model; embeddings come from"):
        compute_features(predictor, [])
