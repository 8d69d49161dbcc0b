"""The trained models from which another one learned."""

import json
from pathlib import Path
from typing import Any

from moviegenre.artifacts.info import ModelInfo
from moviegenre.experiment.ancestry import ancestry
from tests.tiny_checkpoints import tiny_checkpoint
from tests.tiny_models import tiny_settings


def fusion(folder: Path, bert_folder: Path, **training: object) -> ModelInfo:
    checkpoint = tiny_checkpoint("early_fusion", bert_folder, init_from=str(folder))
    checkpoint.info.config["training"].update(training)
    return checkpoint.info


def write_run(folder: Path, name: str, settings: dict[str, Any]) -> None:
    (folder / name).mkdir()
    (folder / name / "run.json").write_text(json.dumps({"model": name, "settings": settings}))


def test_a_model_that_started_afresh_learned_from_no_other(bert_folder: Path) -> None:
    assert ancestry(tiny_checkpoint("early_fusion", bert_folder).info) == []
    assert ancestry(tiny_checkpoint("cnn", bert_folder).info) == []


def test_teachers_are_named_through_what_it_started_from(tmp_path: Path, bert_folder: Path) -> None:
    settings = {
        "training": {"teacher": "runs/first/checkpoints/late_fusion/best.pth"},
        "model": tiny_settings("resnet", bert_folder),
    }
    write_run(tmp_path, "resnet", settings)
    assert ancestry(fusion(tmp_path, bert_folder, teacher="best/ensemble")) == [
        "It also learned from the probabilities that `ensemble` gives to the training films "
        "(distillation), not from its weights.",
        "It started from `bert`, which had been trained on plots.",
        "It started from `resnet`, which had been trained on posters.",
        "`resnet` also learned from the probabilities that `late_fusion` gives to the training "
        "films (distillation), not from its weights.",
    ]


def test_a_damaged_run_or_a_circle_ends_the_story(tmp_path: Path, bert_folder: Path) -> None:
    bert = tiny_settings("bert", bert_folder, init_from=str(tmp_path))
    write_run(tmp_path, "bert", {"training": {}, "model": bert})
    (tmp_path / "resnet").mkdir()
    (tmp_path / "resnet" / "run.json").write_text("{")
    assert ancestry(fusion(tmp_path, bert_folder)) == [
        "It started from `bert`, which had been trained on plots.",
        "`bert` started from `bert`, which had been trained on plots.",
        "It started from `resnet`, which had been trained on posters.",
    ]
