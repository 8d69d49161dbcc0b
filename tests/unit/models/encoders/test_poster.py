"""The poster encoder that is trained from scratch."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from moviegenre.artifacts.checkpoint import load_checkpoint, save_checkpoint
from moviegenre.artifacts.onnx_export import export_onnx
from moviegenre.artifacts.onnx_model import OnnxModel
from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.core.errors import ConfigError
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays
from moviegenre.data.config import DataConfig
from moviegenre.models.batch import Batch
from moviegenre.models.encoders.poster import PosterEncoder, PosterEncoderConfig
from moviegenre.training.initialise import initialise_from
from tests.tiny_checkpoints import trained
from tests.tiny_models import build_tiny, tiny_config, tiny_settings
from tests.tiny_movies import GENRES, tiny_batch, tiny_tokenizer

SCRATCH = {"name": "scratch", "stages": [-2, -1], "grid": [2, 2]}


def large_batch(num_movies: int) -> Batch:
    """Return tiny movies with posters of 64 x 64 pixels."""
    batch = tiny_batch(num_movies)
    return replace(batch, image=batch.image.repeat_interleave(2, -1).repeat_interleave(2, -2))


def build(**changes: object) -> PosterEncoder:
    torch.manual_seed(0)
    return PosterEncoderConfig.parse({**SCRATCH, **changes}, "the encoder").build(None)


def test_it_gives_regions_and_comes_from_no_hub() -> None:
    encoder = build(grid=[7, 5]).eval()
    assert encoder.dim == 128 + 256
    assert encoder(large_batch(2)).shape == (2, 35, 384)
    assert PosterEncoderConfig.parse(SCRATCH, "the encoder").revisions() == {}


def test_it_is_small_enough_to_be_trained_on_two_cores() -> None:
    assert sum(p.numel() for p in build().parameters()) < 5_000_000


def test_gradients_reach_every_parameter_from_one_movie() -> None:
    encoder = build(augment=True, crop=0.3).train()
    states = encoder(large_batch(1))
    (states * torch.randn_like(states)).sum().backward()
    still = [n for n, p in encoder.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


def test_posters_of_a_single_last_pixel_are_refused() -> None:
    with pytest.raises(ConfigError) as error:
        build().check(DataConfig(image_size=(32, 48)))
    assert str(error.value) == (
        "posters of 32 x 48 pixels are too small for the poster encoder scratch; expected at "
        "least 64 on the longer side: raise data.image_size"
    )
    build().check(DataConfig(image_size=(64, 32)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": 0.2}, "crop has no effect without augment=true"),
        ({"revision": "v1"}, "revision has no effect on scratch, which comes from no hub"),
    ],
)
def test_settings_without_effect_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        build(**changes)
    assert message in str(error.value)


def test_a_frozen_encoder_that_nobody_trained_is_refused(bert_folder: Path) -> None:
    frozen = {**SCRATCH, "frozen": True}
    for name, changes in (("resnet", {}), ("early_fusion", {}), ("wide_deep", {"init_from": "x"})):
        given: dict[str, Any] = {**changes, "poster_encoder": frozen}
        if changes:
            given["init_poster"] = None
        with pytest.raises(ConfigError, match="a frozen poster_encoder named scratch would stay"):
            tiny_config(name, bert_folder, **given)
    started = tiny_config("early_fusion", bert_folder, init_from="x", poster_encoder=frozen)
    assert started.initial_models() is not None


def as_arrays(batch: Batch) -> BatchArrays:
    arrays: dict[str, Any] = {
        name: None if tensor is None else tensor.numpy() for name, tensor in vars(batch).items()
    }
    return BatchArrays(**arrays)


def test_it_is_written_as_onnx(tmp_path: Path, bert_folder: Path) -> None:
    saved = trained_resnet(tmp_path, bert_folder)
    data = DataConfig(image_size=(64, 64)).model_dump(mode="json")
    info = saved.info.model_copy(update={"config": {**saved.info.config, "data": data}})
    export_onnx(TorchModel(info, saved.network), tmp_path / "model.onnx")
    batch = large_batch(5)
    with torch.no_grad():
        expected = saved.network(batch).logits.numpy()
    logits = OnnxModel(tmp_path / "model.onnx", saved.info).answer(as_arrays(batch)).logits
    np.testing.assert_allclose(logits, expected, atol=1e-4)


def trained_resnet(folder: Path, bert_folder: Path) -> TorchModel:
    """Save a poster model with the encoder, whose weights are not those it was built with."""
    settings = tiny_settings("resnet", bert_folder, poster_encoder={**SCRATCH, "augment": True})
    model = build_tiny("resnet", bert_folder, poster_encoder={**SCRATCH, "augment": True})
    model.train()(large_batch(4)).logits.sum().backward()  # moves the running statistics
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    saved = trained("resnet", model.eval(), {"model": settings})
    save_checkpoint(folder / "resnet" / "best.pth", saved)
    return saved


def test_a_checkpoint_is_read_back(tmp_path: Path, bert_folder: Path) -> None:
    saved = trained_resnet(tmp_path, bert_folder)
    loaded = load_checkpoint(tmp_path / "resnet")
    batch = large_batch(3)
    with torch.no_grad():
        assert torch.equal(loaded.network(batch).logits, saved.network(batch).logits)
    assert loaded.network.architectures()["poster_encoder"]["stage_channels"] == [48, 128, 256]


def test_an_architecture_of_other_sizes_is_built_as_it_says() -> None:
    sizes = {"stem_channels": 4, "stage_channels": [6, 8], "stage_blocks": [1, 1]}
    config = PosterEncoderConfig.parse(SCRATCH, "the encoder")
    encoder = config.build({"model_type": "scratch", **sizes})
    assert encoder.dim == 14
    assert encoder.architecture() == {"model_type": "scratch", **sizes}


@pytest.mark.parametrize("name", ["early_fusion", "late_fusion", "attention_fusion", "wide_deep"])
def test_a_fusion_starts_from_the_poster_model(
    name: str, tmp_path: Path, bert_folder: Path
) -> None:
    saved = trained_resnet(tmp_path, bert_folder)
    fusion = build_tiny(name, bert_folder, poster_encoder=dict(SCRATCH))
    sources = {Modality.POSTER: "resnet"}
    copied = initialise_from(fusion, tmp_path, sources, GENRES, tiny_tokenizer()).copied
    assert "poster_encoder.backbone.stem.1.running_mean" in copied
    batch = large_batch(2)
    with torch.no_grad():
        expected = dict(saved.network.encoders())["poster_encoder"](batch)
        states = dict(fusion.eval().encoders())["poster_encoder"](batch)
    assert torch.equal(states, expected)
