"""What the bag of words is fitted to, and what it answers where there is nothing to fit."""

import sys

import numpy as np
import pytest
import torch
from torch import Tensor

from moviegenre.core.errors import DataError, MissingExtraError
from moviegenre.models.base import BuildContext
from moviegenre.models.batch import ModelOutput, to_batch
from moviegenre.models.tfidf import Tfidf, TfidfConfig
from tests.tiny_movies import FREQUENCIES, TinyMovies, tiny_movies, tiny_tokenizer

PRIOR = torch.logit(torch.tensor(FREQUENCIES))


def build(**settings: object) -> Tfidf:
    config = TfidfConfig.parse({"min_plots": 1, "max_share": 1.0, **settings}, "the test")
    return config.build(BuildContext(3, tiny_tokenizer(), FREQUENCIES))


def answer(model: Tfidf, movies: TinyMovies) -> Tensor:
    batch = to_batch(movies.tensors(tiny_tokenizer()).batch(range(len(movies.plots))))
    output: ModelOutput = model(batch)
    return output.logits


def test_before_fitting_it_gives_the_prior() -> None:
    torch.testing.assert_close(answer(build(), tiny_movies(3)), PRIOR.expand(3, -1))


def test_movies_without_a_plot_count_in_the_prior_only() -> None:
    movies = tiny_movies(12, seed=1)
    fewer = TinyMovies(movies.labels[2:], movies.plots[2:], movies.posters[2:])
    with_gaps, without = build(), build()
    with_gaps.fit(movies.tensors(tiny_tokenizer(), without_plot=[0, 1]))
    without.fit(fewer.tensors(tiny_tokenizer()))
    torch.testing.assert_close(answer(with_gaps, fewer), answer(without, fewer))
    expected = torch.logit(torch.from_numpy(movies.labels.mean(axis=0)))
    torch.testing.assert_close(with_gaps.prior, expected)


def test_a_label_that_every_movie_has_or_none_gets_its_prior() -> None:
    movies = tiny_movies(10, seed=1)
    labels = movies.labels.copy()
    labels[:, 0], labels[:, 1] = 1, 0
    model = build()
    model.fit(TinyMovies(labels, movies.plots, movies.posters).tensors(tiny_tokenizer()))
    logits = answer(model, movies)
    expected = torch.tensor([11 / 12, 1 / 12]).logit()  # as if two more movies were split evenly
    torch.testing.assert_close(logits[:, :2], expected.expand(10, -1))
    assert logits[:, 2].std() > 0.1


def test_a_stronger_penalty_makes_smaller_weights() -> None:
    movies = tiny_movies(30, seed=1).tensors(tiny_tokenizer())
    norms = []
    for c in (0.1, 10.0):
        model = build(c=c)
        model.fit(movies)
        norms.append(float(model.weight.norm()))
    assert norms[0] < 0.5 * norms[1]


def test_its_size_is_part_of_the_checkpoint() -> None:
    model = build()
    model.fit(tiny_movies(10).tensors(tiny_tokenizer()))
    sizes = model.architectures()
    context = BuildContext(3, tiny_tokenizer(), architectures=sizes)
    again = TfidfConfig(min_plots=1).build(context)
    assert sizes["features"]["num_words"] > 10
    assert again.weight.shape == model.weight.shape == (model.features.num_features, 3)


def test_words_that_are_too_rare_are_no_features() -> None:
    model = build(min_plots=11)
    with pytest.raises(DataError) as error:
        model.fit(tiny_movies(10).tensors(tiny_tokenizer()))
    assert str(error.value) == (
        "no word is in at least 11 of the 10 training plots and in at most 100% of them; change "
        "model.min_plots or model.max_share"
    )


def test_without_a_single_plot_there_is_nothing_to_fit() -> None:
    movies = tiny_movies(4).tensors(tiny_tokenizer(), without_plot=range(4))
    with pytest.raises(DataError, match="of the 0 training plots"):
        build().fit(movies)


def test_fitting_names_the_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(MissingExtraError) as error:
        build().fit(tiny_movies(10).tensors(tiny_tokenizer()))
    assert str(error.value) == (
        "fitting words to genres needs the package 'scikit-learn', which is not installed; "
        "install it with: pip install '.[baselines]' in a clone of moviegenre"
    )
    assert not np.isnan(answer(build(), tiny_movies(2)).numpy()).any()
