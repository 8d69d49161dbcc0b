"""Every plot as a text, and one at random: in training, in validation and when scored."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.artifacts.open import open_model
from moviegenre.core.types import PLOT_AND_POSTER, PlotRule, Split
from moviegenre.data.extra import training_texts
from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.config import ExperimentConfig
from moviegenre.experiment.export import export
from moviegenre.experiment.film_forms import FilmForm
from moviegenre.experiment.predictions import predict_split
from moviegenre.experiment.train import train
from moviegenre.metrics import compute_metrics
from tests.tiny_movies import write_prepared
from tests.tiny_training import tiny_experiment

PLOTS_OF_A_MOVIE = 2  # in the tiny movies; the second is the longer one


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_prepared(tmp_path_factory.mktemp("data") / "data", incomplete=True)


def experiment(name: str, rule: PlotRule, data: Path, bert: Path, epochs: int) -> ExperimentConfig:
    tiny = tiny_experiment(name, data, bert, max_epochs=epochs)
    return replace(tiny, data=tiny.data.model_copy(update={"plot": rule}))


@pytest.mark.parametrize("name", ["lstm", "early_fusion", "tfidf"])
def test_a_movie_scores_the_mean_probability_over_its_plots(
    name: str, data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    trained = train(experiment(name, "each", data, bert_folder, 1), tmp_path, progress=False)
    checkpoint, prepared = load_checkpoint(trained.checkpoint), PreparedData(data)
    assert checkpoint.info.data_config.plot == "each"
    predictions = predict_split(checkpoint, prepared, Split.VAL)
    plots = (
        predict_split(checkpoint, prepared, Split.VAL, form=FilmForm(rule, PLOT_AND_POSTER)).probs
        for rule in ("first", "longest")
    )
    assert predictions.ids == prepared.ids(Split.VAL)
    np.testing.assert_allclose(predictions.probs, sum(plots) / PLOTS_OF_A_MOVIE, atol=1e-6)
    (record,) = json.loads((tmp_path / name / "history.json").read_text())
    scores = compute_metrics(predictions.probs, predictions.labels, 0.5).metrics
    assert record["val_f1_macro"] == pytest.approx(scores["f1_macro"], abs=1e-6)


def test_an_exported_model_is_scored_by_the_same_rule(
    data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    trained = train(experiment("lstm", "each", data, bert_folder, 1), tmp_path, progress=False)
    out = tmp_path / "exported"
    export(trained.checkpoint, out, parity_movies=0, progress=False)
    prepared = PreparedData(data)
    predictions = predict_split(open_model(out, backends=("onnx",)), prepared, Split.VAL)
    expected = predict_split(load_checkpoint(trained.checkpoint), prepared, Split.VAL)
    np.testing.assert_allclose(predictions.probs, expected.probs, atol=1e-5)
    card = (out / "README.md").read_text()
    assert "Of several plots it reads the first one" in card
    assert "mean probability over all its plots" in card


def test_each_plot_is_a_training_text_with_its_movies_genres(data: Path, bert_folder: Path) -> None:
    prepared = PreparedData(data)
    config = experiment("lstm", "each", data, bert_folder, 1).data
    texts = training_texts(prepared, config, seed=0)
    assert texts is not None
    assert texts.movies is not None
    plots = prepared.all_plots(Split.TRAIN)
    assert texts.plots == [text for own in plots for text in own or [""]]
    assert np.bincount(texts.movies).tolist() == [1] + [PLOTS_OF_A_MOVIE] * (len(plots) - 1)
    np.testing.assert_array_equal(texts.labels, prepared.labels(Split.TRAIN)[texts.movies])


def test_random_texts_train_a_model_and_are_the_same_when_scored(
    data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    settings = experiment("lstm", "random", data, bert_folder, 2)
    first = train(settings, tmp_path / "a", progress=False)
    second = train(settings, tmp_path / "b", progress=False)
    prepared = PreparedData(data)
    probs = [
        predict_split(load_checkpoint(run.checkpoint), prepared, Split.TEST).probs
        for run in (first, second)
    ]
    np.testing.assert_array_equal(probs[0], probs[1])
    assert load_checkpoint(first.checkpoint).info.data_config.plot == "random"


def test_a_model_fitted_in_one_go_reads_the_text_that_is_scored(
    data: Path, bert_folder: Path
) -> None:
    config = experiment("tfidf", "random", data, bert_folder, 1).data
    assert training_texts(PreparedData(data), config, seed=0, epochs=False) is None
    drawn = PreparedData(data).plots(Split.TRAIN, "random")
    assert set(drawn) != set(PreparedData(data).plots(Split.TRAIN, "first"))
