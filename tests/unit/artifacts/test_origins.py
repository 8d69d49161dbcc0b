"""What a card says of where the weights come from."""

from pathlib import Path
from typing import Any

import pytest

from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.origins import origins
from moviegenre.artifacts.torch_model import TorchModel
from tests.tiny_checkpoints import tiny_checkpoint


def with_settings(model: TorchModel, settings: dict[str, Any]) -> ModelInfo:
    return model.info.model_copy(update={"config": {"model": settings}})


def test_encoders_are_named_with_their_licences(bert_folder: Path) -> None:
    fusion = tiny_checkpoint("early_fusion", bert_folder)
    model = {"plot_encoder": {"name": "minilm"}, "poster_encoder": {"name": "scratch"}}
    section = origins(with_settings(fusion, model), ["It learned."])
    assert section.splitlines() == [
        "## What it starts from",
        "",
        "- Plot encoder: all-MiniLM-L6-v2, by the Sentence Transformers project, Apache-2.0 "
        "(`minilm`).",
        "- Poster encoder: random weights, trained on posters of the training split alone: "
        "nobody else's terms (`scratch`).",
        "- It learned.",
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("/home/ann/clip/", "clip"), ("../weights/x", "x"), ("ann/clip", "ann/clip")],
)
def test_of_others_only_the_name_is_known(name: str, shown: str, bert_folder: Path) -> None:
    resnet = tiny_checkpoint("resnet", bert_folder)
    section = origins(with_settings(resnet, {"poster_encoder": {"name": name}}))
    assert section.splitlines()[-1] == f"- Poster encoder: `{shown}`, on its owner's terms."


def test_a_model_without_encoders_starts_from_nothing(bert_folder: Path) -> None:
    section = origins(tiny_checkpoint("cnn", bert_folder).info)
    assert section.endswith("- Nothing: its weights were random at first.")
