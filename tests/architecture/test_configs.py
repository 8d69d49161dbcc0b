"""Every YAML file that is shipped trains every model it names, through the real command line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from moviegenre.apps.cli import main
from moviegenre.experiment.ablate import ablate
from moviegenre.experiment.ablation_config import load_ablations
from moviegenre.experiment.config import load_suite
from moviegenre.models.checkpoint import load_checkpoint
from moviegenre.models.registry import MODELS
from moviegenre.training.config import TrainingConfig

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml"))]
RUNS = [(path, name) for path in FILES for name in load_suite(path).experiments]
WHOLE = {"config.yaml", "demo.yaml", "first.yaml", "longest.yaml"}  # all models
SMALL = ["data.max_tokens=16", "data.image_size=[64,64]"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file_opens_with_its_command_and_names_models_in_order(path: Path) -> None:
    opening = path.read_text(encoding="utf-8").split("\n\n")[0]
    command = "ablate" if load_suite(path).ablations else "reproduce"
    assert f"moviegenre {command} --config {path.relative_to(ROOT).as_posix()}" in opening
    named = list(load_suite(path).experiments)
    assert named == [name for name in MODELS if name in named or path.name in WHOLE]


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
    if load_suite(path).experiments[name].data.extra:
        settings.append(f"data.extra={_further_plots(prepared_folder, tmp_path)}")
    if "init_from" in fields:
        settings.append("model.init_from=null")  # trained models are not at hand here
        if "frozen_poster_head" in fields:
            settings.append("model.frozen_poster_head=false")
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


def _further_plots(prepared: Path, folder: Path) -> Path:
    """Write a file of further labelled plots in the genres of prepared movies, all but the last."""
    genres = json.loads((prepared / "genres.json").read_text(encoding="utf-8"))
    lines = [json.dumps({"plot": [f"A {name} plot."], "genres": genres[:2]}) for name in genres[:2]]
    path = folder / "further.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.slow
def test_every_variant_of_the_ablations_trains(
    prepared_folder: Path, bert_folder: Path, tmp_path: Path
) -> None:
    from transformers import ResNetConfig, ResNetModel

    path = ROOT / "configs" / "ablations.yaml"
    checkpoints = tmp_path / "checkpoints"
    tiny_resnet = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1])
    ResNetModel(tiny_resnet).save_pretrained(tmp_path / "resnet-18")
    shutil.copytree(bert_folder, tmp_path / "bge-small")
    values = _tiny(yaml.safe_load(path.read_text(encoding="utf-8")), bert_folder, checkpoints)
    values["prepare"] = {"source": "synthetic"}  # as the tiny movies are
    values["data"] |= {"dir": str(prepared_folder)}
    values |= {"checkpoints": str(checkpoints), "results": str(tmp_path / "results")}
    tiny = tmp_path / "ablations.yaml"
    tiny.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    _, shipped = load_ablations(path)
    found, _ = ablate(tiny, progress=False)
    assert [(one.base, one.factor) for one in found] == [(a.base, a.factor) for a in shipped]
    for one, ablation in zip(found, shipped, strict=True):
        names = [row.trained.name for row in one.rows]
        assert names == ["base", *(variant.name for variant in ablation.variants)]


def _tiny(values: Any, bert_folder: Path, checkpoints: Path) -> Any:
    """Return the settings of a file with tiny encoders, plots and posters, and one epoch."""
    if isinstance(values, list):
        return [_tiny(item, bert_folder, checkpoints) for item in values]
    if not isinstance(values, dict):
        return values
    return {
        key: _tiny_setting(str(key), value, bert_folder, checkpoints)
        for key, value in values.items()
    }


def _tiny_setting(key: str, value: Any, bert_folder: Path, checkpoints: Path) -> Any:
    """Return one setting of a file, made tiny."""
    tiny: dict[str, Callable[[], Any]] = {
        "max_epochs": lambda: 1,
        "max_tokens": lambda: max(3, min(value, 512) // 8),
        "image_size": lambda: [max(32, side // 4) for side in value],
        "stages": lambda: list(range(-len(value), 0)),
        "frozen_layers": lambda: 1,
        "init_from": lambda: value and str(checkpoints / "base"),
        "tfidf": lambda: {**_tiny(value, bert_folder, checkpoints), "min_plots": 1},
    }
    setting = key.rpartition(".")[2]
    if setting in tiny:
        return tiny[setting]()
    if setting == "name" and value == "minilm":
        return str(bert_folder)
    if setting == "name" and value == "bge-small":
        return str(checkpoints.parent / "bge-small")
    if setting == "name" and value.startswith("../shared/weights/"):
        return str(checkpoints.parent / "resnet-18")
    return _tiny(value, bert_folder, checkpoints)
