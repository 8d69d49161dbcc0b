"""Every YAML file that is shipped trains every model it names, through the real command line."""

from pathlib import Path

import pytest

from moviegenre.apps.cli import main
from moviegenre.experiment.config import load_suite
from moviegenre.models import MODELS
from moviegenre.models.checkpoint import load_checkpoint
from moviegenre.training.config import TrainingConfig

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml"))]
RUNS = [(path, name) for path in FILES for name in load_suite(path).experiments]
SMALL = ["data.max_tokens=16", "data.image_size=[64,64]"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file_opens_with_its_command_and_names_models_in_order(path: Path) -> None:
    opening = path.read_text(encoding="utf-8").split("\n\n")[0]
    assert f"moviegenre reproduce --config {path.relative_to(ROOT).as_posix()}" in opening
    named = list(load_suite(path).experiments)
    some = path.name in {"best.yaml", "box.yaml"}
    assert named == [name for name in MODELS if name in named or not some]


@pytest.mark.parametrize(
    ("path", "name"), RUNS, ids=lambda value: str(getattr(value, "name", value))
)
def test_model_of_a_file_trains(
    path: Path, name: str, prepared_folder: Path, bert_folder: Path, tmp_path: Path
) -> None:
    settings, fields = list(SMALL), MODELS[name].model_fields
    if not MODELS[name].fitted:
        settings += ["training.max_epochs=1", "training.intervals_per_epoch=1"]
        settings += [
            "training.teacher=null",
            f"training.teacher_weight={TrainingConfig().teacher_weight}",
        ]
    if "init_from" in fields:
        settings.append("model.init_from=null")  # trained models are not at hand here
    if "plot_encoder" in fields:
        settings += [f"model.plot_encoder.name={bert_folder}", "model.plot_encoder.frozen_layers=0"]
        if load_suite(path).experiments[name].to_dict()["model"]["plot_encoder"]["window"]:
            settings.append("model.plot_encoder.window=16")  # it has positions for 64 tokens
    if "poster_encoder" in fields:
        settings += ["model.poster_encoder.name=none", "model.poster_encoder.stages=[-1]"]
        settings += ["model.poster_encoder.augment=false", "model.poster_encoder.crop=0"]
    arguments = ["train", name, "--config", str(path), "--data", str(prepared_folder), "--quiet"]
    for setting in settings:
        arguments += ["--set", setting]
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--out", str(tmp_path / "checkpoints")])
    assert stopped.value.code == 0
    checkpoint = load_checkpoint(tmp_path / "checkpoints" / name / "best.pth")
    assert checkpoint.model_name == name
    if not MODELS[name].fitted:
        assert checkpoint.config["training"]["max_epochs"] == 1
