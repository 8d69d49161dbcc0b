"""Features keep the order of films, and films are read as they are needed."""

import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import moviegenre
from moviegenre.adapt.features import compute_features
from moviegenre.core.cores import num_cores
from moviegenre.core.errors import CheckpointError
from moviegenre.examples import example_films
from moviegenre.inference.films import Film
from moviegenre.inference.predictor import Predictor
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint

ROOM = 2 * 64 + 4 * (2 * num_cores() + 2)
"""Films of a chunk and the one before, and of batches that wait."""


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return moviegenre.load(threads=1)


def test_features_are_embedding_and_logits_in_the_order_of_the_films(predictor: Predictor) -> None:
    films = [predictor.reader.read(film.plot, film.poster) for film in example_films()]
    films.insert(2, replace(films[0], poster=None))
    features = compute_features(predictor, films)
    for row, film in enumerate(films):
        logits, embeddings = predictor.backend.embed(predictor.reader.batch([film]))
        alone = np.concatenate([embeddings[0], logits[0]])
        np.testing.assert_allclose(features[row], alone, atol=1e-4)


def test_only_some_films_are_in_memory(predictor: Predictor) -> None:
    film = predictor.reader.read("A dog.")
    films: list[weakref.ref[Film]] = []
    in_memory: list[int] = []

    def one_by_one() -> Iterator[Film]:
        for _ in range(3 * ROOM):
            new = replace(film)
            films.append(weakref.ref(new))
            in_memory.append(sum(one() is not None for one in films))
            yield new

    assert len(compute_features(predictor, one_by_one())) == 3 * ROOM
    assert max(in_memory) <= ROOM


def test_no_films_have_no_features(predictor: Predictor) -> None:
    assert len(compute_features(predictor, [])) == 0


def test_a_model_of_pytorch_gives_none(tmp_path: Path, bert_folder: Path) -> None:
    predictor = moviegenre.load(save_tiny(tmp_path, tiny_checkpoint("lstm", bert_folder)))
    with pytest.raises(CheckpointError, match="torch computes the model; embeddings come from"):
        compute_features(predictor, [predictor.reader.read("the ghost")])
