"""Files are there whole, or as they were before."""

import errno
import hashlib
import io
import os
import stat
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.files import (
    atomic_file,
    atomic_path,
    check_folder,
    file_sha256,
    sync_file,
    sync_folder,
    write_bytes,
    write_text,
)
from moviegenre.core.folders import atomic_folder
from moviegenre.core.locks import open_locked


def test_text_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "and" / "deeper" / "a.txt"
    write_text(path, "first")
    write_text(path, "zweiter Täxt")
    assert path.read_text(encoding="utf-8") == "zweiter Täxt"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


def test_a_failure_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write_half() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [0, 10, (1 << 20) + 3])
def test_sha256(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "a").write_bytes(content[:size])
    assert file_sha256(tmp_path / "a") == hashlib.sha256(content[:size]).hexdigest()


def test_a_folder_appears_when_its_block_is_done(tmp_path: Path) -> None:
    target = tmp_path / "made" / "here"
    with atomic_folder(target) as folder:
        (folder / "file").write_text("new")
        assert not target.exists()
    assert (target / "file").read_text() == "new"
    assert [entry.name for entry in target.parent.iterdir()] == ["here"]
    assert target.stat().st_mode & 0o777 == target.parent.stat().st_mode & 0o777


def test_a_folder_whose_block_fails_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "here"
    target.mkdir()
    (target / "file").write_text("old")

    def fail() -> None:
        with atomic_folder(target) as folder:
            (folder / "file").write_text("new")
            raise ValueError("no")

    with pytest.raises(ValueError, match=r"^no$"):
        fail()
    assert (target / "file").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["here"]
    with atomic_folder(target) as folder:
        (folder / "other").write_text("new")
    assert [entry.name for entry in target.iterdir()] == ["other"]


def test_a_failed_write_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"

    def fail(*arguments: object) -> None:
        with atomic_file(path):
            raise OSError(*arguments)

    with pytest.raises(OSError, match="no room") as failed:
        fail(errno.ENOSPC, "no room")
    assert failed.value.filename == str(path)
    with pytest.raises(OSError, match="no room") as failed:
        fail(errno.ENOSPC, "no room", "other")
    assert failed.value.filename == "other"
    with pytest.raises(OSError, match="not of the system") as failed:
        fail("not of the system")
    assert failed.value.filename is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_and_its_folder_are_synced_around_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced = tmp_path / "a.txt", []

    def note(descriptor: int) -> None:
        synced.append((os.readlink(f"/proc/self/fd/{descriptor}"), path.exists()))

    monkeypatch.setattr(os, "fsync", note)
    write_text(path, "new")
    part = str(tmp_path / ".a.txt.moviegenre-part")
    assert synced == [(part, False), (str(tmp_path), True)]
    synced.clear()
    path.unlink()
    with atomic_path(path) as temporary:
        temporary.write_text("new")
    assert synced == [(part, False), (part, False), (str(tmp_path), True)]


def test_a_long_part_of_a_killed_run_is_cut(tmp_path: Path) -> None:
    (tmp_path / ".a.txt.moviegenre-part").write_bytes(bytes(100))
    with atomic_file(tmp_path / "a.txt") as stream:
        assert stream.read() == b""
        stream.write(b"new")
    assert (tmp_path / "a.txt").read_bytes() == b"new"


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EBADF, errno.EIO])
def test_file_systems_that_cannot_sync_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    descriptors: list[int] = []

    def fail(descriptor: int) -> None:
        descriptors.append(descriptor)
        raise OSError(code, "no")

    monkeypatch.setattr(os, "fsync", fail)
    if code == errno.EIO:
        with pytest.raises(OSError, match="no"):
            sync_folder(tmp_path)
    else:
        sync_folder(tmp_path)
    (closed,) = descriptors
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(closed)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to("absent")
    for path in (tmp_path, tmp_path / "new", tmp_path / "new" / "more"):
        check_folder(path, "--out")
    for path in (tmp_path / "file", tmp_path / "file" / "new"):
        with pytest.raises(DataError) as refused:
            check_folder(path, "--out")
        assert str(refused.value) == (
            f"{tmp_path / 'file'} is a file, expected a folder; name another with --out"
        )
    with pytest.raises(DataError) as refused:
        check_folder(tmp_path / "nowhere" / "new", "--drop-leaks")
    assert str(refused.value) == (
        f"{tmp_path / 'nowhere'} is a link that leads nowhere, expected a folder; name another "
        "with --drop-leaks"
    )


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_file_has_the_mode_of_the_users_mask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a.txt", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~mask


def test_no_other_run_writes_a_file_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, tried = Path.replace, []

    def try_to_lock(self: Path, target: Path) -> Path:
        tried.append(open_locked(self, wait=False))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", try_to_lock)
    write_text(tmp_path / "a", "new")
    assert tried == [None]
    other = open_locked(tmp_path / "a", wait=False)
    assert other is not None, "the lock ends with the block"
    os.close(other)


class FullDisk(io.FileIO):
    """A file that finds no room."""

    def write(self, _content: Any) -> int:
        raise OSError(errno.ENOSPC, "no room")


def test_a_content_that_finds_no_room_is_an_error_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    write_bytes(path, b"old")

    def opened(descriptor: int, _mode: str, size: int) -> io.BufferedRandom:
        return io.BufferedRandom(FullDisk(descriptor, "w+"), size)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdopen", opened)
        with pytest.raises(OSError, match="no room") as failed, atomic_file(path) as stream:
            stream.write(b"new")  # kept in memory: writing fails at the end, and closing again
    assert failed.value.errno == errno.ENOSPC
    assert failed.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_part_that_cannot_be_emptied_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptors: list[int] = []

    def fail(descriptor: int, _length: int) -> None:
        descriptors.append(descriptor)
        raise OSError(errno.EIO, "no")

    with monkeypatch.context() as patched:
        patched.setattr(os, "ftruncate", fail)
        with pytest.raises(OSError, match="no") as failed:
            write_text(tmp_path / "a", "new")
    assert failed.value.errno == errno.EIO
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptors[0])
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_cannot_be_removed_does_not_hide_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, *_arguments: object) -> None:
        raise OSError(errno.EROFS, "read-only", str(self))

    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(ValueError, match="the reason"), atomic_file(tmp_path / "a"):
        raise ValueError("the reason")


def test_a_large_file_is_hashed_in_little_memory(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as stream:
        stream.truncate(30_000_000)
    tracemalloc.start()
    digest = file_sha256(tmp_path / "a")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert digest == hashlib.sha256(bytes(30_000_000)).hexdigest()
    assert peak < 10_000_000


def test_windows_syncs_files_that_are_open_for_writing_and_no_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, modes = tmp_path / "a", []
    path.touch()
    real_open = os.open

    def note(opened: Path, flags: int, *rest: Any) -> int:
        modes.append(flags & os.O_ACCMODE)
        return real_open(opened, flags, *rest)

    monkeypatch.setattr(os, "open", note)
    with monkeypatch.context() as patched:
        patched.setattr(os, "name", "nt")
        sync_file(path)
        sync_folder(tmp_path)
    assert modes == [os.O_RDWR]
    sync_file(path)
    assert modes == [os.O_RDWR, os.O_RDONLY], "elsewhere a read-only file can be synced"


def test_windows_renames_closed_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, replace, was_closed = tmp_path / "a", Path.replace, []

    def note(self: Path, target: Path) -> Path:
        was_closed.append(stream.closed)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", note)
    for name in ("nt", "posix"):
        with monkeypatch.context() as patched:
            patched.setattr(os, "name", name)
            with atomic_file(path) as stream:
                stream.write(b"new")
        assert path.read_bytes() == b"new"
    assert was_closed == [True, False]
