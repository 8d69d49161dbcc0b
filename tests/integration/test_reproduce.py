"""The whole path in one call, on a few synthetic movies: done once, not done again."""

import json
from pathlib import Path

import pytest
import yaml

from moviegenre.core.errors import ConfigError, DataError
from moviegenre.experiment.reproduce import reproduce
from moviegenre.experiment.train import read_run

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
