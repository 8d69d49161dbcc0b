"""The harness of the benchmarks: figures in turn, rows as text, results that are kept."""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks import __main__ as suite
from benchmarks import harness
from benchmarks.films import prepared, read_table, write_long_table
from benchmarks.growth import exponent
from benchmarks.harness import AbsentError, Row, Side, in_turn
from benchmarks.service import LIMIT, sustained

from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from tests.benchmark_sides import count

ROOT = Path(__file__).parents[2]


def test_product_and_rival_run_in_turn_in_processes_of_their_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    starts = (("a", 6, count), ("b", 2, "tests.benchmark_sides:count"))
    product, rival = (
        Side(start, {"log": str(log), "name": n, "step": s}) for n, s, start in starts
    )
    row = in_turn(product, rival, 2, work="counting", unit="counts/s", rival_name="b")
    assert (row.product, row.rival, row.ratios) == ([6, 12], [2, 4], [3, 3])
    names, pids = zip(*(line.split() for line in log.read_text().splitlines()), strict=True)
    assert names == ("a", "b", "a", "b")
    assert len({*pids, str(os.getpid())}) == 3
    assert row.product_mb is not None
    assert row.product_mb > 5
    assert row.product_cores is not None
    assert row.rival_cores is not None


def test_a_fault_of_a_side_says_what_happened() -> None:
    with pytest.raises(RuntimeError, match="ValueError: no figure"):
        in_turn(Side("tests.benchmark_sides:fail"), None, 1, work="failing", unit="s")


def test_a_row_shows_medians_spread_and_how_many_times_better() -> None:
    row = Row(
        "a job", "s", [2.0, 1.0, 4.0], [6.0, 4.0, 8.0], "rival", "lower", 100.4, 2000.0, 1.94, 1.0
    )
    assert row.ratios == [3, 4, 2]
    assert row.line() == (
        "a job: 2 (1 to 4) s; rival 6 (4 to 8) s, 3 (2 to 4) times; peak 100 / 2,000 MB; "
        "1.9 / 1.0 cores busy"
    )
    assert Row("a job", "MB", [512.3]).line() == "a job: 512 MB"


def test_a_benchmark_writes_its_rows_and_why_it_was_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(given: argparse.Namespace) -> Iterator[Row]:
        yield Row("work", "films/s", [float(given.rounds)])
        raise AbsentError("no chromium")

    monkeypatch.setattr(sys, "argv", ["x", "--full", "--json", str(tmp_path / "demo.json")])
    harness.main(run, harness.options("doc"))
    assert "work: 5 films/s\nskipped: no chromium" in capsys.readouterr().out
    result = suite.Result.read("demo", tmp_path)
    assert result is not None
    assert (result.rows, result.note) == ([Row("work", "films/s", [5.0])], "skipped: no chromium")
    assert result.facts["full"] is True


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of results for a suite of two benchmarks that run no real work."""
    bodies = {
        "good": "print('ran'); json.dump({'rows': [{'work': 'w', 'unit': 's', 'product': [2]}], "
        "'skipped': '', 'full': False, 'commit': 'abc', 'date': '2026-01-01', 'machine': 'here', "
        "'seconds': 1}, open(sys.argv[sys.argv.index('--json') + 1], 'w'))",
        "bad": "raise SystemExit('a fault')",
    }
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    for name, body in bodies.items():
        (folder / f"{name}.py").write_text(f"import json, sys\n{body}\n")
    monkeypatch.setattr(suite, "ROOT", tmp_path)
    monkeypatch.setattr(suite, "STORE", tmp_path / "store")
    monkeypatch.setattr(suite, "RESULTS", folder / "RESULTS.md")
    monkeypatch.setattr(suite, "NAMES", {"bad": (1, 1), "good": (1, 1)})
    monkeypatch.setattr(suite, "commit", lambda: "abc")
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    return tmp_path / "store"


def test_a_failure_ends_one_benchmark_and_the_next_run_repeats_only_that(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for outcome in ("good: 1 s\n  w: 2 s\n", "good: known from this commit, kept"):
        with pytest.raises(SystemExit, match="1"):
            suite.main()
        out = capsys.readouterr().out
        assert "bad: failed: ended with 1: a fault" in out
        assert outcome in out
    table = suite.RESULTS.read_text()
    assert "| `good` | w | 2 s | - | - |  |" in table
    assert "| `bad` | failed: ended with 1: a fault; see" in table
    assert "- `good`: here; 2026-01-01 at abc." in table
    assert json.loads((store / "bad.json").read_text())["rows"] == []


def test_an_unknown_benchmark_is_refused(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "tabel"])
    with pytest.raises(SystemExit, match="2"):
        suite.main()
    assert "unknown: tabel; expected some of bad, good" in capsys.readouterr().err


def test_every_benchmark_is_in_the_suite() -> None:
    files = (ROOT / "benchmarks").glob("*.py")
    names = {path.stem for path in files if "harness.main(run" in path.read_text("utf-8")}
    assert names - {"gpu"} == set(suite.NAMES)


def test_the_exponent_is_that_of_the_largest_sizes() -> None:
    sizes = [1.0, 10.0, 20.0, 40.0]
    assert exponent(sizes, [5.0, *(3 * size**1.5 for size in sizes[1:])]) == pytest.approx(1.5)


@pytest.mark.parametrize(("capacity", "expected"), [(100.0, 10.0), (4.0, 3.75)])
def test_the_highest_rate_within_the_limit_is_found(capacity: float, expected: float) -> None:
    def ask(rate: float | None) -> list[float]:
        rate = 10.0 if rate is None else rate
        return [LIMIT / 2 if rate <= capacity else 2 * LIMIT] * round(rate)

    assert sustained(ask, 1.0) == pytest.approx(expected)


def test_no_rate_within_the_limit_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"above 0\.25 s even at"):
        sustained(lambda _rate: [1.0] * 10, 1.0)


def test_a_part_of_prepared_films_opens_like_the_whole(tmp_path: Path) -> None:
    data = PreparedData(prepared(tmp_path, tmp_path / "absent", 6, val=2))
    assert [data.num_movies(split) for split in Split] == [6, 2, 2]
    assert data.is_synthetic
    assert math.isfinite(float(data.labels(Split.TRAIN).sum()))


def test_a_long_table_has_its_rows(tmp_path: Path) -> None:
    write_long_table(tmp_path / "films.csv", 12, words=5)
    rows = read_table(tmp_path / "films.csv")
    assert len(rows) == len({row["id"] for row in rows}) == 12
    assert {len(row["plot"].split()) for row in rows} == {5}


def test_the_script_for_a_gpu_says_what_is_missing(tmp_path: Path) -> None:
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHON": "/bin/false"}
    if Path("/usr/bin/nvidia-smi").exists():
        pytest.skip("there is a GPU")
    done = subprocess.run(
        ["sh", str(ROOT / "benchmarks" / "gpu.sh")], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "no GPU found" in done.stderr
