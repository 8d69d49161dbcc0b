"""Locks keep runs apart and end with the process that holds them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from moviegenre.core.errors import BusyError
from moviegenre.core.files import write_text
from moviegenre.core.folders import atomic_folder
from moviegenre.core.locks import locked

HOLD = """
import sys, time
from pathlib import Path
from moviegenre.core.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock of a path; it is killed in the end."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_run_is_refused_and_told_who_is_first(tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    with held_elsewhere(out) as process:
        with pytest.raises(BusyError) as error, locked(out):
            pass
        assert str(error.value) == (
            f"{out} is being written by another run (process {process.pid}); wait until it ends, "
            "or name another output with `out`"
        )
        with pytest.raises(BusyError), atomic_folder(out):
            pass
    assert not out.exists()


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    with held_elsewhere(out) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert [path.name for path in tmp_path.iterdir()] == [".prepared.moviegenre-lock"]
        with locked(out):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_run_may_lock_its_own_output_again(tmp_path: Path) -> None:
    with locked(tmp_path / "a"):
        with locked(tmp_path / "." / "a"):
            pass
        command = [sys.executable, "-c", HOLD, str(tmp_path / "a")]
        other = subprocess.run(command, capture_output=True, text=True, check=False)
        assert f"is being written by another run (process {os.getpid()})" in other.stderr
    assert list(tmp_path.iterdir()) == []


def test_writers_of_one_file_wait_for_each_other(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from moviegenre.core.files import write_text
for turn in range(15):
    write_text(Path(sys.argv[1]), sys.argv[2] * 100_000)
"""
    path = tmp_path / "a.txt"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), word]) for word in "ab"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.is_file():
            seen |= {frozenset(path.read_text())}
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen <= {frozenset("a"), frozenset("b")}
    assert path.stat().st_size == 100_000
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_what_a_killed_run_left_of_a_file_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".a.txt.moviegenre-part").write_text("half of something long")
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
