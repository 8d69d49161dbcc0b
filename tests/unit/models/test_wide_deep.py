"""The wide layer of ``wide_deep``: what it is fitted to, what it adds, what is kept of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from moviegenre.core.errors import DataError
from moviegenre.data.caches import Ragged
from moviegenre.models.wide_deep import WideDeep
from tests.tiny_models import build_tiny
from tests.tiny_movies import tiny_batch, tiny_movies, tiny_tokenizer


def built(bert_folder: Path, **changes: object) -> WideDeep:
    model = build_tiny("wide_deep", bert_folder, **changes)
    assert isinstance(model, WideDeep)
    return model.eval()


def test_the_wide_part_starts_silent_and_adds_its_weights(bert_folder: Path) -> None:
    model, batch = built(bert_folder), tiny_batch(3, without_plot=[1])
    with torch.no_grad():
        before = model(batch).logits
        deep_only = model._wide_logits(batch)
        model.wide[:, 1] = 1.0
        added = model(batch).logits - before
    assert deep_only.abs().sum() == 0
    assert added[:, 0].abs().sum() == 0
    assert (added[[0, 2], 1] > 1).all()  # ten times the sum of a row of length one
    assert added[1, 1] == 0  # no plot, no words


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


def test_ngrams_are_left_out_in_training_only(bert_folder: Path) -> None:
    model, batch = built(bert_folder, wide_dropout=0.9), tiny_batch(3)
    with torch.no_grad():
        model.wide[:] = 1.0
        whole = model._wide_logits(batch)
        torch.testing.assert_close(model._wide_logits(batch), whole)
        model.train()
        assert not torch.allclose(model._wide_logits(batch), whole)
