"""An audit of movies in which something was planted: found, shown, and cleaned away."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from moviegenre.apps.cli import main
from moviegenre.core.errors import CheckpointError, DataError
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.data.schema import split_file
from moviegenre.evaluation.results import Predictions
from moviegenre.experiment.predictions import cache_file
from moviegenre.studies.audit.computation import audit
from moviegenre.studies.audit.settings import AuditSettings
from tests.planted_movies import write_planted
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint

SETTINGS = AuditSettings(poster_distance=48, plot_similarity=0.5)


def run(*arguments: str | Path) -> int:
    """Run the command line in this process and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the planted movies; no test changes it."""
    return write_planted(tmp_path_factory.mktemp("planted") / "prepared")


@pytest.fixture(scope="module")
def audited(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the command wrote, with its folders."""
    folder = tmp_path_factory.mktemp("audited")
    out, clean = folder / "audit", folder / "clean"
    status = run("data", "audit", planted, "--out", out, "--drop-leaks", clean, "--quiet")
    assert status == 0
    return {**json.loads((out / "audit.json").read_text()), "out": out, "clean": clean}


def test_every_planted_pair_is_found_and_nothing_else(audited: dict[str, Any]) -> None:
    pairs = {(p["kind"], p["first_id"], p["second_id"]) for p in audited["pairs"]}
    assert pairs == {
        ("plot", "train0003", "test0002"),
        ("plot", "train0009", "val0006"),
        ("plot", "train0009", "test0007"),
        ("plot", "val0006", "test0007"),
        ("poster", "train0005", "val0004"),
    }
    assert audited["pair_counts"]["plot"]["train-test"] == 2
    assert audited["pair_counts"]["poster"]["train-val"] == 1
    assert audited["cluster_sizes"] == [3, 2, 2]


def test_the_planted_label_error_is_first(audited: dict[str, Any]) -> None:
    first = audited["label_errors"][0]
    assert (first["id"], first["genre"], first["labelled"]) == ("train0010", "Horror", False)
    assert first["probability"] > 0.8


def test_the_tables_hold_the_same(audited: dict[str, Any]) -> None:
    with (audited["out"] / "pairs.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 5
    with (audited["out"] / "label_errors.csv").open() as stream:
        assert next(csv.DictReader(stream))["id"] == "train0010"


def test_an_audit_without_labels_has_no_table_of_them(
    planted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "label_errors.csv").write_text("of an earlier audit")
    options = ("--out", tmp_path, "--no-labels", "--poster-distance", "0", "--quiet")
    assert run("data", "audit", planted, *options, "--plot-similarity", "1") == 0
    files = {path.name for path in tmp_path.iterdir()} - {".lock"}
    assert files == {"audit.html", "audit.json", "pairs.csv"}
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("wrote ")
    assert "label_errors.csv" not in last
    assert (tmp_path / "pairs.csv").read_text().startswith("kind,similarity,first_id,")


def test_the_page_needs_nothing_else_and_states_the_thresholds(audited: dict[str, Any]) -> None:
    page = (audited["out"] / "audit.html").read_text("utf-8")
    assert "at least 0.5 of the shorter one" in page
    assert "48 of 256 bits" in " ".join(page.split())
    assert page.count("data:image/jpeg;base64,") >= 10
    assert "http" not in page
    assert "<script" not in page
    assert "These movies were made up" in page


def test_the_clean_split_lacks_what_leaks_and_nothing_else(
    planted: Path, audited: dict[str, Any]
) -> None:
    before, after = PreparedData(planted), PreparedData(audited["clean"])
    lost = {s.value: set(before.ids(s)) - set(after.ids(s)) for s in Split}
    assert lost == {
        "train": {"train0003", "train0005", "train0009"},
        "val": {"val0006"},
        "test": set(),
    }
    name = split_file(Split.TEST)
    assert pq.read_table(planted / name).equals(pq.read_table(audited["clean"] / name))
    assert after.datasheet["cleaned"]["dropped"] == {"train": 3, "val": 1, "test": 0}
    assert after.datasheet["cleaned"]["thresholds"]["leaks"] == "either"
    assert after.datasheet["movies"] == {"train": 117, "val": 23, "test": 12}
    assert after.is_synthetic
    assert "Cleaned: near duplicates" in (audited["clean"] / "DATASHEET.md").read_text()
    excluded = (audited["clean"] / "excluded.csv").read_text().splitlines()
    reason = "near duplicate of a movie in a later split"
    assert f'train0003,{reason},"train movie, like test test0002"' in excluded


def test_the_clean_split_trains(audited: dict[str, Any], tmp_path: Path) -> None:
    options = ["--data", audited["clean"], "--out", tmp_path, "--quiet"]
    assert run("train", "tfidf", *options, "--set", "model.min_plots=1") == 0
    assert (tmp_path / "tfidf" / "best.pth").is_file()


def test_a_clean_audit_finds_no_more_leaks(audited: dict[str, Any]) -> None:
    audited_again = audit(audited["clean"], SETTINGS, judge_labels=False)
    assert audited_again.pairs == []
    assert audited_again.dropped == {}


def test_the_rule_decides_what_leaks(planted: Path) -> None:
    posters = AuditSettings(poster_distance=48, plot_similarity=0.5, leaks="poster")
    audited_again = audit(planted, posters, judge_labels=False)
    assert [audited_again.movies.ids[row] for row in audited_again.dropped] == ["train0005"]
    assert audited_again.errors == []
    assert audited_again.sources == {}


def test_kept_predictions_judge_what_was_held_out(
    planted: Path, bert_folder: Path, tmp_path: Path
) -> None:
    data = PreparedData(planted)
    best = save_tiny(tmp_path / "tfidf", tiny_checkpoint("tfidf", bert_folder, planted))
    with pytest.raises(CheckpointError, match="has predictions for val and test"):
        audit(planted, SETTINGS, checkpoints=tmp_path)
    for split in (Split.VAL, Split.TEST):
        labels = data.labels(split)
        probs = np.where(labels > 0, 0.9, 0.1)
        if split is Split.VAL:
            probs[3] = 1 - probs[3]  # the model contradicts all labels of one movie
        predictions = Predictions(data.ids(split), data.genres.names, probs, labels)
        predictions.save(cache_file(best, data, split))
    listing = sorted(best.parent.iterdir())
    audited_again = audit(planted, SETTINGS, checkpoints=tmp_path)
    assert audited_again.sources["val"] == "the mean of tfidf"
    assert audited_again.sources["train"] == "TF-IDF of plots (joined), 5 folds"
    held_out = {audited_again.movies.ids[e.row] for e in audited_again.errors if e.row >= 120}
    assert held_out == {"val0003"}
    assert sorted(best.parent.iterdir()) == listing


def test_a_target_that_holds_something_is_refused_before_the_work(planted: Path) -> None:
    with pytest.raises(DataError, match="is not empty; name a new folder with `drop_leaks`"):
        audit(planted, SETTINGS, drop_leaks=planted)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--leaks", "plots"], "error: invalid value for '--leaks': 'plots' is not one of "),
        (["--plot", "frist"], "error: invalid value for '--plot': 'frist' is not one of "),
        (["--checkpoints", "x", "--no-labels"], "error: --checkpoints judge labels, "),
        (["--checkpoints", "nowhere"], "error: nowhere does not exist; expected a folder of "),
        (["--out", __file__], f"error: {__file__} is a file, expected a folder; name another "),
        (["--drop-leaks", f"{__file__}/x"], f"error: {__file__} is a file, expected a folder; "),
    ],
)
def test_a_user_error_is_one_line(
    planted: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("data", "audit", planted, "--quiet", *arguments) == 2
    errors = capsys.readouterr().err
    assert errors.startswith(message)
    assert errors.count("\n") == 1


def test_what_is_missing_or_damaged_is_one_line(
    planted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("data", "audit", tmp_path / "nowhere") == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}/nowhere holds no prepared data ")
    folder = tmp_path / "prepared"
    shutil.copytree(planted, folder)
    train = folder / "train.parquet"
    train.write_bytes(train.read_bytes()[:3000])
    for arguments in ([], ["--no-labels"]):
        assert run("data", "audit", folder, "--quiet", *arguments) == 2
        errors = capsys.readouterr().err
        assert errors.startswith(f"error: {train} cannot be read: ")
        assert errors.count("\n") == 1
    (folder / "test.parquet").unlink()
    assert run("data", "audit", folder) == 2
    assert "holds no prepared data (looked for test.parquet)" in capsys.readouterr().err
