"""Which movies go together, and how their tensors are put together."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moviegenre.data.batches import LengthBatchSampler, MovieTensors, ordered_batches
from moviegenre.data.ragged import Ragged
from moviegenre.models.batch import Batch, batch_loader, to_batch
from tests.tiny_movies import GENRES, IMAGE_SIZE, tiny_movies, tiny_tokenizer

Lengths = npt.NDArray[np.int64]
some_lengths = st.lists(st.integers(0, 300), min_size=1, max_size=400).map(
    lambda lengths: np.array(lengths, dtype=np.int64)
)


def batches(lengths: Lengths, size: int = 8, **settings: Any) -> list[list[int]]:
    sampler = LengthBatchSampler(lengths, size, **{"seed": 0, **settings})
    assert len(sampler) == len(list(sampler))
    return list(sampler)


@given(some_lengths, st.integers(1, 20), st.integers(0, 5), st.integers(1, 4), st.integers(0, 3))
def test_an_epoch_has_each_movie_once(
    lengths: Lengths, size: int, seed: int, intervals: int, epoch: int
) -> None:
    parts = [
        batches(
            lengths, size, seed=seed, interval=epoch * intervals + i, intervals_per_epoch=intervals
        )
        for i in range(intervals)
    ]
    rows = [row for part in parts for batch in part for row in batch]
    assert sorted(rows) == list(range(len(lengths)))
    sizes = [len(batch) for part in parts for batch in part]
    assert max(sizes) <= size
    assert max(len(part) for part in parts) - min(len(part) for part in parts) <= 1


def test_orders_are_fixed_by_seed_and_epoch_and_differ_otherwise() -> None:
    lengths = np.arange(100, dtype=np.int64)
    assert batches(lengths, seed=3, interval=2) == batches(lengths, seed=3, interval=2)
    assert batches(lengths, seed=3, interval=2) != batches(lengths, seed=3, interval=3)
    assert batches(lengths, seed=3, interval=2) != batches(lengths, seed=4, interval=2)


def test_plots_of_about_the_same_length_go_together() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 257, 1000)
    spreads = [int(np.ptp(lengths[batch])) for batch in batches(lengths, 16)]
    # 1000 movies in 63 batches, sorted within pools of 50: a few tokens apart, not 240.
    assert np.mean(spreads) < 15
    means = [float(lengths[batch].mean()) for batch in batches(lengths, 16)]
    assert means != sorted(means)  # but batches come in any order


@given(some_lengths, st.integers(1, 20))
def test_evaluation_sees_each_movie_once_longest_first(lengths: Lengths, size: int) -> None:
    ordered = ordered_batches(lengths, size)
    rows = [row for batch in ordered for row in batch]
    assert sorted(rows) == list(range(len(lengths)))
    assert lengths[rows].tolist() == sorted(lengths.tolist(), reverse=True)


@pytest.fixture(scope="module")
def movies() -> MovieTensors:
    return tiny_movies(12).tensors(tiny_tokenizer(), without_plot=[3], without_poster=[4])


def test_a_batch_holds_the_rows_asked_for(movies: MovieTensors) -> None:
    rows = [5, 3, 4, 0]
    batch = movies.batch(rows)
    tokens, posters, labels = movies.tokens, movies.posters, movies.labels
    assert tokens is not None
    assert posters is not None
    assert labels is not None
    assert batch.index.tolist() == rows
    assert batch.size == 4
    assert batch.has_plot.tolist() == [True, False, True, True]
    assert batch.has_poster.tolist() == [True, True, False, True]
    assert batch.labels is not None
    assert batch.labels.tolist() == labels[rows].tolist()
    assert batch.image.shape == (4, 3, *IMAGE_SIZE)
    assert batch.image.dtype == np.uint8
    for position, row in enumerate(rows):
        mask = batch.attention_mask[position]
        assert batch.input_ids[position][mask].tolist() == tokens[row].tolist()
        assert (batch.input_ids[position][~mask] == movies.pad_id).all()
        assert batch.image[position].transpose(1, 2, 0).tolist() == posters[row].tolist()


def test_plots_are_padded_to_the_longest_among_them(movies: MovieTensors) -> None:
    for rows in ([0], [1, 2], list(range(12))):
        longest = int(movies.lengths[rows].max())
        assert movies.batch(rows).input_ids.shape == (len(rows), longest)
    assert movies.batch([3]).input_ids.tolist() == [[movies.pad_id]]  # no plot: one padding token
    assert movies.batch([3]).attention_mask.tolist() == [[False]]


def test_images_are_channels_last_in_memory(movies: MovieTensors) -> None:
    assert movies.batch([0, 1]).image.transpose(0, 2, 3, 1).flags.c_contiguous
    image = to_batch(movies.batch([0, 1])).image
    assert image.is_contiguous(memory_format=torch.channels_last)


def test_a_batch_does_not_share_memory_with_the_posters() -> None:
    movies = tiny_movies(3).tensors(tiny_tokenizer())
    assert movies.posters is not None
    batch = movies.batch([0, 1, 2])
    before = batch.image.copy()
    movies.posters[:] = 0
    assert np.array_equal(batch.image, before)


def test_a_model_that_reads_no_plots_needs_no_tokens() -> None:
    has_poster = np.array([True, True, False])
    movies = MovieTensors(labels=None, tokens=None, posters=None, has_poster=has_poster)
    batch = movies.batch([2, 0])
    assert len(movies) == 3
    assert batch.labels is None
    assert batch.input_ids.tolist() == [[0], [0]]
    assert batch.has_plot.tolist() == [False, False]
    assert batch.has_poster.tolist() == [False, True]
    assert batch.image.shape == (2, 3, 1, 1)


def test_cached_states_travel_with_their_movies() -> None:
    lengths = (2, 0, 3)
    tokens = Ragged.pack([np.arange(n, dtype=np.int32) for n in lengths])
    plot_states = np.arange(5 * 4, dtype=np.float16).reshape(5, 4)
    poster_states = np.arange(3 * 2 * 4, dtype=np.float16).reshape(3, 2, 4)
    movies = MovieTensors(
        labels=None,
        tokens=tokens,
        posters=None,
        has_poster=np.ones(3, dtype=np.bool_),
        plot_states=Ragged(plot_states, tokens.offsets),
        poster_states=poster_states,
    )
    batch = movies.batch([2, 1, 0])
    assert batch.plot_states is not None
    assert batch.poster_states is not None
    assert batch.plot_states.dtype == batch.poster_states.dtype == np.float32
    assert batch.plot_states[0].tolist() == plot_states[2:5].tolist()
    assert not batch.plot_states[1].any()
    assert batch.plot_states[2].tolist() == [*plot_states[:2].tolist(), [0.0] * 4]
    assert batch.poster_states.tolist() == poster_states[[2, 1, 0]].tolist()


def test_a_loader_yields_batches_in_the_order_given(movies: MovieTensors) -> None:
    loaded = list(batch_loader(movies, [[1, 0], [7]]))
    assert [batch.index.tolist() for batch in loaded] == [[1, 0], [7]]
    assert all(isinstance(batch, Batch) for batch in loaded)
    assert loaded[0].labels is not None
    assert loaded[0].labels.shape == (2, len(GENRES))


def test_an_epoch_draws_one_text_of_each_film_and_another_epoch_other_ones() -> None:
    movies = tiny_movies(60).tensors(tiny_tokenizer())
    films = np.repeat(np.arange(20), 3)
    drawing = replace(movies, drawn_from=films)
    epochs = [drawing.rows_of_epoch(0, epoch) for epoch in range(30)]
    for rows in epochs:
        assert films[rows].tolist() == list(range(20))
    assert drawing.rows_of_epoch(0, 1).tolist() == epochs[1].tolist()
    assert drawing.rows_of_epoch(7, 1).tolist() != epochs[1].tolist()
    assert np.unique(np.concatenate(epochs)).tolist() == list(range(60))  # every text has its turn
    assert movies.rows_of_epoch(0, 1).tolist() == list(range(60))


def test_a_sampler_keeps_to_the_rows_of_its_epoch() -> None:
    rows = np.arange(0, 100, 7)
    found = batches(np.arange(100, dtype=np.int64), 4, rows=rows)
    assert sorted(row for batch in found for row in batch) == rows.tolist()
    assert [len(batch) for batch in found].count(4) == len(rows) // 4
