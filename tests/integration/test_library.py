"""``moviegenre library`` with the included model, killed, resumed and undone."""

import json
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest

from moviegenre.library.nfo import parse_nfo
from tests.unit.library.films import contents, nfo, put

CRIME = "A detective hunts a killer through the rainy streets of a corrupt city."
ROMANCE = "Two lonely bakers open a shop together, quarrel, and fall in love at last."


def _library(root: Path, *options: str | Path) -> list[str]:
    return [sys.executable, "-m", "moviegenre.apps.cli", "library", *map(str, (root, *options))]


@pytest.mark.slow
def test_a_killed_run_goes_on_and_is_undone(tmp_path: Path) -> None:
    root, report = tmp_path / "films", tmp_path / "report.json"
    for number in range(100):
        put(root, f"{number:03d}/movie.nfo", nfo(ROMANCE if number % 2 else CRIME))
    poster = files("moviegenre.examples").joinpath("dust.webp").read_bytes()
    put(root, "Dust (1999)/dust.mkv")
    put(root, "Dust (1999)/poster.webp", poster)
    put(root, "TBA/movie.nfo", nfo("TBA"))
    before = contents(root)

    process = subprocess.Popen(_library(root, "--write", "--quiet"))
    journal = root / ".moviegenre-journal"
    while process.poll() is None and not list(journal.glob("[0-9]*.jsonl")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL

    again = _library(root, "--write", "--from-poster", "--quiet", "--report", report)
    done = subprocess.run(again, check=True, capture_output=True, text=True)
    assert "102 films: " in done.stdout
    rows = {row["path"]: row for row in json.loads(report.read_text("utf-8"))}
    assert rows["TBA/movie.nfo"]["outcome"] == "title only"
    assert rows["Dust (1999)/dust.nfo"]["outcome"] == "written"
    after = contents(root)
    assert parse_nfo(after["000/movie.nfo"]).genres[0] == "Crime"
    assert parse_nfo(after["001/movie.nfo"]).genres[0] == "Romance"
    genres = [parse_nfo(after[f"{number:03d}/movie.nfo"]).genres for number in range(100)]
    assert all(1 <= len(names) <= 3 for names in genres)

    subprocess.run(_library(root, "--undo", "--quiet"), check=True, capture_output=True)
    assert contents(root) == before
