"""Models without gradient steps go through the same commands as the others."""

import json
from pathlib import Path

import pytest

from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.compare import compare
from moviegenre.experiment.config import ExperimentConfig, load_experiment
from moviegenre.experiment.evaluate import evaluate
from moviegenre.experiment.train import train
from moviegenre.models.registry import MODELS
from tests.tiny_movies import MAX_TOKENS, write_prepared

FITTED = [name for name, config in MODELS.items() if config.fitted]
FILES = {"best.pth", "config.yaml", "history.json", "manifest.json", "run.json"}

every_fitted_model = pytest.mark.parametrize("name", FITTED)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_prepared(tmp_path_factory.mktemp("data"), incomplete=True)


def experiment(name: str, data: Path) -> ExperimentConfig:
    settings = [f"data.dir={data}", "data.plot=first", f"data.max_tokens={MAX_TOKENS}"]
    return load_experiment(None, name, settings)


@pytest.fixture(scope="module")
def checkpoints(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every fitted model."""
    out = tmp_path_factory.mktemp("fitted")
    for name in FITTED:
        train(experiment(name, data), out, progress=False)
    return out


@every_fitted_model
def test_a_fitted_model_leaves_what_others_leave(name: str, checkpoints: Path, data: Path) -> None:
    folder = checkpoints / name
    assert {path.name for path in folder.iterdir() if path.suffix != ".npz"} == FILES
    (record,) = json.loads((folder / "history.json").read_text())
    run = json.loads((folder / "run.json").read_text())
    assert (run["status"], run["best_epoch"], run["epochs"]) == ("finished", 1.0, 1.0)
    assert run["val_f1_macro"] == record["val_f1_macro"]
    assert run["train_seconds"] >= record["seconds"] > 0
    assert run["num_parameters"] == run["num_trainable"] > 0
    assert run["settings"] == experiment(name, data).to_dict()


@every_fitted_model
def test_its_checkpoint_scores_what_validation_said(
    name: str, checkpoints: Path, data: Path
) -> None:
    checkpoint = load_checkpoint(checkpoints / name)
    evaluation = evaluate(checkpoints / name, Split.VAL, data_dir=data)
    assert checkpoint.info.metrics["f1_macro"] == pytest.approx(
        evaluation.metrics["f1_macro"], abs=1e-6
    )
    assert checkpoint.info.data_fingerprint == PreparedData(data).fingerprint


def test_the_bag_of_words_learns_and_the_prior_does_not(checkpoints: Path) -> None:
    scores = {name: load_checkpoint(checkpoints / name).info.metrics for name in FITTED}
    assert scores["tfidf"]["f1_macro"] > 0.7
    assert scores["prior"]["roc_auc"] == pytest.approx(0.5)
    assert scores["prior"]["f1_macro"] < 0.4


@every_fitted_model
def test_resuming_fits_only_what_is_not_there(name: str, data: Path, tmp_path: Path) -> None:
    settings = experiment(name, data)
    first = train(settings, tmp_path, progress=False)
    written = first.checkpoint.stat().st_mtime_ns
    again = train(settings, tmp_path, resume=True, progress=False)
    assert first.checkpoint.stat().st_mtime_ns == written
    assert again.run["val_f1_macro"] == first.run["val_f1_macro"]
    assert again.run["status"] == "finished"
    first.checkpoint.unlink()
    train(settings, tmp_path, resume=True, progress=False)
    assert load_checkpoint(tmp_path / name).info.metrics["f1_macro"] == first.run["val_f1_macro"]


def test_the_resolved_config_fits_the_same_again(
    checkpoints: Path, data: Path, tmp_path: Path
) -> None:
    again = load_experiment(checkpoints / "tfidf" / "config.yaml", "tfidf")
    assert again.to_dict() == experiment("tfidf", data).to_dict()
    run = train(again, tmp_path, progress=False).run
    assert run["val_f1_macro"] == load_checkpoint(checkpoints / "tfidf").info.metrics["f1_macro"]


def test_compare_takes_them(checkpoints: Path, tmp_path: Path) -> None:
    comparison, _ = compare(checkpoints, tmp_path, progress=False)
    assert [result.name for result in comparison.ranking] == ["tfidf", "prior"]
    text = (tmp_path / "RESULTS.md").read_text()
    assert "| 2 | label prior | nothing |" in text
    assert "Cannot be computed: no model was compared" in text
