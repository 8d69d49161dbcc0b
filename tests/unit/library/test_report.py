"""The report of a library."""

import csv
import json
from pathlib import Path

import pytest

from moviegenre.core.errors import ConfigError
from moviegenre.library.plan import FilmChange, Outcome
from moviegenre.library.report import check_report, write_report

CHANGES = [
    FilmChange(Path("a/movie.nfo"), Outcome.CHANGE, "A", 1999, (), ("War", "Crime"), (0.91, 0.5)),
    FilmChange(Path("b.nfo"), Outcome.NOT_SURE, note="no plot, no poster"),
]


def test_both_forms(tmp_path: Path) -> None:
    write_report(tmp_path / "r.csv", CHANGES, written=False)
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as stream:
        first, second = csv.DictReader(stream)
    assert (first["genres_after"], first["probabilities"]) == ("War|Crime", "0.91|0.5")
    assert (second["outcome"], second["note"]) == ("not sure", "no plot, no poster")
    write_report(tmp_path / "r.json", CHANGES, written=False)
    first, second = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert (first["genres_after"], first["year"]) == (["War", "Crime"], 1999)
    assert second["genres_before"] == []


@pytest.mark.parametrize(("written", "outcome"), [(False, "change"), (True, "written")])
def test_the_outcome_says_whether_changes_were_written(
    tmp_path: Path, written: bool, outcome: str
) -> None:
    write_report(tmp_path / "r.json", CHANGES, written=written)
    first, second = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert (first["outcome"], second["outcome"]) == (outcome, "not sure")


def test_reports_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ends in '.txt'; expected .csv or .json"):
        check_report(tmp_path / "r.txt")
    with pytest.raises(ConfigError, match=r"none does not exist; create it or name another folder"):
        check_report(tmp_path / "none" / "r.csv")
    with pytest.raises(ConfigError, match=r"is a folder; name a \.csv or \.json file"):
        check_report(tmp_path)
