"""The wide layer of ``wide_deep``: what it is fitted to, what it adds, what is kept of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from moviegenre.core.errors import DataError
from moviegenre.core.types import Modality
from moviegenre.data.ragged import Ragged
from moviegenre.models.batch import to_batch
from moviegenre.models.logistic import held_out_logits, plot_texts, sparse_rows
from moviegenre.models.wide_deep import WideDeep
from tests.tiny_models import build_tiny
from tests.tiny_movies import tiny_batch, tiny_movies, tiny_tokenizer


def built(bert_folder: Path, **changes: object) -> WideDeep:
    model = build_tiny("wide_deep", bert_folder, **changes)
    assert isinstance(model, WideDeep)
    return model.eval()


def test_the_wide_part_is_added_times_its_scale_where_there_is_a_plot(bert_folder: Path) -> None:
    model, batch = built(bert_folder), tiny_batch(3, without_plot=[1])
    with torch.no_grad():
        model.wide_scale.zero_()
        deep = model(batch).logits
        model.wide_scale[:] = torch.tensor([0.0, 2.0, 0.0])
        added = model(batch).logits - deep
        wide = model._wide_logits(batch)
    assert wide[[0, 2], 1].abs().min() > 0
    expected = torch.zeros(3, 3)
    expected[[0, 2], 1] = 2 * wide[[0, 2], 1]
    torch.testing.assert_close(added, expected)


def test_a_film_without_a_plot_is_answered_by_the_head_for_posters(bert_folder: Path) -> None:
    model, batch = built(bert_folder), tiny_batch(3, without_plot=[1])
    with torch.no_grad():
        before = model(batch)
        torch.testing.assert_close(before.logits[1], before.modality_logits[Modality.POSTER][1])
        model.head.output.bias.add_(1)
        model.wide_bias.add_(1)
        changed = model(batch).logits - before.logits
    torch.testing.assert_close(changed[1], torch.zeros(3))
    assert changed[[0, 2]].abs().min() > 0.1


def test_the_head_for_posters_learns_from_films_that_have_plots_too(bert_folder: Path) -> None:
    model = built(bert_folder).train()
    model.modality_dropout = 0.0
    output = model(tiny_batch(3))
    output.modality_logits[Modality.POSTER].sum().backward()
    assert model.poster_head is not None
    assert model.poster_head.output.weight.grad is not None
    assert model.head.output.weight.grad is None


def test_in_training_it_says_what_regressions_on_other_movies_say(bert_folder: Path) -> None:
    movies = tiny_movies(40, seed=3).tensors(tiny_tokenizer())
    model = built(bert_folder)
    model.prepare(movies)
    batch = to_batch(movies.batch([8, 5]))
    fitted = model._wide_logits(batch)
    assert movies.labels is not None
    rows = sparse_rows(
        [model.features(*text) for text in plot_texts(movies, np.arange(40))],
        model.features.num_features,
    )
    order = np.argsort(-movies.lengths, kind="stable")
    others = held_out_logits(rows[order], movies.labels[order], 1.0, folds=4)
    by_movie = np.zeros_like(others)
    by_movie[order] = others
    model.train()
    logits = model._wide_logits(batch)
    np.testing.assert_allclose(logits, by_movie[[8, 5]], rtol=1e-5)
    assert not torch.allclose(logits, fitted)


def test_what_was_held_out_is_not_kept(bert_folder: Path) -> None:
    kept = built(bert_folder).state_dict()
    assert {name for name in kept if "wide" in name} == {"wide", "wide_bias", "wide_scale"}


def test_every_ngram_of_enough_plots_is_a_feature(bert_folder: Path) -> None:
    few = built(bert_folder, min_plots=30)
    many = built(bert_folder)
    assert 0 < few.features.num_features < many.features.num_features
    assert few.wide.shape == (few.features.num_features, 3)


def test_plots_without_a_common_word_are_refused(bert_folder: Path) -> None:
    movies = tiny_movies(4).tensors(tiny_tokenizer())
    empty = replace(movies, tokens=Ragged.pack([np.zeros(0, dtype=np.int32)] * 4))
    with pytest.raises(DataError, match=r"^no word is in at least 1 training plots"):
        built(bert_folder).prepare(empty)


def test_a_scale_by_length_is_the_plain_one_for_a_usual_plot(bert_folder: Path) -> None:
    model, batch = built(bert_folder, scale_by_length=True), tiny_batch(3)
    assert model.wide_slope is not None
    with torch.no_grad():
        model.wide_slope.fill_(0.5)
        scale = model._scale(replace(batch, attention_mask=torch.ones(3, 64, dtype=torch.bool)))
        torch.testing.assert_close(scale, model.wide_scale.expand(3, -1))
        fourfold = model._scale(replace(batch, attention_mask=torch.ones(3, 256, dtype=torch.bool)))
    added = 0.5 * torch.tensor(4.0).log()
    torch.testing.assert_close(fourfold, (model.wide_scale + added).expand(3, -1))


def test_texts_of_one_movie_are_held_out_together(bert_folder: Path) -> None:
    plain = tiny_movies(40, seed=3).tensors(tiny_tokenizer())
    assert plain.labels is not None
    assert plain.tokens is not None
    rows = np.repeat(np.arange(40), 2)
    twice = plain.in_forms(
        Ragged.pack([plain.tokens[row].astype(np.int32) for row in rows.tolist()]),
        plain.labels[rows],
        rows,
    )
    model = built(bert_folder)
    model.prepare(twice)
    held_out = model._held_out
    assert held_out is not None
    torch.testing.assert_close(held_out[::2], held_out[1::2])
    fitted = model.eval()._wide_logits(to_batch(twice.batch([0, 2, 4])))
    assert not torch.allclose(held_out[[0, 2, 4]], fitted)
    # A word of one movie is no word of three plots because the movie has three texts.
    alone = built(bert_folder, min_plots=2)
    alone.prepare(plain)
    num_features = alone.features.num_features
    alone.prepare(twice)
    assert alone.features.num_features == num_features


def test_films_outside_the_training_movies_are_films_of_their_own(bert_folder: Path) -> None:
    movies = tiny_movies(40, seed=3).tensors(tiny_tokenizer())
    assert movies.labels is not None
    assert movies.tokens is not None
    inside = movies.in_forms(
        movies.tokens, movies.labels, np.where(np.arange(40) < 10, np.arange(40), -1)
    )
    assert inside.stored is not None
    assert len(set(inside.stored.tolist())) == 40
    assert not inside.has_poster[10:].any()
    alone, together = built(bert_folder), built(bert_folder)
    alone.prepare(movies)
    together.prepare(inside)
    assert together.features.num_features == alone.features.num_features
    assert together._held_out is not None
    assert (together._held_out[10:] != 0).any(dim=1).all()  # others of them were learned from
