"""A folder has its name at every moment, or gets it back from whoever opens it next."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from moviegenre.core.errors import DataNotFoundError
from moviegenre.core.folders import atomic_folder, restore_folder
from moviegenre.core.locks import open_locked
from moviegenre.data.prepared import PreparedData
from tests.tiny_movies import write_prepared


def folder(path: Path, text: str) -> Path:
    """Make a folder with a file in it."""
    path.mkdir()
    (path / "file").write_text(text)
    return path


def names(path: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(entry.name for entry in path.iterdir())


def test_a_folder_that_was_put_aside_gets_its_name_back(tmp_path: Path) -> None:
    folder(tmp_path / ".here.moviegenre-old", "old")
    folder(tmp_path / ".here.moviegenre-new", "half")
    restore_folder(tmp_path / "here")
    assert (tmp_path / "here" / "file").read_text() == "old"
    assert names(tmp_path) == ["here"]


def test_what_killed_runs_left_is_removed(tmp_path: Path) -> None:
    folder(tmp_path / "here", "now")
    for kind in ("old", "new", "gone"):
        folder(tmp_path / f".here.moviegenre-{kind}", kind)
    folder(tmp_path / ".there.moviegenre-old", "of another output")
    folder(tmp_path / ".here.old", "of the user")
    with atomic_folder(tmp_path / "here") as new:
        (new / "file").write_text("newer")
    assert (tmp_path / "here" / "file").read_text() == "newer"
    assert names(tmp_path) == [".here.old", ".there.moviegenre-old", "here"]


def test_a_half_removed_folder_is_never_given_back(tmp_path: Path) -> None:
    folder(tmp_path / ".here.moviegenre-gone", "half")
    restore_folder(tmp_path / "here")
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(
    ("renamed", "there_was_one"),
    [("here", True), (".here.moviegenre-new", True), (".here.moviegenre-new", False)],
)
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_the_old_folder_survives_a_rename_that_fails(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    renamed: str,
    there_was_one: bool,
    error: BaseException,
) -> None:
    here, rename = tmp_path / "here", Path.rename
    if there_was_one:
        folder(here, "old")

    def fail(self: Path, target: Path) -> Path:
        if self.name == renamed:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(type(error)) as failed, atomic_folder(here) as new:
        (new / "file").write_text("new")
    assert failed.value is error
    assert names(tmp_path) == (["here"] if there_was_one else [])
    if there_was_one:
        assert (here / "file").read_text() == "old"


def test_prepared_data_are_found_after_a_kill_between_two_renames(tmp_path: Path) -> None:
    write_prepared(tmp_path / "data", (4, 2, 2)).rename(tmp_path / ".data.moviegenre-old")
    assert PreparedData(tmp_path / "data").root.is_dir()
    with pytest.raises(DataNotFoundError):
        PreparedData(tmp_path / "other")


def failing_removals(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let the next removals of a folder fail; -1 lets all of them fail."""
    remove = shutil.rmtree
    left = count

    def fail(path: Path, ignore_errors: bool = False) -> None:
        nonlocal left
        if left and path.name.endswith("-gone"):
            left -= 1
            raise OSError(errno.EIO, "Input/output error", str(path))
        remove(path, ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", fail)


def test_a_removal_that_fails_once_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here = folder(tmp_path / "here", "old")
    failing_removals(monkeypatch, 1)
    with atomic_folder(here) as new:
        (new / "file").write_text("new")
    assert (here / "file").read_text() == "new"
    assert names(tmp_path) == ["here"]
    assert caplog.messages == []


def test_a_folder_that_cannot_be_removed_is_named_and_goes_with_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here, gone = folder(tmp_path / "here", "old"), tmp_path / ".here.moviegenre-gone"
    with monkeypatch.context() as patched:
        failing_removals(patched, -1)
        with atomic_folder(here) as new:
            (new / "file").write_text("new")
    assert (here / "file").read_text() == "new"
    assert names(tmp_path) == [gone.name, "here"]
    assert caplog.messages == [
        f"{gone} could not be removed (Input/output error); delete it, or the next run with this "
        "output does"
    ]
    with atomic_folder(here) as new:
        (new / "file").write_text("newer")
    assert (here / "file").read_text() == "newer"
    assert names(tmp_path) == ["here"]


def test_a_folder_before_that_cannot_be_put_aside_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here, old = folder(tmp_path / "here", "old"), tmp_path / ".here.moviegenre-old"
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if target.name.endswith("-gone"):
            raise OSError("the drive is away")
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", fail)
        with atomic_folder(here) as new:
            (new / "file").write_text("new")
    assert (here / "file").read_text() == "new"
    assert [message.partition(";")[0] for message in caplog.messages] == [
        f"{old} could not be removed (the drive is away)"
    ]
    restore_folder(here)
    assert (here / "file").read_text() == "new"
    with atomic_folder(here) as new:
        (new / "file").write_text("newer")
    assert names(tmp_path) == ["here"]


def test_everything_in_a_folder_is_synced_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    )
    with atomic_folder(tmp_path / "here") as new:
        folder(new / "more", "a")
        folder(new / "most", "b")
        (new / "file").write_text("c")
    first = str(tmp_path / ".here.moviegenre-new")
    files = {f"{first}/file", f"{first}/more/file", f"{first}/most/file"}
    assert set(synced[:3]) == files
    assert set(synced[3:5]) == {f"{first}/more", f"{first}/most"}
    assert synced[5:] == [first, str(tmp_path)]


@pytest.mark.parametrize("there_was_one", [True, False])
def test_a_rename_that_cannot_be_synced_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there_was_one: bool
) -> None:
    here = tmp_path / "here"
    if there_was_one:
        folder(here, "old")

    def fail(path: Path) -> None:
        if path == tmp_path:
            raise OSError(errno.EIO, "no")

    with monkeypatch.context() as patched:
        patched.setattr("moviegenre.core.folders.sync_folder", fail)
        with pytest.raises(OSError, match="no") as failed, atomic_folder(here) as new:
            (new / "file").write_text("new")
    assert failed.value.errno == errno.EIO
    assert names(tmp_path) == (["here"] if there_was_one else [])
    if there_was_one:
        assert (here / "file").read_text() == "old"


def test_reading_an_output_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    restore_folder(tmp_path / "absent" / "here")
    assert names(tmp_path) == []


def test_an_output_that_is_there_keeps_what_lies_beside_it(tmp_path: Path) -> None:
    folder(tmp_path / "here", "now")
    folder(tmp_path / ".here.moviegenre-old", "old")
    restore_folder(tmp_path / "here")
    assert names(tmp_path) == [".here.moviegenre-old", "here"]


def test_a_folder_that_another_run_is_writing_is_left_to_it(tmp_path: Path) -> None:
    folder(tmp_path / ".here.moviegenre-old", "old")
    other = open_locked(tmp_path / ".here.moviegenre-lock", wait=False)
    assert other is not None
    restore_folder(tmp_path / "here")
    assert names(tmp_path) == [".here.moviegenre-lock", ".here.moviegenre-old"]
    os.close(other)
    restore_folder(tmp_path / "here")
    assert names(tmp_path) == ["here"]


def test_the_folder_of_the_moment_is_named_by_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = folder(tmp_path / "here", "old")
    monkeypatch.chdir(here)
    with atomic_folder(Path()) as new:
        assert new == tmp_path / ".here.moviegenre-new"
        (new / "file").write_text("new")
    assert (here / "file").read_text() == "new"
    assert names(tmp_path) == ["here"]
