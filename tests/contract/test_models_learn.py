"""That every model learns: by heart, and from the modality that carries the signal."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

from moviegenre.core.decisions import probabilities
from moviegenre.core.types import Modality
from moviegenre.data.batches import MovieTensors
from moviegenre.models.base import FittedModel, GenreModel, label_frequencies
from moviegenre.models.batch import ModelOutput, to_batch
from moviegenre.models.registry import MODELS
from moviegenre.training.config import TrainingConfig
from moviegenre.training.optimizer import build_optimizer
from tests.tiny_models import build_tiny
from tests.tiny_movies import tiny_movies, tiny_tokenizer

_CONFIG = TrainingConfig(encoder_lr=2e-3, head_lr=1e-2, weight_decay=0.0)
_BATCH_SIZE = 16

every_model = pytest.mark.parametrize("name", MODELS)


def learn(model: GenreModel, movies: MovieTensors, steps: int, enough: float = 0.0) -> float:
    """Train or fit the model, whichever it takes; return the last loss."""
    if isinstance(model, FittedModel):
        model.fit(movies)
        assert movies.labels is not None
        loss = functional.binary_cross_entropy_with_logits(
            answer(model, movies), torch.from_numpy(movies.labels)
        )
        return float(loss)
    model.prepare(movies)
    return train(model, movies, steps, enough)


def answer(model: GenreModel, movies: MovieTensors) -> Tensor:
    """Return the logits (N, L) of all movies in evaluation mode."""
    with torch.no_grad():
        output: ModelOutput = model.eval()(to_batch(movies.batch(range(len(movies)))))
    return output.logits


def train(model: GenreModel, movies: MovieTensors, steps: int, enough: float) -> float:
    """Take steps on random movies until the loss is small enough; return the last loss."""
    optimizer = build_optimizer(model, _CONFIG)
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    last = torch.inf
    model.train()
    for _ in range(steps):
        if last < enough:
            break
        size = min(_BATCH_SIZE, len(movies))
        rows = rng.choice(len(movies), size, replace=False).tolist()
        batch = to_batch(movies.batch(rows))
        assert batch.labels is not None
        loss = functional.binary_cross_entropy_with_logits(model(batch).logits, batch.labels)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        last = float(loss.detach())
    return last


def held_out_auc(name: str, signal: Modality, bert_folder: Path) -> float:
    """Learn from movies whose genres only ``signal`` tells; return ROC AUC on others."""
    model = build_tiny(name, bert_folder)
    learn(model, tiny_movies(96, seed=1, signal=[signal]).tensors(tiny_tokenizer()), steps=50)
    test = tiny_movies(160, seed=2, signal=[signal]).tensors(tiny_tokenizer())
    return float(roc_auc_score(test.labels, answer(model, test).numpy(), average="macro"))


@pytest.mark.parametrize("name", [n for n in MODELS if MODELS[n].modalities])
def test_eight_movies_are_learned_by_heart(name: str, bert_folder: Path) -> None:
    # Neither modality tells their genres: memory alone brings the loss down, from the prior's 0.67.
    movies = tiny_movies(8, seed=3, signal=[]).tensors(tiny_tokenizer())
    unhindered = {"dropout": 0.0, "modality_dropout": 0.0, "c": 1e4}
    changes = {k: v for k, v in unhindered.items() if k in MODELS[name].model_fields}
    model = build_tiny(name, bert_folder, **changes)
    assert learn(model, movies, steps=80, enough=0.15) < 0.15


@every_model
@pytest.mark.parametrize("signal", list(Modality))
def test_the_prior_is_beaten_exactly_where_a_modality_it_sees_carries_the_signal(
    name: str, signal: Modality, bert_folder: Path
) -> None:
    auc = held_out_auc(name, signal, bert_folder)  # the prior alone has 0.5
    if signal in MODELS[name].modalities:
        assert auc > 0.9
    else:
        assert 0.4 < auc < 0.6


@pytest.mark.parametrize("name", [n for n in MODELS if not MODELS[n].modalities])
def test_a_model_that_looks_at_nothing_learns_the_label_frequencies(
    name: str, bert_folder: Path
) -> None:
    movies = tiny_movies(40, seed=3).tensors(tiny_tokenizer())
    model = build_tiny(name, bert_folder)
    learn(model, movies, steps=50)
    assert movies.labels is not None
    found = probabilities(answer(model, movies).numpy())
    expected = np.tile(label_frequencies(movies.labels), (40, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
