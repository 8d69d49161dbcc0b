"""The models by name."""

from typing import Any

import pytest

from moviegenre.core.errors import ConfigError
from moviegenre.core.types import Modality
from moviegenre.experiment.compare import starts_pretrained
from moviegenre.losses import WeightedBCEConfig
from moviegenre.models.registry import MODELS, model_config_class


def test_the_models_are_those_of_the_command_line() -> None:
    assert list(MODELS) == [
        "prior", "tfidf",
        "cnn", "resnet", "lstm", "bert", "early_fusion", "late_fusion", "attention_fusion",
        "wide_deep",
    ]  # fmt: skip


def test_a_misspelt_model_is_answered_with_what_was_meant() -> None:
    with pytest.raises(ConfigError) as error:
        model_config_class("atention_fusion")
    assert str(error.value) == (
        "unknown model 'atention_fusion'; did you mean \"attention_fusion\"? (known: "
        "attention_fusion, bert, cnn, early_fusion, late_fusion, lstm, prior, resnet, tfidf, "
        "wide_deep)"
    )


def test_fusions_see_both_modalities_and_the_others_one() -> None:
    for config in MODELS.values():
        assert (config.family == "fusion") == (config.modalities == set(Modality))
        assert config.family == "baseline" or len(config.modalities) in (1, 2)


def test_baselines_are_models_of_the_same_modality() -> None:
    baselines = {n: c.baseline for n, c in MODELS.items() if c.baseline is not None}
    assert baselines == {"resnet": "cnn", "bert": "lstm"}
    assert all(MODELS[a].modalities == MODELS[b].modalities for a, b in baselines.items())


def test_the_baselines_that_models_must_beat_are_fitted() -> None:
    beaten = [name for name, config in MODELS.items() if config.family == "baseline"]
    assert beaten == ["prior", "tfidf"]
    assert [name for name, config in MODELS.items() if config.fitted] == beaten
    assert MODELS["prior"].modalities == frozenset()
    assert MODELS["tfidf"].modalities == {Modality.PLOT}


def test_default_losses_are_the_references() -> None:
    assert MODELS["lstm"].default_loss == "focal"
    others = {config.default_loss for name, config in MODELS.items() if name != "lstm"}
    assert others == {WeightedBCEConfig().name}


@pytest.mark.parametrize(
    ("name", "settings", "is_pretrained"),
    [
        ("bert", {"plot_encoder": {"name": "minilm"}}, True),
        ("lstm", {}, False),
        ("lstm", {"glove": "vectors.json"}, True),
        ("cnn", {}, False),
        ("resnet", {}, True),
        ("resnet", {"poster_encoder": {"name": "none"}}, False),
        ("resnet", {"poster_encoder": {"name": "scratch"}}, False),
    ],
)
def test_pretrained_weights_are_those_that_the_settings_name(
    name: str, settings: dict[str, Any], is_pretrained: bool
) -> None:
    assert model_config_class(name).parse(settings, "the test").is_pretrained is is_pretrained
    run = {"settings": {"model": settings}}
    assert starts_pretrained(run, model_config_class(name)) is is_pretrained


def test_without_recorded_settings_nothing_is_pretrained() -> None:
    assert starts_pretrained({}, model_config_class("bert")) is False
    run = {"settings": {"model": {"of": "another version"}}}
    assert starts_pretrained(run, model_config_class("bert")) is False
