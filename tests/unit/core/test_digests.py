"""Hashes of files: read once for each state of a file, never trusted beyond it."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from moviegenre.core import digests
from moviegenre.core.digests import cache_folder, known_commit, known_sha256, note_commit

LONG_AGO = 1_600_000_000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOVIEGENRE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the files that are read, as they are."""
    found: list[Path] = []

    def sha256(path: Path) -> str:
        found.append(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(digests, "file_sha256", sha256)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(b"weights")
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def test_a_file_that_does_not_change_is_read_once(file: Path, reads: list[Path]) -> None:
    expected = hashlib.sha256(b"weights").hexdigest()
    assert {known_sha256(file) for _ in range(3)} == {expected}
    assert reads == [file]
    assert known_sha256(file, anew=True) == expected
    assert reads == [file, file]


def test_a_write_is_noticed_although_size_and_time_are_the_same(
    file: Path, reads: list[Path]
) -> None:
    before = known_sha256(file)
    time.sleep(0.02)  # longer than the clock of a file system ticks
    file.write_bytes(b"WEIGHTS")
    os.utime(file, (LONG_AGO, LONG_AGO))
    assert known_sha256(file) == hashlib.sha256(b"WEIGHTS").hexdigest() != before


def test_another_file_in_its_place_is_noticed(file: Path, tmp_path: Path) -> None:
    known_sha256(file)
    other = tmp_path / "other"
    other.write_bytes(b"weighty")
    os.utime(other, (LONG_AGO, LONG_AGO))
    other.replace(file)
    assert known_sha256(file) == hashlib.sha256(b"weighty").hexdigest()


def test_a_file_written_just_now_is_not_remembered(file: Path, reads: list[Path]) -> None:
    file.write_bytes(b"new")
    known_sha256(file)
    known_sha256(file)
    assert reads == [file, file]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '{"a": 1}'])
def test_a_damaged_cache_is_no_fault(file: Path, cache: Path, text: str) -> None:
    expected = known_sha256(file)
    (cache / "sha256.json").write_text(text)
    assert known_sha256(file) == expected
    assert str(file) in (cache / "sha256.json").read_text()


def test_a_cache_that_cannot_be_written_is_no_fault(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("MOVIEGENRE_CACHE", str(tmp_path / "taken" / "cache"))
    assert known_sha256(file) == hashlib.sha256(b"weights").hexdigest()


def test_the_cache_does_not_grow_for_ever(
    file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_MOST_ENTRIES", 3)
    for number in range(5):
        note_commit(f"someone/films-{number}", str(number))
    assert [known_commit(f"someone/films-{number}") for number in range(5)] == [
        None,
        None,
        "2",
        "3",
        "4",
    ]


def test_the_cache_lies_where_the_system_has_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOVIEGENRE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/moviegenre")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert cache_folder() == Path.home() / ".cache" / "moviegenre"
