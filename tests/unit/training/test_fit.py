"""The order of movies, and what is counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moviegenre.core.errors import ConfigError
from moviegenre.nn import processes
from moviegenre.training.config import TrainingConfig
from moviegenre.training.fit import MovieBatches
from tests.tiny_models import build_tiny
from tests.tiny_movies import tiny_movies, tiny_tokenizer


@pytest.mark.parametrize(("intervals", "steps"), [(1, 3 * 7), (2, 3 * 7), (3, 3 * 7)])
def test_intervals_cut_epochs_and_add_no_steps(intervals: int, steps: int) -> None:
    movies = tiny_movies(50).tensors(tiny_tokenizer())
    config = TrainingConfig(batch_size=8, max_epochs=3, intervals_per_epoch=intervals)
    batches = MovieBatches(movies, movies, config)
    assert config.max_intervals == 3 * intervals
    assert batches.total_steps == steps
    first_epoch = [row for i in range(intervals) for b in batches.sampler(i) for row in b]
    assert sorted(first_epoch) == list(range(50))


def test_more_intervals_than_batches_are_refused() -> None:
    movies = tiny_movies(20).tensors(tiny_tokenizer())
    config = TrainingConfig(batch_size=8, intervals_per_epoch=4)
    with pytest.raises(ConfigError) as error:
        MovieBatches(movies, movies, config)
    assert str(error.value) == (
        "training.intervals_per_epoch is 4, but an epoch has only 3 batches of 8 movies; "
        "lower either"
    )


def test_validation_sees_each_movie_once() -> None:
    movies = tiny_movies(70).tensors(tiny_tokenizer())
    loader = MovieBatches(movies, movies, TrainingConfig()).val_dataloader()
    seen = np.concatenate([batch.index.numpy() for batch in loader])
    assert sorted(seen.tolist()) == list(range(70))


def test_processes_share_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    movies = tiny_movies(70).tensors(tiny_tokenizer())
    batches = MovieBatches(movies, movies, TrainingConfig(batch_size=23))
    whole = list(batches.sampler(0))
    assert sorted(map(len, whole)) == [1, 23, 23, 23]
    monkeypatch.setattr(processes, "num_processes", lambda: 3)
    shares, validated = [], []
    for number in range(3):
        monkeypatch.setattr(processes, "rank", lambda number=number: number)
        shares.append([batch.index.tolist() for batch in batches.train_dataloader()])
        validated.append([batch.index.tolist() for batch in batches.val_dataloader()])
    for batch, *parts in zip(whole, *shares, strict=True):
        if len(batch) == 1:
            assert parts == [batch, [0], [0]]  # row 0 counts for nothing there
        else:
            assert sorted(row for part in parts for row in part) == sorted(batch)
            assert [len(part) for part in parts] == [8, 8, 7]
    first, second, third = validated  # two batches for three processes
    assert third == first
    assert sorted(row for part in (*first, *second) for row in part) == list(range(70))


def test_parameters_are_counted_and_trained_ones_apart() -> None:
    model = build_tiny("cnn", Path("no/encoder"))
    total, trained = model.num_parameters()
    assert total == trained == sum(weight.numel() for weight in model.parameters())
    head = model.embedding_head()
    assert head is not None
    head.requires_grad_(False)
    frozen = sum(weight.numel() for weight in head.parameters())
    assert model.num_parameters() == (total, total - frozen)
    numbers = sum(value.numel() for value in build_tiny("prior", Path()).buffers())
    assert build_tiny("prior", Path()).num_parameters() == (numbers, numbers) == (3, 3)


def test_an_epoch_has_as_many_steps_as_films_where_texts_are_drawn() -> None:
    movies = tiny_movies(48).tensors(tiny_tokenizer())
    drawing = replace(movies, drawn_from=np.repeat(np.arange(16), 3))
    config = TrainingConfig(batch_size=8, max_epochs=3, intervals_per_epoch=2)
    batches = MovieBatches(drawing, movies, config)
    assert batches.total_steps == 3 * 2
    epochs = [
        {row for part in (0, 1) for batch in batches.sampler(2 * epoch + part) for row in batch}
        for epoch in range(3)
    ]
    assert [len(rows) for rows in epochs] == [16, 16, 16]
    assert epochs[0] != epochs[1]
