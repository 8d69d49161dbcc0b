"""The whole path in one call, on a few synthetic movies: done once, not done again."""

import json
from pathlib import Path

import pytest
import yaml

from moviegenre.apps.cli import main
from moviegenre.core.errors import ConfigError, DataError
from moviegenre.experiment.reproduce import reproduce, reproduce_seeds
from moviegenre.experiment.runs import read_run

MODELS = ("cnn", "bert", "late_fusion")
BASELINE = "tfidf"


@pytest.fixture
def config(tmp_path: Path, bert_folder: Path) -> Path:
    """Return a suite of three tiny models and a baseline on 160 synthetic movies."""
    loss = {"name": "bce"}
    plot_encoder = {"name": str(bert_folder)}
    values = {
        "prepare": {"source": "synthetic", "synthetic_movies": 160, "min_movies": 20},
        "data": {
            "dir": str(tmp_path / "data"),
            "plot": "first",
            "max_tokens": 24,
            "image_size": [48, 32],
        },
        "training": {"max_epochs": 1},
        "checkpoints": str(tmp_path / "checkpoints"),
        "results": str(tmp_path / "results"),
        "models": {
            BASELINE: {"min_plots": 1},
            "cnn": {"loss": loss, "channels": [8, 16]},
            "bert": {"loss": loss, "plot_encoder": plot_encoder},
            "late_fusion": {
                "loss": loss,
                "init_poster": None,
                "plot_encoder": {**plot_encoder, "frozen": True},
                "poster_encoder": {"name": "none", "grid": [2, 2], "frozen": True},
            },
        },
    }
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def _written(folder: Path) -> dict[str, int]:
    """Return when each model's weights were written."""
    return {name: (folder / name / "best.pth").stat().st_mtime_ns for name in MODELS}


@pytest.mark.slow
def test_everything_is_done_once(config: Path, tmp_path: Path) -> None:
    comparison, page = reproduce(config, progress=False)
    assert {result.name for result in comparison.ranking} == {BASELINE, *MODELS}
    assert page == tmp_path / "results" / "results.html"
    assert "These are not results" in page.read_text("utf-8")
    report = json.loads((tmp_path / "results" / "results.json").read_text("utf-8"))
    assert report["data"]["synthetic"] is True
    assert set(report["models"]) == {BASELINE, *MODELS}
    for name in MODELS:
        section = yaml.safe_load((tmp_path / "results" / "configs" / f"{name}.yaml").read_text())
        assert section["training"]["max_epochs"] == 1
        assert list(section["models"]) == [name]
        metrics = report["models"][name]["metrics"]
        assert 0 <= metrics["f1_macro"] <= 1
    fusion = read_run(tmp_path / "checkpoints" / "late_fusion")
    assert fusion is not None
    assert list(fusion["initialised_from"]) == ["bert"], "fusions start from what was trained"

    first = _written(tmp_path / "checkpoints")
    fitted = (tmp_path / "checkpoints" / BASELINE / "best.pth").stat().st_mtime_ns
    reproduce(config, progress=False)
    assert _written(tmp_path / "checkpoints") == first, "what is done is not done again"

    with pytest.raises(ConfigError, match=r"trained differently \(setting training\.batch_size\)"):
        reproduce(config, ["training.batch_size=16"], progress=False)
    assert _written(tmp_path / "checkpoints") == first, "nothing is lost unasked"

    with pytest.raises(DataError, match=r"holds synthetic movies, but prepare\.source is 'mmimdb'"):
        reproduce(config, ["prepare.source=mmimdb"], progress=False)

    reproduce(config, ["training.batch_size=16"], restart=True, progress=False)
    again = _written(tmp_path / "checkpoints")
    assert all(again[name] > first[name] for name in MODELS)
    unchanged = (tmp_path / "checkpoints" / BASELINE / "best.pth").stat().st_mtime_ns
    assert unchanged == fitted, "training settings have no effect on what is fitted"


def test_a_file_without_models_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("data: {plot: first}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="names no model; expected a models section"):
        reproduce(path, progress=False)


@pytest.mark.slow
def test_several_seeds_are_trained_once_and_compared(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = yaml.safe_load(config.read_text("utf-8"))
    values["models"]["late_fusion"]["init_from"] = values["checkpoints"]  # the suite's own
    config.write_text(yaml.safe_dump(values), encoding="utf-8")
    command = ["reproduce", "--config", str(config), "--seeds", "2", "--quiet"]
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 0
    assert "2 seeds, mean ± deviation" in capsys.readouterr().out
    checkpoints, results = tmp_path / "checkpoints", tmp_path / "results"
    seeds = {folder: read_run(folder / "bert") for folder in (checkpoints, checkpoints / "seed-1")}
    assert [run["settings"]["training"]["seed"] for run in seeds.values() if run] == [0, 1]
    fusion = read_run(checkpoints / "seed-1" / "late_fusion")
    own = read_run(checkpoints / "late_fusion")
    assert fusion
    assert own
    assert fusion["initialised_from"] != own["initialised_from"], "from its own seed's bert"

    found = json.loads((results / "seeds.json").read_text("utf-8"))
    assert found["seeds"] == [0, 1]
    reports = [results / "results.json", results / "seed-1" / "results.json"]
    for name in (BASELINE, *MODELS):
        expected = [
            json.loads(path.read_text("utf-8"))["models"][name]["metrics"]["f1_macro"]
            for path in reports
        ]
        assert found["models"][name]["f1_macro"]["values"] == pytest.approx(expected)
    assert found["models"][BASELINE]["f1_macro"]["deviation"] == 0
    text = (results / "SEEDS.md").read_text("utf-8")
    assert "These are not results" in text
    assert f"moviegenre reproduce --config {config} --seeds 2" in text

    times = [_written(folder) for folder in seeds]
    reproduce_seeds(config, num_seeds=2, progress=False)
    assert [_written(folder) for folder in seeds] == times, "what is done is not done again"


def test_seeds_that_give_no_deviation_are_refused(config: Path) -> None:
    with pytest.raises(ConfigError, match="--seeds 1 gives no deviation; expected at least 2"):
        reproduce_seeds(config, num_seeds=1, progress=False)
    values = yaml.safe_load(config.read_text("utf-8"))
    values["models"]["bert"]["training"] = {"seed": 5}
    config.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"have the seeds 0, 5; with --seeds, expected one"):
        reproduce_seeds(config, num_seeds=2, progress=False)
