"""Ranking, alignment and refusals of the comparison."""

from dataclasses import replace

import numpy as np
import pytest

from moviegenre.core.errors import DataError
from moviegenre.evaluation.compare import ModelRun, compare
from moviegenre.evaluation.results import Predictions
from tests.unit.evaluation.fake_runs import GENRES, KINDS, make_predictions, make_run


def test_models_are_ranked_by_f1_macro_whatever_their_order() -> None:
    runs = [make_run(name) for name in KINDS]
    comparison = compare(runs, "test")
    scores = [result.score for result in comparison.ranking]
    assert scores == sorted(scores, reverse=True)
    again = compare(runs[::-1], "test")
    assert [r.name for r in again.ranking] == [r.name for r in comparison.ranking]
    assert comparison.num_movies == 120
    assert comparison.genres == GENRES
    assert comparison.best("plot") == comparison.find("bert")
    assert comparison.best("poster") == comparison.find("resnet")
    assert comparison.best("nothing") is None, "baselines are no candidates"
    assert [result.name for result in comparison.baselines] == ["tfidf", "prior"]
    assert len(comparison.models) + len(comparison.baselines) == len(comparison.ranking)
    assert comparison.find("bart") is None


def test_what_a_model_looks_at_in_words() -> None:
    comparison = compare([make_run(name) for name in KINDS], "test")
    kinds = {result.name: result.kind for result in comparison.ranking}
    assert (kinds["prior"], kinds["tfidf"]) == ("nothing", "plot")
    assert (kinds["cnn"], kinds["early_fusion"]) == ("poster", "fusion")


def test_intervals_hold_the_scores() -> None:
    for result in compare([make_run("bert"), make_run("cnn")], "test").ranking:
        assert result.f1_macro.low < result.score < result.f1_macro.high
        assert result.f1_micro.low < result.evaluation.metrics["f1_micro"] < result.f1_micro.high


def test_models_beyond_the_seven_take_part() -> None:
    other = replace(
        make_run("bert"), name="clip", title="CLIP", modalities=frozenset(), baseline="bert"
    )
    comparison = compare([other, make_run("bert")], "test")
    assert {result.name for result in comparison.ranking} == {"clip", "bert"}


def test_movies_in_another_order_are_aligned() -> None:
    predictions = make_predictions(1.0)
    order = np.random.default_rng(0).permutation(len(predictions.ids))
    ids = tuple(predictions.ids[row] for row in order)
    shuffled = Predictions(ids, GENRES, predictions.probs[order], predictions.labels[order])
    comparison = compare([make_run("bert", predictions), make_run("lstm", shuffled)], "test")
    first, second = comparison.ranking
    assert first.score == second.score
    assert first.f1_macro == second.f1_macro
    assert second.run.predictions.ids == predictions.ids


def test_no_model_is_an_error() -> None:
    with pytest.raises(DataError) as caught:
        compare([], "test")
    assert str(caught.value) == (
        "there is no model to compare; train one with: moviegenre train MODEL"
    )


def test_a_name_given_twice_is_an_error() -> None:
    with pytest.raises(DataError, match="bert is given more than once"):
        compare([make_run("bert"), make_run("bert")], "test")


def _other_labels(run: ModelRun) -> Predictions:
    predictions = run.predictions
    return replace(predictions, labels=1 - predictions.labels)


def test_all_that_does_not_fit_is_listed() -> None:
    bert, lstm, cnn = make_run("bert"), make_run("lstm"), make_run("cnn")
    predictions = cnn.predictions
    fewer = Predictions(predictions.ids[:9], GENRES, predictions.probs[:9], predictions.labels[:9])
    renamed = replace(predictions, genres=("A", "B", "C", "D"))
    runs = [
        bert,
        replace(lstm, predictions=_other_labels(lstm)),
        replace(cnn, predictions=fewer),
        replace(make_run("resnet"), predictions=renamed),
    ]
    with pytest.raises(DataError) as caught:
        compare(runs, "test")
    assert str(caught.value) == (
        "lstm has other labels than bert; cnn was evaluated on 9 movies, which are not the 120 of "
        "bert; resnet has other genres than bert; evaluate all models on the same prepared data"
    )
