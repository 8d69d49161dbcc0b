"""Thresholds, calibration and missing modalities through the command line, on tiny trainings."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moviegenre.apps.cli import main
from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.core.errors import CheckpointError, ConfigError
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import Modality, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.calibration import calibration_error
from moviegenre.evaluation.tuning import TuningSettings, tune
from moviegenre.experiment.predictions import availability, cached_predictions, predict_split
from moviegenre.experiment.train import train
from moviegenre.experiment.tuning import trained_weights
from moviegenre.metrics import compute_metrics
from tests.tiny_movies import GENRES, write_prepared
from tests.tiny_training import tiny_experiment


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_prepared(tmp_path_factory.mktemp("data"), incomplete=True)


@pytest.fixture(scope="module")
def trained(data: Path, bert_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of checkpoints: a plot model and a fusion."""
    out = tmp_path_factory.mktemp("trained")
    for name in ("lstm", "late_fusion"):
        train(tiny_experiment(name, data, bert_folder, max_epochs=1), out, progress=False)
    return out


@pytest.fixture
def checkpoints(trained: Path, tmp_path: Path) -> Path:
    """Return a copy of the checkpoints, to write beside."""
    return Path(shutil.copytree(trained, tmp_path / "checkpoints"))


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def evaluate(folder: Path, *options: str) -> Any:
    """Return what ``evaluate --json`` writes."""
    file = folder / "scores.json"
    assert run("evaluate", "--checkpoint", folder, *options, "--json", file, "--quiet") == 0
    return json.loads(file.read_text())


def test_what_is_fitted_is_kept_and_scored(
    checkpoints: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = checkpoints / "lstm"
    content = evaluate(folder, "--thresholds", "per-genre", "--calibrate", "platt")
    shown = capsys.readouterr().out
    assert "cross-" in shown
    assert "validated" in shown
    assert f"wrote {folder / 'thresholds.json'}" in shown
    point = OperatingPoint.read(folder / "thresholds.json", GENRES)
    assert point.fitted["movies"] == 24
    assert content["threshold"] == point.threshold_by_genre()
    # Scored by hand, from the file alone.
    predictions = predict_split(load_checkpoint(folder), PreparedData(data), Split.TEST)
    probs = point.calibrate(predictions.probs.astype(np.float64))
    scores = compute_metrics(probs, predictions.labels, point.thresholds).metrics
    assert content["metrics"]["f1_macro"] == pytest.approx(scores["f1_macro"])
    assert content["calibration"]["method"] == "platt"
    before, after = (
        calibration_error(predictions.probs, predictions.labels),
        calibration_error(probs, predictions.labels),
    )
    assert content["calibration"]["ece"] == pytest.approx({"before": before, "after": after})
    assert set(content["calibration"]["ece_by_genre"]) == set(GENRES)
    assert content["cross_validated"]["folds"] == 5
    assert content["cross_validated"]["f1_by_genre"]["Drama"]["support"] > 0


def test_a_fusion_gets_cuts_for_films_that_lack_a_modality(checkpoints: Path, data: Path) -> None:
    folder = checkpoints / "late_fusion"
    evaluate(folder, "--thresholds", "per-genre", "--calibrate", "platt")
    point = OperatingPoint.read(folder / "thresholds.json", GENRES)
    assert set(point.without) == set(Modality)
    settings = TuningSettings(thresholds="per-genre", calibration="platt")
    for lacked, cut in point.without.items():
        alone = predict_split(
            load_checkpoint(folder), PreparedData(data), Split.VAL, missing=lacked
        )
        expected = tune(alone, settings).point
        np.testing.assert_allclose(cut.thresholds, expected.thresholds)
        np.testing.assert_allclose(cut.scale, expected.scale)
    evaluate(checkpoints / "lstm", "--thresholds", "per-genre")
    assert not OperatingPoint.read(checkpoints / "lstm" / "thresholds.json", GENRES).without


def test_without_options_evaluate_means_one_half(checkpoints: Path) -> None:
    folder = checkpoints / "lstm"
    first = evaluate(folder)
    fitted = evaluate(folder, "--thresholds", "global", "--goal", "f1_micro")
    assert isinstance(fitted["threshold"], float)
    assert fitted["before"]["f1_micro"] == pytest.approx(first["metrics"]["f1_micro"])
    assert (folder / "thresholds.json").is_file()
    assert evaluate(folder) == first
    assert first["threshold"] == 0.5
    assert "calibration" not in first


def test_only_looking_writes_nothing(checkpoints: Path) -> None:
    folder = checkpoints / "lstm"
    before = {path.name for path in folder.iterdir()}
    evaluate(folder, "--thresholds", "global", "--no-save")
    assert {path.name for path in folder.iterdir()} == before | {"scores.json"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--thresholds", "global", "--threshold", "0.4"],
            "error: --threshold is a fixed number, --thresholds and --calibrate fit one; use one",
        ),
        (
            ["--calibrate", "weights"],
            "error: --calibrate weights undoes the weights of the loss weighted_bce; lstm was "
            "trained with bce; use --calibrate platt",
        ),
        (["--goal", "f1_micro"], "error: --goal has no effect without --thresholds global or"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    options: list[str], message: str, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", "--checkpoint", trained / "lstm", *options, "--quiet") == 2
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.count("\n") == 1


def test_weights_are_those_of_the_training_movies(
    trained: Path, data: Path, tmp_path: Path
) -> None:
    info = load_checkpoint(trained / "lstm").info
    loss = {"loss": {"name": "weighted_bce", "max_weight": 1.5}}
    weighted = info.model_copy(update={"config": {**info.config, **loss}})
    prepared = PreparedData(data)
    positives = prepared.labels(Split.TRAIN).sum(axis=0)
    expected = np.clip((48 - positives) / positives, 1, 1.5)
    assert trained_weights(weighted, prepared) == pytest.approx(expected)
    with pytest.raises(ConfigError, match="trained with bce"):
        trained_weights(info, prepared)
    other = PreparedData(write_prepared(tmp_path / "other", seed=9))
    with pytest.raises(CheckpointError, match=r"and .*other has others; use `calibrate` platt"):
        trained_weights(weighted, other)


def test_training_again_forgets_what_was_fitted(
    checkpoints: Path, data: Path, bert_folder: Path
) -> None:
    file = checkpoints / "lstm" / "thresholds.json"
    OperatingPoint.default(GENRES).write(file)
    experiment = tiny_experiment("lstm", data, bert_folder, max_epochs=1)
    train(experiment, checkpoints, overwrite=True, progress=False)
    assert not file.exists()


def test_a_comparison_tunes_and_a_hidden_modality_is_kept_apart(
    checkpoints: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    assert run("compare", checkpoints, "--out", out, "--quiet") == 0
    models = json.loads((out / "results.json").read_text())["models"]
    fusion = models["late_fusion"]
    assert fusion["tuned"]["f1_macro"]["cross_validated"]["folds"] == 5
    assert (out / "reliability.png").is_file()

    assert run("robustness", checkpoints, "--out", out, "--quiet") == 0
    content = json.loads((out / "robustness.json").read_text())
    curves = {(curve["model"], curve["missing"]): curve["f1_macro"] for curve in content["curves"]}
    prepared, path = PreparedData(data), checkpoints / "late_fusion" / "best.pth"
    for missing in Modality:
        left = predict_split(load_checkpoint(path), prepared, Split.TEST, missing=missing)
        score = compute_metrics(left.probs, left.labels, 0.5).metrics["f1_macro"]
        curve = curves["late fusion", missing.value]
        assert curve[0] == pytest.approx(fusion["metrics"]["f1_macro"])
        assert curve[-1] == pytest.approx(score)
        kept = cached_predictions(path, prepared, Split.TEST, missing=missing)
        assert np.allclose(kept.probs, left.probs, atol=1e-6)
    (verdict,) = content["verdicts"]
    assert (verdict["against"], verdict["missing"]) == ("LSTM text", "poster")
    assert verdict["sentence"] in " ".join(capsys.readouterr().out.split())
    # Asking for everything again does not take the answers of a blinded model.
    names = sorted(file.name.rsplit("-", 2)[0] for file in path.parent.glob("*.npz"))
    assert names == [
        "predictions-test",
        "predictions-val",
        "predictions_without_plot-test",
        "predictions_without_poster-test",
    ]
    # With fitted thresholds a film without a plot is judged by those for such films.
    options = ("--thresholds", "per-genre", "--calibrate", "platt", "--quiet")
    for name in ("late_fusion", "lstm"):
        assert run("evaluate", "--checkpoint", checkpoints / name, *options) == 0
    capsys.readouterr()
    assert run("robustness", checkpoints, "--out", tmp_path / "fitted", "--fitted", "--quiet") == 0
    curves = {
        (curve["model"], curve["missing"]): curve["f1_macro"]
        for curve in json.loads((tmp_path / "fitted" / "robustness.json").read_text())["curves"]
    }
    point = OperatingPoint.read(path.parent / "thresholds.json", prepared.genres)
    for missing in Modality:
        left = cached_predictions(path, prepared, Split.TEST, missing=missing)
        has = availability(prepared, Split.TEST, missing)
        chosen = np.zeros(left.probs.shape)
        for row, probs in enumerate(left.probs):
            own = point.of({modality for modality in Modality if has[modality][row]})
            chosen[row] = own.decide(own.calibrate(probs))
        expected = compute_metrics(chosen, left.labels, 0.5).metrics["f1_macro"]
        assert curves["late fusion", missing.value][-1] == pytest.approx(expected)
    assert (
        "every model at its thresholds, fitted on validation"
        in (tmp_path / "fitted" / "ROBUSTNESS.md").read_text()
    )


def test_robustness_needs_a_fusion(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(checkpoints / "late_fusion")
    assert run("robustness", checkpoints, "--quiet") == 2
    assert capsys.readouterr().err == (
        f"error: {checkpoints} holds no trained fusion (found: lstm); train one with: "
        "moviegenre train late_fusion\n"
    )


def test_baselines_are_left_out_of_robustness_and_have_no_weights_to_undo(
    checkpoints: Path,
    data: Path,
    bert_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("prior", "tfidf"):
        train(tiny_experiment(name, data, bert_folder), checkpoints, progress=False)
    out = tmp_path / "out"
    assert run("robustness", checkpoints, "--out", out, "--quiet") == 0
    text = (out / "robustness.json").read_text()
    assert "late fusion" in text
    assert "label prior" not in text
    assert "TF-IDF" not in text
    capsys.readouterr()
    options = ("--calibrate", "weights", "--quiet")
    assert run("evaluate", "--checkpoint", checkpoints / "tfidf", *options) == 2
    assert capsys.readouterr().err == (
        "error: --calibrate weights undoes the weights of the loss weighted_bce; tfidf was trained "
        "with no loss; use --calibrate platt\n"
    )
