"""An ensemble through the command line: fitted, evaluated, compared, asked, exported."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import moviegenre
from moviegenre.apps.cli import main
from moviegenre.artifacts.ensemble_file import EnsembleRecord
from moviegenre.artifacts.open_torch import open_torch
from moviegenre.core.errors import CheckpointError, ConfigError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Modality, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation import report
from moviegenre.experiment.predictions import cached_predictions, predict_split
from moviegenre.inference.measure_parity import labelled_films
from moviegenre.models.base import BuildContext
from moviegenre.models.registry import model_config_class
from moviegenre.studies.ensembles.computation import ensemble
from moviegenre.studies.ensembles.settings import CombiningConfig
from tests.tiny_checkpoints import changed, save_tiny, tiny_checkpoint
from tests.tiny_movies import GENRES, write_prepared

MEMBERS = ("cnn", "lstm", "late_fusion")
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)  # not blank
QUICK = ("--set", "draws=1", "--set", "genre_shrinkage=[100]", "--set", "member_shrinkage=[1]")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    """Return prepared movies, of which one a split has no plot and one no poster."""
    folder = tmp_path_factory.mktemp("data")
    return PreparedData(write_prepared(folder, (4, 24, 12), incomplete=True))


@pytest.fixture(scope="module")
def checkpoints(
    tmp_path_factory: pytest.TempPathFactory, data: PreparedData, bert_folder: Path
) -> Path:
    """Return a folder of three models of different inputs and their ensemble."""
    root = tmp_path_factory.mktemp("checkpoints")
    for name in MEMBERS:
        checkpoint = tiny_checkpoint(name, bert_folder, data.root)
        settings = dict(checkpoint.info.config["data"])
        if name == "lstm":
            settings["plot"] = "longest"
        if name == "late_fusion":
            settings["plot"] = "each"
        if name == "cnn":
            settings["image_size"] = [48, 32]
        config = {**checkpoint.info.config, "data": settings}
        save_tiny(root / name, changed(checkpoint, config=config), None)
    members = [root / name for name in MEMBERS]
    assert run("ensemble", *members, "--out", root / "ensemble", *QUICK, "--quiet") == 0
    return root


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_the_folder_says_what_it_is_made_of(checkpoints: Path, data: PreparedData) -> None:
    folder = checkpoints / "ensemble"
    record = EnsembleRecord.read(folder / "ensemble.json")
    assert [member.name for member in record.members] == list(MEMBERS)
    assert [member.path for member in record.members] == [f"../{n}/best.pth" for n in MEMBERS]
    assert record.fitted["movies"] == 24
    assert set(record.fitted["cross_validated"]) >= {"ensemble", "mean of log-odds"}
    assert record.info.genres == GENRES
    assert record.info.data_fingerprint == data.fingerprint
    assert (folder / "thresholds.json").is_file()
    again = folder.parent / "copy.json"
    record.write(again)
    assert again.read_text() == (folder / "ensemble.json").read_text()
    again.unlink()
    model = open_torch(folder).network
    assert model.modalities == set(Modality)
    weights = record.combiner.cases
    assert weights[frozenset({Modality.PLOT})].weights[0].tolist() == [0.0] * 3  # the cnn's
    assert weights[frozenset({Modality.POSTER})].weights[1].tolist() == [0.0] * 3  # the lstm's


@pytest.mark.parametrize("missing", [None, *Modality])
def test_what_is_kept_of_members_gives_what_the_members_give(
    checkpoints: Path, data: PreparedData, missing: Modality | None
) -> None:
    path = checkpoints / "ensemble" / "ensemble.json"
    kept = cached_predictions(path, data, Split.TEST, missing=missing)
    computed = predict_split(open_torch(path), data, Split.TEST, missing=missing)
    np.testing.assert_allclose(kept.probs, computed.probs, atol=1e-6)
    assert len({tuple(row) for row in computed.probs.round(4)}) > 4


def test_predicting_is_evaluating(checkpoints: Path, data: PreparedData) -> None:
    predictor = moviegenre.load(checkpoints / "ensemble")
    films = [f for f, _ in labelled_films(data, Split.TEST, predictor.reader, GENRES)]
    expected = predict_split(open_torch(checkpoints / "ensemble"), data, Split.TEST)
    assert len(films) == 12, "one without a plot and one without a poster, too"
    np.testing.assert_allclose(predictor.probabilities(films), expected.probs, atol=1e-6)
    table = [{"plot": ("a ghost", "a ghost screams"), "poster": None}]
    assert predictor.predict_proba(table).shape == (1, 3)


def test_each_member_chooses_among_a_films_plots(checkpoints: Path) -> None:
    predictor = moviegenre.load(checkpoints / "ensemble")
    film: Any = predictor.reader.read(("a ghost", "the family meets a ghost"), PIXELS)
    (cnn,), (lstm,), (fusion, other) = film.views
    assert lstm.plot == "the family meets a ghost"
    assert (fusion.plot, other.plot) == ("a ghost", "the family meets a ghost")
    assert len(cnn.tokens) == 0
    assert (cnn.poster.shape, other.poster.shape) == ((48, 32, 3), (32, 32, 3))
    assert lstm.poster is None
    assert film.modalities == (Modality.PLOT, Modality.POSTER)


def test_a_missing_modality_is_answered_by_those_that_can(checkpoints: Path) -> None:
    predictor = moviegenre.load(checkpoints / "ensemble")
    prediction: Any = predictor.predict(plot="the ghost family")
    assert prediction.modalities == ["plot"]
    film = predictor.reader.read("the ghost family", PIXELS)
    batch = predictor.reader.batch([film])
    hidden = predictor.backend.answer(batch.without(Modality.POSTER)).logits
    bare = predictor.reader.batch([predictor.reader.read("the ghost family")])
    np.testing.assert_allclose(hidden, predictor.backend.answer(bare).logits, atol=1e-5)
    nothing = batch.without(Modality.POSTER).without(Modality.PLOT)
    cases = EnsembleRecord.read(checkpoints / "ensemble" / "ensemble.json").combiner.cases
    bias = cases[frozenset()].bias
    assert predictor.backend.answer(nothing).logits[0] == pytest.approx(bias, abs=1e-5)
    both: Any = predictor.predict(plot="the ghost family", poster=PIXELS)
    assert set(both.explain().share()) == set(Modality)


def test_it_is_evaluated_tuned_compared_and_hidden_from(
    checkpoints: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "PLOTS", ())  # tests/unit/evaluation has them
    root = Path(shutil.copytree(checkpoints, tmp_path / "checkpoints"))
    folder, file = root / "ensemble", tmp_path / "scores.json"
    options = ("--checkpoint", folder, "--json", file, "--quiet")
    assert run("evaluate", *options) == 0
    plain = json.loads(file.read_text())
    assert plain["model"] == "ensemble"
    tuned = ("--thresholds", "per-genre", "--goal", "f1_micro", "--calibrate", "platt")
    assert run("evaluate", *options, *tuned) == 0
    content = json.loads(file.read_text())
    assert content["before"]["f1_macro"] == pytest.approx(plain["metrics"]["f1_macro"])
    fitted = json.loads((folder / "thresholds.json").read_text())["fitted"]
    assert fitted["goal"] == "f1_micro"
    capsys.readouterr()
    out = tmp_path / "results"
    assert run("compare", root, "--out", out, "--quiet") == 0
    row = json.loads((out / "results.json").read_text())["models"]["ensemble"]
    assert (row["title"], row["family"]) == ("ensemble", "ensemble")
    assert row["metrics"]["f1_macro"] == pytest.approx(plain["metrics"]["f1_macro"])
    assert row["settings"]["model"]["members"] == list(MEMBERS)
    assert row["command"].startswith("moviegenre ensemble ")
    assert "combines cnn, lstm and late_fusion" in (out / "RESULTS.md").read_text()
    assert run("robustness", root, "--out", out, "--quiet") == 0
    assert '"model": "ensemble"' in (out / "robustness.json").read_text()


def test_one_film_and_a_catalogue_by_the_command_line(
    checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = checkpoints / "ensemble"
    capsys.readouterr()
    plots = ("--plot", "a ghost", "--plot", "the family meets a ghost")
    assert run("predict", "--checkpoint", folder, *plots, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    table, out = tmp_path / "films.jsonl", tmp_path / "genres.parquet"
    row = {"id": "x", "plot": "a ghost", "plot_long": "the family meets a ghost"}
    table.write_text(json.dumps(row) + "\n")
    columns = ("--plot-column", "plot", "--plot-column", "plot_long")
    command = ("predict", "--checkpoint", folder, "--input", table, "--out", out, "--quiet")
    assert run(*command, *columns) == 0
    film = pl.read_parquet(out).to_dicts()[0]
    expected = answer["probabilities"]
    assert {name: film[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert run(*command) == 0
    assert pl.read_parquet(out).to_dicts()[0]["Horror"] != pytest.approx(expected["Horror"])


def test_an_exported_ensemble_needs_nothing_else(
    checkpoints: Path,
    tmp_path: Path,
    data: PreparedData,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "elsewhere" / "exported"
    assert run("export", "--checkpoint", checkpoints / "ensemble", "--out", out, "--quiet") == 0
    moved = Path(shutil.move(out, tmp_path / "moved"))
    paths = [member.path for member in EnsembleRecord.read(moved / "ensemble.json").members]
    assert paths == [f"members/{name}/best.pth" for name in MEMBERS]
    own, other = moviegenre.load(checkpoints / "ensemble"), moviegenre.load(moved)
    films = [f for f, _ in labelled_films(data, Split.TEST, own.reader, GENRES)]
    assert np.array_equal(own.probabilities(films), other.probabilities(films))
    assert np.array_equal(own.point.thresholds, other.point.thresholds)
    assert "late_fusion" in (moved / "README.md").read_text()
    assert run("export", "--checkpoint", moved, "--out", data.root, "--quiet") == 2
    assert "is there and is no exported ensemble; name a new folder" in capsys.readouterr().err
    assert run("export", "--checkpoint", moved, "--out", moved, "--quiet") == 2
    assert "is the ensemble's own folder" in capsys.readouterr().err
    fitted = Path(shutil.copytree(checkpoints / "ensemble", tmp_path / "fitted"))
    assert run("export", "--checkpoint", moved, "--out", fitted, "--quiet") == 2
    assert "is there and is no exported ensemble" in capsys.readouterr().err, "it is no export"


def test_what_cannot_be_combined_is_refused(
    checkpoints: Path, tmp_path: Path, bert_folder: Path, data: PreparedData
) -> None:
    out = tmp_path / "out"
    checkpoint = tiny_checkpoint("cnn", bert_folder, data.root)
    other = GenreVocabulary(("Drama", "Horror", "War"))
    save_tiny(tmp_path / "other", changed(checkpoint, genres=other), None)
    with pytest.raises(CheckpointError, match="different genres: cnn with Drama, Horror, Comedy; "):
        ensemble([checkpoints / "cnn", tmp_path / "other"], out, progress=False)
    with pytest.raises(CheckpointError, match="is given more than once"):
        ensemble([checkpoints / "cnn", checkpoints / "cnn" / "best.pth"], out, progress=False)
    with pytest.raises(CheckpointError, match="ensemble is an ensemble itself; name its members"):
        ensemble([checkpoints / "ensemble", checkpoints / "cnn"], out, progress=False)
    with pytest.raises(ConfigError, match="holds a trained or exported model; name a new"):
        ensemble([checkpoints / "cnn", checkpoints / "lstm"], checkpoints / "lstm", progress=False)
    with pytest.raises(ConfigError, match=r"needs two models or more, found .*cnn; name others"):
        ensemble([checkpoints / "cnn"], out, progress=False)
    assert not out.exists()


def test_an_earlier_ensemble_is_replaced_only_if_asked(
    checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(shutil.copytree(checkpoints, tmp_path / "checkpoints"))
    file = root / "ensemble" / "ensemble.json"
    earlier = file.read_bytes()
    command = ["ensemble", root / "cnn", root / "lstm", "--out", root / "ensemble", "--quiet"]
    assert run(*command, *QUICK) == 2
    assert file.read_bytes() == earlier
    assert "ensemble already; replace it with --overwrite, or name" in capsys.readouterr().err
    assert run(*command, *QUICK, "--overwrite") == 0
    assert [member.name for member in EnsembleRecord.read(file).members] == ["cnn", "lstm"]


def test_a_member_that_changed_is_told(checkpoints: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(checkpoints, tmp_path / "checkpoints"))
    (root / "cnn" / "best.pth").write_bytes(b"another")
    with pytest.raises(CheckpointError, match="cnn was trained again since; fit the ensemble"):
        moviegenre.load(root / "ensemble")
    shutil.rmtree(root / "cnn")
    with pytest.raises(CheckpointError, match="does not exist; expected the member cnn"):
        moviegenre.load(root / "ensemble")
    (root / "ensemble" / "ensemble.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"ensemble.json has 2 bytes, expected [\d,]+; write"):
        moviegenre.load(root / "ensemble")
    (root / "ensemble" / "manifest.json").unlink()
    with pytest.raises(CheckpointError, match=r"has format None; expected 'moviegenre-ensemble-1'"):
        moviegenre.load(root / "ensemble")


def test_one_open_member_makes_an_open_ensemble(
    checkpoints: Path, tmp_path: Path, bert_folder: Path, data: PreparedData
) -> None:
    checkpoint = tiny_checkpoint("cnn", bert_folder, data.root)
    save_tiny(tmp_path / "open", changed(checkpoint, track="open"), None)
    config = CombiningConfig(genre_shrinkage=(100.0,), member_shrinkage=(1.0,), draws=1)
    out = tmp_path / "ensemble"
    ensemble([checkpoints / "lstm", tmp_path / "open"], out, config=config, progress=False)
    assert open_torch(out).info.track == "open"
    assert json.loads((out / "run.json").read_text())["track"] == "open"
    assert open_torch(checkpoints / "ensemble").info.track == "closed"


def test_an_ensemble_is_not_trained(checkpoints: Path) -> None:
    with pytest.raises(ConfigError, match="an ensemble is not trained: train its members"):
        model_config_class("ensemble")().build(BuildContext(num_labels=3))
    with pytest.raises(CheckpointError, match="is an ensemble, whose members are computed by Py"):
        moviegenre.load(checkpoints / "ensemble", backend="onnx")
