"""Finding pretrained encoders, without a network."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from moviegenre.core.errors import PretrainedError
from moviegenre.models.encoders.plot import PlotEncoderConfig
from moviegenre.models.encoders.poster import PosterEncoderConfig
from moviegenre.models.encoders.pretrained import (
    architecture_of,
    build_backbone,
    hub_revision,
    load_backbone,
    pretrained_folder,
)
from tests.tiny_movies import tiny_batch, tiny_tokenizer


def test_a_local_folder_is_taken_as_it_is(bert_folder: Path) -> None:
    assert pretrained_folder(str(bert_folder), None) == bert_folder


def test_a_folder_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PretrainedError) as error:
        pretrained_folder(str(tmp_path), None)
    assert str(error.value) == f"{tmp_path} has no config.json; expected an encoder's folder"


@pytest.mark.parametrize("name", ["./weights", "/no/such/folder", "~/no_such", "a/b/c"])
def test_what_can_only_be_a_folder_is_not_asked_for_at_the_hub(name: str) -> None:
    with pytest.raises(PretrainedError) as error:
        pretrained_folder(name, None)
    assert str(error.value) == (
        f"{name} does not exist; expected an encoder's folder, a name on the Hugging Face hub "
        "such as bert-base-uncased, minilm, bge-small or mpnet"
    )


def test_a_hub_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []

    def snapshot_download(name: str, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((name, revision))
        raise ConnectionError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(PretrainedError, match=r"not be downloaded .* \(ConnectionError\)") as error:
        pretrained_folder("someone/encoder", "v1")
    assert asked == [("someone/encoder", "v1")]
    assert str(error.value).endswith("`model.plot_encoder.name`=minilm")


def test_only_the_hubs_cache_has_revisions() -> None:
    commit = "0123456789abcdef" * 2 + "01234567"
    assert hub_revision(Path("/cache/snapshots") / commit) == commit
    assert hub_revision(Path("/weights/resnet-18")) is None


def test_an_encoder_whose_files_are_damaged_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(PretrainedError) as error:
        load_backbone(tmp_path)
    assert str(error.value).startswith(f"{tmp_path} cannot be loaded as an encoder: ")


def test_an_architecture_builds_the_same_network_again(bert_folder: Path) -> None:
    loaded = load_backbone(bert_folder, attention_probs_dropout_prob=0.0, no_such_setting=1)
    built = build_backbone(architecture_of(loaded))
    built.load_state_dict(loaded.state_dict())
    ids = torch.tensor([[2, 3, 4]])
    assert loaded.config.attention_probs_dropout_prob == 0.0
    assert not hasattr(loaded.config, "no_such_setting")
    assert architecture_of(built) == architecture_of(loaded)
    with torch.no_grad():
        expected = loaded.eval()(input_ids=ids).last_hidden_state
        assert torch.equal(built.eval()(input_ids=ids).last_hidden_state, expected)


def test_a_plot_encoder_is_loaded_with_its_weights_and_tokenizer(bert_folder: Path) -> None:
    config = PlotEncoderConfig(name=str(bert_folder))
    first, second = config.build(None), config.build(None)
    assert first.dim == 32
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)
    assert config.load_tokenizer().identity == tiny_tokenizer().identity
    assert config.revisions() == {}
    assert not any("pooler" in name for name in first.state_dict())


@pytest.mark.parametrize("frozen_layers", [1, 2])
def test_the_lowest_layers_can_be_frozen(bert_folder: Path, frozen_layers: int) -> None:
    encoder = PlotEncoderConfig(name=str(bert_folder), frozen_layers=frozen_layers).build(None)
    trainable = {n for n, p in encoder.named_parameters() if p.requires_grad}
    layers = {int(name.split("layer.")[1].split(".")[0]) for name in trainable}
    assert layers == set(range(frozen_layers, 2))


def test_more_layers_than_there_are_cannot_be_frozen(bert_folder: Path) -> None:
    with pytest.raises(PretrainedError, match="frozen_layers is 3, but the encoder has 2 layers"):
        PlotEncoderConfig(name=str(bert_folder), frozen_layers=3).build(None)


def test_a_poster_encoder_gives_a_grid_of_regions() -> None:
    config = PosterEncoderConfig(name="none", stages=(-1, 1), grid=(2, 3))
    encoder = config.build(None).eval()
    assert encoder.num_regions == 6
    assert encoder.dim == 128 + 32
    with torch.no_grad():
        states = encoder(tiny_batch(2))
    assert states.shape == (2, 6, 160)
    assert config.revisions() == {}


@pytest.mark.parametrize("region", [0, 1, 2, 3])
def test_regions_are_read_row_by_row(region: int) -> None:
    encoder = PosterEncoderConfig(name="none", stages=(0,), grid=(2, 2)).build(None).eval()
    batch = tiny_batch(1)
    top, left = 16 * (region // 2), 16 * (region % 2)
    image = batch.image.clone()
    image[:, :, top + 4 : top + 12, left + 4 : left + 12] = 0
    with torch.no_grad():
        change = (encoder(replace(batch, image=image)) - encoder(batch))[0].norm(dim=1)
    assert int(change.argmax()) == region
    assert change[region] > 2 * change.sort().values[2]


def test_a_stage_that_is_not_there_is_refused() -> None:
    with pytest.raises(PretrainedError) as error:
        PosterEncoderConfig(name="none", stages=(-1, 7)).build(None)
    assert str(error.value) == "stages [7] asked for, but the encoder has stages 0 to 3"
