"""What holds of explanations by word and region, for every model, by gradients and by occlusion."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import moviegenre
from moviegenre.core.errors import ConfigError
from moviegenre.core.types import Modality
from moviegenre.inference.gradients import grad_cam, integrated_gradients
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.slices import Slices
from moviegenre.models.batch import to_batch
from moviegenre.models.registry import MODELS
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint
from tests.tiny_movies import GENRES, tiny_movies

NETWORKS = [name for name, kind in MODELS.items() if not kind.fitted]
MOVIES = tiny_movies(4)
PLOT, POSTER = f"{MOVIES.plots[0]}, {MOVIES.plots[1]}", MOVIES.posters[0]

BY_GRADIENTS = {
    Modality.PLOT: {"lstm", "bert", "early_fusion", "late_fusion", "attention_fusion"},
    Modality.POSTER: {*NETWORKS} - {"lstm", "bert"},
}


@pytest.fixture(scope="module")
def predictors(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> dict[str, Predictor]:
    root = tmp_path_factory.mktemp("models")
    for name in NETWORKS:
        save_tiny(root / name, tiny_checkpoint(name, bert_folder))
    return {name: moviegenre.load(root / name) for name in NETWORKS}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_word_and_region_gets_a_share(name: str, predictors: dict[str, Predictor]) -> None:
    predictor = predictors[name]
    film = predictor.reader.read(PLOT, POSTER)
    before = predictor.answer([film]).logits
    for method in ("auto", "occlusion"):
        found = predictor.explain(film, ["Drama", "Horror"], method)
        for modality in predictor.model.modalities:
            said = found.attribution_method[modality]
            gradients = method == "auto" and name in BY_GRADIENTS[modality]
            assert (said in {"integrated gradients", "Grad-CAM"}) == gradients
        if Modality.PLOT in predictor.model.modalities:
            words = found.words["Drama"]
            assert [PLOT[word.start : word.end] for word in words] == [word.text for word in words]
            assert any(word.share for word in words)
        if Modality.POSTER in predictor.model.modalities:
            regions = found.regions["Horror"]
            assert regions.ndim == 2
            assert np.isfinite(regions).all()
            is_silent = any("region" in note for note in found.notes["Horror"])
            assert regions.any() != is_silent
    np.testing.assert_array_equal(predictor.answer([film]).logits, before)  # no hook is left


@pytest.mark.parametrize("name", NETWORKS)
def test_an_explanation_in_slices_is_the_same_as_at_once(
    name: str, predictors: dict[str, Predictor]
) -> None:
    predictor = predictors[name]
    film = predictor.reader.read(PLOT, POSTER)
    num_slices = 0

    def run(slice_: Callable[[], Any]) -> Any:
        nonlocal num_slices
        num_slices += 1
        return slice_()

    whole = predictor.explain(film, ["Drama"], "occlusion")
    cut = predictor.explain(film, ["Drama"], slices=Slices(lambda: 3, run))
    assert num_slices > 4
    assert cut.attribution_method == whole.attribution_method, "gradients cannot be cut"
    for genre, effects in whole.effects.items():
        assert cut.effects[genre] == pytest.approx(effects, abs=1e-5)
    for genre, words in whole.words.items():
        for one, other in zip(cut.words[genre], words, strict=True):
            assert one.share == pytest.approx(other.share, abs=1e-4)
    for genre, grid in whole.regions.items():
        np.testing.assert_allclose(cut.regions[genre], grid, atol=1e-4)


@pytest.mark.parametrize("name", sorted(BY_GRADIENTS[Modality.PLOT]))
def test_what_the_words_add_comes_to_the_logit_less_the_baselines(
    name: str, predictors: dict[str, Predictor]
) -> None:
    predictor = predictors[name]
    film, labels = predictor.reader.read(PLOT, POSTER), [0, 2]
    network = predictor.backend.network
    assert network is not None
    arrays, places = predictor.reader.batch([film]), predictor.reader.token_words(film)
    added = integrated_gradients(network, arrays, places, predictor.reader.pad_id, labels)
    batch = to_batch(arrays)
    emptied = batch.input_ids.masked_fill(torch.from_numpy(places) >= 0, predictor.reader.pad_id)
    with torch.no_grad():
        whole = network(batch).logits[0, labels]
        baseline = network(replace(batch, input_ids=emptied)).logits[0, labels]
    np.testing.assert_allclose(added.sum(axis=1), whole - baseline, rtol=0.1, atol=0.1)


def test_a_region_of_another_label_is_another_region(predictors: dict[str, Predictor]) -> None:
    predictor = predictors["early_fusion"]
    network = predictor.backend.network
    assert network is not None
    batch = predictor.reader.batch([predictor.reader.read(PLOT, POSTER)])
    maps = grad_cam(network, batch, list(range(len(GENRES))))
    assert maps.shape[0] == len(GENRES)
    assert not np.allclose(maps[0], maps[1])


def test_gradients_that_cannot_be_had_are_refused(predictors: dict[str, Predictor]) -> None:
    predictor = predictors["wide_deep"]
    film = predictor.reader.read(PLOT, POSTER)
    with pytest.raises(ConfigError, match="there are no gradients to the plot in this model with"):
        predictor.explain(film, ["Drama"], "gradients")
    with pytest.raises(ConfigError, match="unknown method 'magic'"):
        predictor.explain(film, ["Drama"], "magic")  # type: ignore[arg-type]


@pytest.mark.parametrize("reading", [{"read_tokens": 8}, {"window": 8}])
def test_a_plot_that_is_not_read_at_once_is_explained_by_leaving_words_out(
    reading: dict[str, int], bert_folder: Path, tmp_path: Path
) -> None:
    encoder = {"name": str(bert_folder), **reading}
    save_tiny(tmp_path, tiny_checkpoint("early_fusion", bert_folder, plot_encoder=encoder))
    found = moviegenre.load(tmp_path).predict(plot=PLOT).explain(attribute=["Drama"])
    assert found.attribution_method[Modality.PLOT] == "leaving words out"
    assert any(word.share for word in found.words["Drama"])
