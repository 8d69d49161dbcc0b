"""``moviegenre ablate`` on a few synthetic movies: done once, gone on with, not lost unasked."""

import json
from pathlib import Path

import pytest
import yaml

from moviegenre.apps.cli import main
from moviegenre.experiment.runs import read_run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a file with a cheap base and two factors on 120 synthetic movies."""
    values = {
        "prepare": {"source": "synthetic", "synthetic_movies": 120, "min_movies": 20},
        "data": {"dir": str(tmp_path / "data"), "max_tokens": 32, "image_size": [32, 32]},
        "training": {"max_epochs": 1},
        "checkpoints": str(tmp_path / "checkpoints"),
        "results": str(tmp_path / "results"),
        "models": {"tfidf": {"min_plots": 1}, "cnn": {"channels": [4, 8], "augment": False}},
        "ablations": [
            {
                "base": "cnn",
                "factor": "loss",
                "variants": {"bce": {"loss": {"name": "bce"}}, "focal": {"loss.name": "focal"}},
            },
            {"base": "tfidf", "factor": "plot", "variants": {"first": {"data.plot": "first"}}},
        ],
    }
    path = tmp_path / "ablations.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def run(config: Path, *options: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["ablate", "--config", str(config), "--quiet", *options])
    return int(str(stopped.value.code))


def weights(folder: Path) -> dict[str, int]:
    """Return when the weights of every model were written."""
    files = folder.rglob("best.pth")
    return {path.parent.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in files}


@pytest.mark.slow
def test_what_is_done_is_not_done_again(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoints, results = tmp_path / "checkpoints", tmp_path / "results"
    assert run(config) == 0
    assert "cnn: loss, validation" in capsys.readouterr().out
    first = weights(checkpoints)
    assert set(first) == {
        "base/cnn",
        "base/tfidf",
        "loss-bce/cnn",
        "loss-focal/cnn",
        "plot-first/tfidf",
    }
    text = (results / "ABLATIONS.md").read_text("utf-8")
    assert text.startswith(f"# Ablations\n\n```\nmoviegenre ablate --config {config}\n```\n")
    assert "These are not results" in text
    assert "Not trained yet" not in text
    content = json.loads((results / "ablations.json").read_text("utf-8"))
    loss, plot = content["factors"]
    trained = read_run(checkpoints / "loss-bce" / "cnn")
    assert trained
    assert trained["settings"]["loss"] == {"name": "bce"}
    assert loss["variants"]["bce"]["train_seconds"] == trained["train_seconds"]
    assert loss["variants"]["bce"]["f1_macro"] == pytest.approx(trained["val_f1_macro"])
    assert plot["variants"]["first"]["settings"] == {"data.plot": "first"}
    assert plot["base_row"]["settings"] == {"data.plot": "longest"}
    assert not list(checkpoints.rglob("*-test-*.npz")), "validation alone is looked at"

    assert run(config) == 0
    assert weights(checkpoints) == first, "a second run trains nothing"
    assert json.loads((results / "ablations.json").read_text("utf-8")) == content

    (checkpoints / "loss-focal" / "cnn" / "best.pth").unlink()
    capsys.readouterr()
    assert run(config) == 0
    again = weights(checkpoints)
    assert {name for name in again if again[name] != first[name]} == {"loss-focal/cnn"}

    assert run(config, "--set", "training.batch_size=16") == 2
    error = capsys.readouterr().err
    assert error.count("was trained differently (setting training.batch_size)") == 3
    assert len(error.splitlines()) == 1
    assert weights(checkpoints) == again, "nothing is lost unasked"
    assert run(config, "--set", "training.batch_size=16", "--restart") == 0
    anew = weights(checkpoints)
    assert {name for name in anew if anew[name] != again[name]} == {
        "base/cnn",
        "loss-bce/cnn",
        "loss-focal/cnn",
    }
