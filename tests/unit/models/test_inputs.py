"""What a model needs of a split, cached states of frozen encoders above all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from moviegenre.core.errors import ConfigError
from moviegenre.core.types import Split
from moviegenre.data.batches import MovieTensors
from moviegenre.data.config import DataConfig
from moviegenre.data.extra import ExtraPlots, read_forms
from moviegenre.data.prepared import PreparedData
from moviegenre.models.base import Encoder, GenreModel
from moviegenre.models.batch import to_batch
from moviegenre.models.encoders.plot import PlotEncoder
from moviegenre.models.inputs import load_movies
from tests.tiny_models import build_tiny
from tests.tiny_movies import IMAGE_SIZE, MAX_TOKENS, tiny_tokenizer

FROZEN = {"frozen": True}
FROZEN_POSTER = {"name": "none", "grid": [2, 2], "frozen": True}


@pytest.fixture
def data(prepared_folder: Path) -> PreparedData:
    return PreparedData(prepared_folder)


def settings(data: PreparedData, max_tokens: int = MAX_TOKENS) -> DataConfig:
    return DataConfig(dir=data.root, plot="first", max_tokens=max_tokens, image_size=IMAGE_SIZE)


def load(data: PreparedData, model: GenreModel, max_tokens: int = MAX_TOKENS) -> MovieTensors:
    config = settings(data, max_tokens)
    return load_movies(data, Split.VAL, config, model, tiny_tokenizer())


def count_encoding(monkeypatch: pytest.MonkeyPatch, kind: type[Encoder]) -> list[int]:
    """Return a list that grows by the size of every batch that is encoded."""
    sizes: list[int] = []
    original = kind.encode

    def encode(self: Encoder, batch: object) -> object:
        sizes.append(batch.size)  # type: ignore[attr-defined]
        return original(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(kind, "encode", encode)
    return sizes


@pytest.mark.parametrize("name", ["early_fusion", "attention_fusion", "late_fusion"])
def test_cached_states_give_the_logits_of_computing_them(
    name: str, data: PreparedData, bert_folder: Path
) -> None:
    frozen = build_tiny(name, bert_folder, plot_encoder=FROZEN, poster_encoder=FROZEN_POSTER)
    direct = build_tiny(name, bert_folder)
    direct.load_state_dict(frozen.state_dict())
    rows = [0, 1, 2, 7, 23]  # the first has no plot, the second no poster
    cached, computed = (to_batch(load(data, model).batch(rows)) for model in (frozen, direct))
    assert cached.plot_states is not None
    assert cached.poster_states is not None
    assert computed.plot_states is computed.poster_states is None
    assert cached.image.shape == (5, 3, 1, 1)  # nothing decodes what nobody looks at
    with torch.no_grad():
        logits, expected = frozen.eval()(cached).logits, direct.eval()(computed).logits
    torch.testing.assert_close(logits, expected, atol=5e-3, rtol=5e-3)  # kept as float16


def test_states_are_computed_once(
    data: PreparedData, bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_tiny("bert", bert_folder, plot_encoder=FROZEN)
    (encoder,) = [module for _, module in model.encoders()]
    sizes = count_encoding(monkeypatch, type(encoder))
    load(data, model)
    assert sum(sizes) == 24
    load(PreparedData(data.root), build_tiny("bert", bert_folder, plot_encoder=FROZEN))
    assert sum(sizes) == 24


def test_states_in_bf16_are_close_and_kept_apart(data: PreparedData, bert_folder: Path) -> None:
    model = build_tiny("bert", bert_folder, plot_encoder=FROZEN)
    config = settings(data)
    fast = load_movies(data, Split.VAL, config, model, tiny_tokenizer(), bf16=True).plot_states
    exact = load(data, model).plot_states
    assert fast is not None
    assert exact is not None
    assert len(list(data.cache_dir.glob("states-val-*.npy"))) == 2
    assert not np.array_equal(fast.values, exact.values)
    np.testing.assert_allclose(
        fast.values.astype(np.float32), exact.values.astype(np.float32), atol=0.05
    )


def test_further_plots_in_forms_have_states(data: PreparedData, bert_folder: Path) -> None:
    model = build_tiny("early_fusion", bert_folder, plot_encoder=FROZEN)
    labels = np.zeros((3, data.labels(Split.VAL).shape[1]), dtype=np.float32)
    plots = ["the ghost screams", "a marshal rides", "the ghost screams"]
    texts = ExtraPlots(plots, labels, np.array([2, -1, -1]))
    movies = load_movies(data, Split.VAL, settings(data), model, tiny_tokenizer(), texts)
    batch = movies.batch([0, 1, 2])
    assert batch.plot_states is not None
    assert np.array_equal(batch.plot_states[0], batch.plot_states[2])
    assert not np.array_equal(batch.plot_states[0], batch.plot_states[1])
    assert batch.has_poster.tolist() == [bool(data.has_poster(Split.VAL)[2]), False, False]
    assert not batch.image[1:].any()


def test_further_plots_beside_the_movies_have_none(data: PreparedData, bert_folder: Path) -> None:
    model = build_tiny("early_fusion", bert_folder, plot_encoder=FROZEN)
    labels = np.zeros((1, data.labels(Split.VAL).shape[1]), dtype=np.float32)
    with pytest.raises(ConfigError, match=r"cached for the prepared movies alone; set data\.forms"):
        load_movies(
            data, Split.VAL, settings(data), model, tiny_tokenizer(), ExtraPlots(["a"], labels)
        )


def test_states_are_computed_anew_when_weights_or_settings_change(
    data: PreparedData, bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_tiny("bert", bert_folder, plot_encoder=FROZEN)
    (encoder,) = [module for _, module in model.encoders()]
    sizes = count_encoding(monkeypatch, type(encoder))
    load(data, model)
    load(data, model, max_tokens=4)
    assert sum(sizes) == 48
    with torch.no_grad():
        next(encoder.parameters()).add_(1.0)
    before = load(data, build_tiny("bert", bert_folder, plot_encoder=FROZEN)).plot_states
    after = load(data, model).plot_states
    assert sum(sizes) == 72
    assert before is not None
    assert after is not None
    assert not np.array_equal(before.values, after.values)


def test_a_grid_of_regions_has_its_own_states(data: PreparedData, bert_folder: Path) -> None:
    shapes = []
    for grid in ([2, 2], [1, 3]):
        encoder = {**FROZEN_POSTER, "grid": grid}
        states = load(data, build_tiny("resnet", bert_folder, poster_encoder=encoder)).poster_states
        assert states is not None
        shapes.append(states.shape)
    assert shapes == [(24, 4, 128), (24, 3, 128)]


def test_a_model_gets_only_what_it_looks_at(data: PreparedData, bert_folder: Path) -> None:
    reader = load(data, build_tiny("lstm", bert_folder))
    assert reader.posters is None
    assert reader.tokens is not None
    config = settings(data)
    viewer = load_movies(data, Split.VAL, config, build_tiny("cnn", bert_folder), None)
    assert viewer.tokens is None
    assert viewer.posters is not None
    assert viewer.posters.shape == (24, *IMAGE_SIZE, 3)
    assert viewer.has_poster.tolist() == data.has_poster(Split.VAL).tolist()


@pytest.mark.parametrize("name", ["bert", "late_fusion"])
def test_plots_longer_than_the_encoder_has_positions_for_are_refused(
    name: str, data: PreparedData, bert_folder: Path
) -> None:
    model = build_tiny(name, bert_folder)
    load(data, model, max_tokens=64)
    with pytest.raises(ConfigError) as error:
        load(data, model, max_tokens=65)
    assert str(error.value) == (
        "data.max_tokens is 65, but the plot encoder has positions for 64 tokens; lower it, "
        "name another encoder, or read long plots in windows (model.plot_encoder.window)"
    )


def test_positions_counted_from_behind_the_padding_are_fewer() -> None:
    from transformers import RobertaConfig, RobertaModel

    config = RobertaConfig(
        vocab_size=10,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=34,
        pad_token_id=1,
    )
    assert PlotEncoder(RobertaModel(config), frozen=False).max_tokens == 32


def test_forms_of_a_movie_share_its_poster_and_have_their_own_encoder_outputs(
    data: PreparedData, bert_folder: Path
) -> None:
    model = build_tiny(
        "early_fusion", bert_folder, plot_encoder=FROZEN, poster_encoder=FROZEN_POSTER
    )
    config = settings(data).model_copy(update={"forms": ("overview", "sentence")})
    texts = read_forms(data, config, 0)
    assert texts.movies is not None
    movies = load_movies(data, Split.TRAIN, config, model, tiny_tokenizer(), texts)
    plain = load_movies(data, Split.TRAIN, settings(data), model, tiny_tokenizer())
    assert len(movies) == len(texts)
    rows = [0, 3, len(texts) - 1]
    batch = to_batch(movies.batch(rows))
    own = to_batch(plain.batch(texts.movies[rows].tolist()))
    assert batch.poster_states is not None
    assert own.poster_states is not None
    torch.testing.assert_close(batch.poster_states, own.poster_states)
    assert batch.has_poster.tolist() == own.has_poster.tolist()
    assert isinstance(model.plot_encoder, PlotEncoder)
    assert batch.plot_states is not None
    computed = model.plot_encoder.encode(replace(batch, plot_states=None))
    mask = batch.attention_mask
    torch.testing.assert_close(batch.plot_states[mask], computed[mask], atol=2e-3, rtol=1e-2)
