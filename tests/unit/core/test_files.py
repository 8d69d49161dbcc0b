"""Files are there whole, or as they were before."""

import hashlib
from pathlib import Path

import pytest

from moviegenre.core.files import atomic_path, file_sha256, write_text
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
