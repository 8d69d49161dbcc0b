"""Locks keep runs apart and end with the process that holds them."""

import errno
import fcntl
import logging
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from moviegenre.core.errors import BusyError
from moviegenre.core.folders import atomic_folder
from moviegenre.core.locks import hidden_path, locked, open_locked

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


def is_open(descriptor: int) -> bool:
    """Return whether a descriptor is open."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_the_lock_of_a_file_is_had_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path, opened = tmp_path / "lock", []
    real_open = os.open

    def note(*arguments: Any) -> int:
        opened.append(real_open(*arguments))
        return opened[-1]

    first = open_locked(path, wait=False)
    assert first is not None
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600
    assert os.write(first, b"x") == 1
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", note)
        assert open_locked(path, wait=False) is None
    assert [is_open(descriptor) for descriptor in opened] == [False]
    operations = end_when_waited_for(monkeypatch, first)
    with caplog.at_level(logging.INFO):
        second = open_locked(path, wait=True)
    assert second is not None
    assert operations == [fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_EX]
    waiting = f"another run is writing {path}; this one continues when it is done"
    assert caplog.messages == [waiting]
    os.close(second)


def test_a_lock_file_that_was_removed_meanwhile_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, taken = tmp_path / "lock", []
    real_flock = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        real_flock(descriptor, operation)
        taken.append(descriptor)
        if len(taken) == 1:
            path.unlink()

    monkeypatch.setattr(fcntl, "flock", flock)
    descriptor = open_locked(path, wait=False)
    assert descriptor is not None
    assert os.path.samestat(os.fstat(descriptor), path.stat())
    assert len(taken) == 2
    os.close(descriptor)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EIO])
def test_file_systems_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    descriptors: list[int] = []

    def fail(descriptor: int, _operation: int) -> None:
        descriptors.append(descriptor)
        raise OSError(code, "no locks")

    monkeypatch.setattr(fcntl, "flock", fail)
    if code == errno.EIO:
        with pytest.raises(OSError, match="no locks"):
            open_locked(tmp_path / "a", wait=False)
        assert not is_open(descriptors[0])
        return
    for _ in range(2):  # it is said once
        with locked(tmp_path / "a"):
            assert hidden_path(tmp_path / "a", "lock").read_text() == str(os.getpid())
    assert caplog.messages == [
        f"{tmp_path}: this file system has no locks, so two runs could write at the same time"
    ]
    assert list(tmp_path.iterdir()) == []


def test_locks_nest_and_end(tmp_path: Path) -> None:
    path = tmp_path / "made" / "too" / "a"
    lock = hidden_path(path, "lock")
    with locked(path):
        for _ in range(2):
            with locked(path):
                assert lock.is_file()
            assert lock.is_file()
    assert list(path.parent.iterdir()) == []
    with locked(path):
        assert refusal(path) == (
            f"{path} is being written by another run (process {os.getpid()}); wait until it "
            "ends, or sleep"
        )


def refusal(path: Path) -> str | None:
    """Return the error of another thread that asks for a lock; None if it gets the lock."""

    def ask() -> str | None:
        try:
            with locked(path, "sleep"):
                return None
        except BusyError as error:
            return str(error)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result()


def end_when_waited_for(monkeypatch: pytest.MonkeyPatch, descriptor: int) -> list[int]:
    """Close a lock's descriptor as soon as another run waits for it; return the operations."""
    operations: list[int] = []
    real_flock = fcntl.flock

    def flock(own: int, operation: int) -> None:
        operations.append(operation)
        if not operation & fcntl.LOCK_NB:
            os.close(descriptor)
        real_flock(own, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    return operations


@pytest.mark.parametrize("content", [b"", b"no number", b"\xff", "\u0663".encode()])
def test_an_owner_that_is_not_known_is_not_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    with locked(path):
        hidden_path(path, "lock").write_bytes(content)
        expected = f"{path} is being written by another run; wait until it ends, or sleep"
        assert refusal(path) == expected


def test_another_failure_of_the_system_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptors: list[int] = []

    def fail(descriptor: int) -> os.stat_result:
        descriptors.append(descriptor)
        raise OSError(errno.EIO, "no")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", fail)
        with pytest.raises(OSError, match="no"):
            open_locked(tmp_path / "a", wait=False)
    assert not is_open(descriptors[0])


def test_a_lock_waits_for_the_one_who_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    first = open_locked(hidden_path(path, "lock"), wait=False)
    assert first is not None
    operations = end_when_waited_for(monkeypatch, first)
    with locked(path, wait=True):
        assert hidden_path(path, "lock").read_text() == str(os.getpid())
    assert operations == [fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_EX]
    assert list(tmp_path.iterdir()) == []


def test_two_outputs_have_two_locks(tmp_path: Path) -> None:
    with locked(tmp_path / "a"), locked(tmp_path / "b"):
        assert hidden_path(tmp_path / "a", "lock").is_file()
        assert hidden_path(tmp_path / "b", "lock").is_file()
        assert refusal(tmp_path / "b") is not None


def test_a_link_and_its_target_have_one_lock(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("a")
    with locked(tmp_path / "link"):
        message = refusal(tmp_path / "a")
    assert message is not None
    assert message.startswith(f"{tmp_path / 'a'} is being written by another run")


def test_a_block_that_fails_gives_its_lock_back(tmp_path: Path) -> None:
    def fail() -> None:
        with locked(tmp_path / "a"):
            raise ValueError("no")

    with pytest.raises(ValueError, match=r"^no$"):
        fail()
    assert list(tmp_path.iterdir()) == []
    assert refusal(tmp_path / "a") is None


def test_a_lock_file_that_cannot_be_removed_ends_with_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, *_arguments: object) -> None:
        raise OSError(errno.EROFS, "read-only", str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", fail)
        with locked(tmp_path / "a"):
            pass
    assert hidden_path(tmp_path / "a", "lock").exists()
    assert refusal(tmp_path / "a") is None


def test_a_full_disk_does_not_keep_a_lock_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int, _content: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fail)
        with locked(tmp_path / "a"):
            message = refusal(tmp_path / "a")
    assert message == (
        f"{tmp_path / 'a'} is being written by another run; wait until it ends, or sleep"
    )


def test_the_number_of_a_killed_run_is_written_over(tmp_path: Path) -> None:
    hidden_path(tmp_path / "a", "lock").write_text("9" * 30)
    with locked(tmp_path / "a"):
        assert hidden_path(tmp_path / "a", "lock").read_text() == str(os.getpid())


def test_windows_opens_files_as_bytes_and_has_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    real_open = os.open
    binary = os.O_APPEND  # any flag that is not asked for elsewhere

    def note(path: Path, flags: int, mode: int) -> int:
        opened.append(flags)
        return real_open(path, flags & ~binary, mode)

    def flock(_descriptor: int, _operation: int) -> None:
        raise AssertionError("there is none")

    monkeypatch.setattr(os, "open", note)
    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "O_BINARY", binary, raising=False)
    for _ in range(2):
        descriptor = open_locked(tmp_path / "a", wait=False)
        assert descriptor is not None
        os.close(descriptor)
    assert opened == [os.O_RDWR | os.O_CREAT | binary] * 2
