"""Starting a fusion from trained single-modality checkpoints."""

from pathlib import Path

import pytest
import torch

from moviegenre.artifacts.checkpoint import save_checkpoint
from moviegenre.core.errors import CheckpointError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Modality
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import GenreModel
from moviegenre.training.initialise import initialise_from
from tests.tiny_checkpoints import trained as trained_model
from tests.tiny_models import build_tiny, tiny_config, tiny_settings
from tests.tiny_movies import GENRES, tiny_batch, tiny_tokenizer

BOTH = {Modality.PLOT: "bert", Modality.POSTER: "resnet"}


def save_trained(
    folder: Path, name: str, bert_folder: Path, genres: GenreVocabulary = GENRES
) -> GenreModel:
    """Save a model whose weights are not those it was built with."""
    model = build_tiny(name, bert_folder)
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            parameter.fill_(0.001 * number + 0.5)
    tokenizer = tiny_tokenizer() if name == "bert" else None
    settings = {"model": tiny_settings(name, bert_folder)}
    saved = trained_model(name, model, settings, tokenizer=tokenizer, genres=genres)
    save_checkpoint(folder / name / "best.pth", saved)
    return model


@pytest.fixture
def trained(tmp_path: Path, bert_folder: Path) -> dict[str, GenreModel]:
    return {name: save_trained(tmp_path, name, bert_folder) for name in BOTH.values()}


@pytest.mark.parametrize("name", ["early_fusion", "late_fusion", "attention_fusion", "wide_deep"])
def test_parameters_of_the_same_name_are_copied(
    name: str, tmp_path: Path, bert_folder: Path, trained: dict[str, GenreModel]
) -> None:
    model = build_tiny(name, bert_folder)
    untouched = {key: value.clone() for key, value in model.state_dict().items()}
    copied = initialise_from(model, tmp_path, BOTH, GENRES, tiny_tokenizer()).copied
    expected = {**trained["bert"].state_dict(), **trained["resnet"].state_dict()}
    heads = {
        "early_fusion": {"poster_norm"},
        "late_fusion": {"plot_head", "poster_norm", "poster_head"},
        "attention_fusion": set(),
        "wide_deep": {"poster_norm", "poster_head"},
    }[name]
    assert {key.split(".")[0] for key in copied} == {"plot_encoder", "poster_encoder"} | heads
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, expected[key] if key in copied else untouched[key])


def test_wide_deep_without_a_plot_begins_as_the_poster_model_it_starts_from(
    tmp_path: Path, bert_folder: Path, trained: dict[str, GenreModel]
) -> None:
    model = build_tiny("wide_deep", bert_folder)
    initialise_from(model, tmp_path, BOTH, GENRES, tiny_tokenizer())
    batch = tiny_batch(3, without_plot=range(3))
    with torch.no_grad():
        logits = model.eval()(batch).logits
        torch.testing.assert_close(logits, trained["resnet"].eval()(batch).logits)


def test_a_plot_model_starts_from_its_like_with_the_head(
    tmp_path: Path, bert_folder: Path, trained: dict[str, GenreModel]
) -> None:
    model = build_tiny("bert", bert_folder)
    copied = initialise_from(
        model, tmp_path, {Modality.PLOT: "bert"}, GENRES, tiny_tokenizer()
    ).copied
    assert set(copied) == set(model.state_dict())
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, trained["bert"].state_dict()[key])


def test_configs_name_what_they_start_from(tmp_path: Path, bert_folder: Path) -> None:
    plot, poster = {Modality.PLOT: "bert"}, {Modality.POSTER: "resnet"}
    started = tiny_config("bert", bert_folder, init_from=tmp_path)
    assert started.initial_models() == (tmp_path, plot)
    assert tiny_config("bert", bert_folder).initial_models() is None
    assert tiny_config("cnn", bert_folder).initial_models() is None
    fusion = tiny_config("early_fusion", bert_folder, init_from=tmp_path)
    assert fusion.initial_models() == (tmp_path, plot | poster)
    fusion = tiny_config("early_fusion", bert_folder, init_from=tmp_path, init_poster=None)
    assert fusion.initial_models() == (tmp_path, plot)
    assert tiny_config("early_fusion", bert_folder).initial_models() is None


def test_one_modality_alone_can_be_started_from(
    tmp_path: Path, bert_folder: Path, trained: dict[str, GenreModel]
) -> None:
    model = build_tiny("late_fusion", bert_folder)
    sources = {Modality.POSTER: "resnet"}
    copied = initialise_from(model, tmp_path, sources, GENRES, tiny_tokenizer()).copied
    assert {key.split(".")[0] for key in copied} == {
        "poster_encoder",
        "poster_norm",
        "poster_head",
    }


def test_a_missing_checkpoint_is_told(tmp_path: Path, bert_folder: Path) -> None:
    model = build_tiny("late_fusion", bert_folder)
    with pytest.raises(CheckpointError, match=r"bert/best\.pth does not exist"):
        initialise_from(model, tmp_path, BOTH, GENRES, tiny_tokenizer())


def test_another_encoder_is_refused(
    tmp_path: Path, bert_folder: Path, trained: dict[str, GenreModel]
) -> None:
    model = build_tiny("early_fusion", bert_folder)
    sources = {Modality.PLOT: "resnet"}
    with pytest.raises(CheckpointError) as error:
        initialise_from(model, tmp_path, sources, GENRES, tiny_tokenizer())
    assert str(error.value) == (
        f"{tmp_path / 'resnet' / 'best.pth'} has another plot encoder than this model; give both "
        "the same model.plot_encoder, or set model.init_plot=null"
    )


def test_other_genres_are_refused(tmp_path: Path, bert_folder: Path) -> None:
    other = GenreVocabulary(("Drama", "Horror", "War"))
    save_trained(tmp_path, "resnet", bert_folder, genres=other)
    model = build_tiny("late_fusion", bert_folder)
    sources = {Modality.POSTER: "resnet"}
    with pytest.raises(CheckpointError) as error:
        initialise_from(model, tmp_path, sources, GENRES, tiny_tokenizer())
    assert str(error.value) == (
        f"{tmp_path / 'resnet' / 'best.pth'} was trained for the genres Drama, Horror, War; "
        "expected Drama, Horror, Comedy; train it again on these data"
    )


def test_another_tokenizer_is_refused(
    tmp_path: Path, bert_folder: Path, trained: dict[str, GenreModel]
) -> None:
    model = build_tiny("late_fusion", bert_folder)
    other = PlotTokenizer.from_words(["other words"], 10)
    with pytest.raises(CheckpointError) as error:
        initialise_from(model, tmp_path, BOTH, GENRES, other)
    assert str(error.value) == (
        f"{tmp_path / 'bert' / 'best.pth'} reads plots with another tokenizer than this model"
    )
