"""Files are there whole, or as they were before."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.files import (
    atomic_file,
    atomic_path,
    check_folder,
    file_sha256,
    sync_folder,
    write_text,
)
from moviegenre.core.folders import atomic_folder


def test_text_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
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


def test_the_temporary_file_lies_beside_its_target(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.txt") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".a.txt.")
        temporary.touch()
    assert (tmp_path / "a.txt").is_file()


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
