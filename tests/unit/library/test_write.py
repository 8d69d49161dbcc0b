"""Writing a library and taking it back, whatever comes in between."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from moviegenre.core.errors import BusyError, DataError
from moviegenre.library.journal import JOURNAL_FOLDER, Journal
from moviegenre.library.nfo import parse_nfo
from moviegenre.library.plan import FilmChange, Mode, Options, Outcome, plan_changes
from moviegenre.library.undo import _FOLDER_GONE, undo
from moviegenre.library.walk import scan_library
from moviegenre.library.write import writing
from tests.unit.library.films import answer, contents, nfo, put


def _fill(root: Path, *, mode: Mode = Mode.MISSING) -> list[FilmChange]:
    """Write a library as the command does."""
    library = scan_library(root)
    done: list[FilmChange] = []
    with writing(root) as writer:
        options = Options(mode=mode, from_poster=True)
        for chunk in plan_changes(library, answer, options, chunk_films=3):
            done += writer.write(chunk)
    return done


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    for number in range(7):
        put(root, f"{number}/movie.nfo", nfo("Crime Sci-Fi", title=f"Film {number}"))
    put(root, "bare/bare.mkv")
    put(root, "bare/poster.jpg", b"x")
    return root


def test_written_and_undone(library: Path) -> None:
    before = contents(library)
    done = _fill(library)
    assert {change.outcome for change in done} == {Outcome.CHANGE}
    assert all(change.old is None and change.new is None for change in done)
    after = contents(library)
    assert parse_nfo(after["bare/bare.nfo"]).genres == ("Crime", "Sci-Fi", "Film-Noir")
    assert parse_nfo(after["3/movie.nfo"]).genres == ("Crime", "Sci-Fi")
    assert {row.outcome for row in _fill(library)} == {Outcome.NOTHING_TO_DO}
    summary = undo(library)
    assert (summary.num_files, summary.num_restored, summary.skipped) == (8, 8, [])
    assert contents(library) == before
    assert undo(library).num_files == 0


def test_several_runs_are_undone_to_the_first(library: Path) -> None:
    before = contents(library)
    _fill(library)
    put(library, "0/movie.nfo", contents(library)["0/movie.nfo"].replace(b"Crime Sci-Fi", b"Drama"))
    edited = contents(library)["0/movie.nfo"]
    assert sum(row.outcome == Outcome.CHANGE for row in _fill(library, mode=Mode.REPLACE)) == 1
    summary = undo(library)
    after = contents(library)
    assert after.pop("0/movie.nfo") == edited, "what its owner changed in between stays"
    kept = [name for name in after if name.startswith(JOURNAL_FOLDER)]
    assert len(kept) == 1, "the first change of that file is not forgotten"
    del after[kept[0]]
    assert {**after, "0/movie.nfo": before["0/movie.nfo"]} == before
    ((path, reason, is_own_change),) = summary.skipped
    assert (path, is_own_change) == (Path("0/movie.nfo"), True)
    assert reason.startswith("the file was changed between two runs")
    assert summary.num_restored + summary.num_same + 1 == summary.num_files
    assert undo(library).skipped == [(path, "the file was changed since", True)]
    assert undo(library, overwrite=True).num_restored == 1
    assert contents(library) == before
    assert not Journal(library).exists()


def test_files_changed_since_are_left_alone(library: Path) -> None:
    plans = list(plan_changes(scan_library(library), answer, Options()))
    mine = put(library, "2/movie.nfo", nfo("My own"))
    (library / "3" / "movie.nfo").unlink()
    with writing(library) as writer:
        done = {row.path.as_posix(): row for plan in plans for row in writer.write(plan)}
    assert done["2/movie.nfo"].outcome == Outcome.CHANGED_SINCE
    assert done["2/movie.nfo"].after == ()
    assert done["3/movie.nfo"].outcome == Outcome.CHANGED_SINCE
    assert done["1/movie.nfo"].outcome == Outcome.CHANGE
    assert mine.read_bytes() == nfo("My own")


def test_undo_skips_what_was_changed_since_and_keeps_it_in_the_journal(library: Path) -> None:
    before = contents(library)
    _fill(library)
    written = contents(library)["2/movie.nfo"]
    put(library, "2/movie.nfo", b"mine")
    summary = undo(library)
    assert summary.skipped == [(Path("2/movie.nfo"), "the file was changed since", True)]
    assert contents(library)["2/movie.nfo"] == b"mine"
    put(library, "2/movie.nfo", written)
    assert undo(library).num_restored == 1
    assert contents(library) == before


def test_undo_restores_what_was_changed_or_deleted_since_if_it_may(library: Path) -> None:
    before = contents(library)
    _fill(library)
    put(library, "2/movie.nfo", b"mine")
    (library / "3" / "movie.nfo").unlink()
    summary = undo(library, overwrite=True)
    assert (summary.num_restored, summary.skipped) == (summary.num_files, [])
    assert contents(library) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_undo_says_where_files_of_a_renamed_folder_are(library: Path, overwrite: bool) -> None:
    before = contents(library)
    _fill(library)
    (library / "2").rename(library / "Film 2 (1999)")
    (library / "3").rename(library.parent / "elsewhere")
    (library / "4" / "movie.nfo").rename(library / "4" / "film.nfo")
    (library / "bare").rename(library / "Bare (1999)")
    summary = undo(library, overwrite=overwrite)
    back = "rename it back and undo again, or edit it there"
    assert summary.skipped == [
        (Path("2/movie.nfo"), f"it is now Film 2 (1999)/movie.nfo; {back}", False),
        (Path("3/movie.nfo"), _FOLDER_GONE, False),
        (Path("4/movie.nfo"), f"it is now 4/film.nfo; {back}", False),
        (Path("bare/bare.nfo"), f"it is now Bare (1999)/bare.nfo; {back}", False),
    ]
    assert not (library / "2").exists()
    (library / "Film 2 (1999)").rename(library / "2")
    (library.parent / "elsewhere").rename(library / "3")
    (library / "4" / "film.nfo").rename(library / "4" / "movie.nfo")
    (library / "Bare (1999)").rename(library / "bare")
    assert undo(library).num_restored == 4
    assert contents(library) == before


def test_the_first_change_outlives_an_undo_that_left_the_file_alone(library: Path) -> None:
    before = contents(library)
    _fill(library)
    put(library, "0/movie.nfo", contents(library)["0/movie.nfo"].replace(b"Crime Sci-Fi", b"Drama"))
    _fill(library, mode=Mode.REPLACE)
    written = contents(library)["0/movie.nfo"]
    put(library, "0/movie.nfo", b"mine")
    assert undo(library).skipped == [(Path("0/movie.nfo"), "the file was changed since", True)]
    put(library, "0/movie.nfo", written)
    assert [file.is_own_change for file in undo(library).skipped] == [True]
    assert undo(library, overwrite=True).num_restored == 1
    assert contents(library) == before


def test_mode_owner_and_attributes_stay(library: Path) -> None:
    file = library / "0" / "movie.nfo"
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
    before = file.stat()
    _fill(library)
    for _ in range(2):
        now = file.stat()
        assert stat.S_IMODE(now.st_mode) == 0o640
        assert (now.st_uid, now.st_gid) == (before.st_uid, before.st_gid)
        undo(library)


def test_a_file_whose_owner_cannot_be_kept_is_left_alone(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of somebody else's")
    os.chown(library / "0" / "movie.nfo", 1234, 4321)
    before = contents(library)["0/movie.nfo"]

    def refuse(_descriptor: int, _owner: int, _group: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "fchown", refuse)
    (failed,) = (row for row in _fill(library) if row.outcome == Outcome.FAILED)
    assert failed.note == "its owner cannot be kept; run the command as the owner of the files"
    assert contents(library)["0/movie.nfo"] == before
    assert not list((library / "0").glob(".*"))


def test_nothing_outside_is_opened_for_writing(
    library: Path, tmp_path: Path, opened_for_writing: list[str]
) -> None:
    outside = put(tmp_path, "outside/movie.nfo", nfo("Crime"))
    os.symlink(outside.parent, library / "link")
    trap = put(tmp_path, "trap", b"untouched")
    os.symlink(trap, library / "0" / ".movie.nfo.moviegenre-part")
    os.symlink(trap, library / f".{JOURNAL_FOLDER}.moviegenre-lock")
    plans = list(plan_changes(scan_library(library), answer, Options()))
    (library / "1").rename(tmp_path / "moved")
    os.symlink(tmp_path / "moved", library / "1")
    opened_for_writing.clear()
    with writing(library) as writer:
        done = {row.path.as_posix(): row for plan in plans for row in writer.write(plan)}
    undo(library)
    assert done["0/movie.nfo"].outcome == Outcome.CHANGE
    assert done["1/movie.nfo"].note == "a link stands on the way to the file"
    assert opened_for_writing
    inside = f"{library.resolve()}{os.sep}"
    assert [one for one in opened_for_writing if not f"{one}{os.sep}".startswith(inside)] == []
    assert trap.read_bytes() == b"untouched"


_seen: list[list[str]] = []


@pytest.fixture
def opened_for_writing() -> Iterator[list[str]]:
    """Return the paths that are opened for writing, renamed or removed from now on."""
    if not _seen:
        _seen.append([])
        sys.addaudithook(_note)
    paths: list[str] = []
    _seen[0] = paths
    yield paths
    _seen[0] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        is_path = isinstance(arguments[0], str | bytes | Path)  # else an open descriptor
        if is_path and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            _seen[0].append(os.fsdecode(arguments[0]))
    elif event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.chown"):
        _seen[0] += [os.fsdecode(one) for one in arguments[:2] if isinstance(one, str | Path)]


def test_a_dry_run_writes_nothing(library: Path, opened_for_writing: list[str]) -> None:
    list(plan_changes(scan_library(library), answer, Options()))
    assert opened_for_writing == []


def test_one_run_at_a_time(library: Path) -> None:
    with writing(library), ThreadPoolExecutor(1) as pool:  # another thread counts as another run
        other = pool.submit(writing(library).__enter__)
        with pytest.raises(BusyError, match="is being written by another run"):
            other.result()


def test_a_film_that_cannot_be_written_does_not_stop_the_rest(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(library)

    def refuse(number: int) -> Any:
        def replace(self: Path, target: Path) -> Path:
            if target.parent.name == "2" and target.name == "movie.nfo":
                raise OSError(number, os.strerror(number), str(target))
            os.replace(self, target)
            return Path(target)

        return replace

    monkeypatch.setattr(Path, "replace", refuse(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        _fill(library)
    monkeypatch.setattr(Path, "replace", refuse(errno.EACCES))
    failed = [row for row in _fill(library) if row.outcome == Outcome.FAILED]
    assert [(row.path, row.note) for row in failed] == [(Path("2/movie.nfo"), "Permission denied")]
    monkeypatch.undo()
    undo(library)
    assert contents(library) == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"before": "', b'"before": "AAAA', "a file in it is not what was written"),
        (b'"path": "', b'"path": "../', "it names '../"),
        (b"journal-1", b"journal-9", "another version"),
    ],
)
def test_a_damaged_journal_changes_nothing(
    library: Path, old: bytes, new: bytes, message: str
) -> None:
    _fill(library)
    written = contents(library)
    file = library / JOURNAL_FOLDER / "00000002.jsonl"
    file.write_bytes(file.read_bytes().replace(old, new, 1))
    with pytest.raises(DataError, match=message):
        undo(library)
    file.write_bytes(written[f"{JOURNAL_FOLDER}/00000002.jsonl"])
    assert contents(library) == written


def test_a_link_in_the_journals_place_is_refused(library: Path, tmp_path: Path) -> None:
    os.symlink(tmp_path, library / JOURNAL_FOLDER)
    with pytest.raises(DataError, match="is no folder of this library"):
        undo(library)


_FILL_OR_UNDO = """
import sys
from pathlib import Path
from moviegenre.library.undo import _FOLDER_GONE, undo
from tests.unit.library.test_write import _fill
print("ready", flush=True)
undo(Path(sys.argv[1])) if sys.argv[2] == "undo" else _fill(Path(sys.argv[1]))
"""


def _killed(library: Path, what: str, seconds: float) -> int:
    """Fill or undo a library in a process of its own, and kill it so many seconds later."""
    process = subprocess.Popen(
        [sys.executable, "-c", _FILL_OR_UNDO, str(library), what],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    status = process.wait()
    process.stdout.close()
    return status


def _survives_kills(library: Path, num_kills: int, longest: float) -> list[int]:
    for number in range(40):
        put(library, f"more {number}/movie.nfo", nfo("Sci-Fi Crime", title=str(number)))
    before = contents(library)
    statuses = []
    for number in range(num_kills):
        share = (number + 0.5) / num_kills
        statuses.append(_killed(library, "fill", longest * share))
        if number % 2:
            statuses.append(_killed(library, "undo", longest * share))
        if number % 3 == 0:
            undo(library)
            assert contents(library) == before
    assert {row.outcome for row in _fill(library)} <= {Outcome.CHANGE, Outcome.NOTHING_TO_DO}
    assert all(
        parse_nfo(content).genres
        for path, content in contents(library).items()
        if path.endswith("movie.nfo")
    )
    undo(library)
    assert contents(library) == before
    return statuses


def test_a_kill_at_any_moment_is_undone(library: Path) -> None:
    assert -signal.SIGKILL in _survives_kills(library, num_kills=4, longest=0.08)


@pytest.mark.torture
def test_many_kills_are_undone(library: Path) -> None:
    statuses = _survives_kills(library, num_kills=60, longest=0.15)
    assert statuses.count(-signal.SIGKILL) > 20
