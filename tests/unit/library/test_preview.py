"""A preview of which some films are written later."""

from pathlib import Path

import pytest

from moviegenre.core.genre_mapping import read_names
from moviegenre.library.nfo import parse_nfo
from moviegenre.library.plan import FilmChange, Mode, Options, Outcome
from moviegenre.library.preview import Preview
from moviegenre.library.undo import can_undo, undo
from moviegenre.library.walk import scan_library
from moviegenre.library.write import writing
from tests.unit.library.films import answer, contents, nfo, put


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    put(root, "0/movie.nfo", nfo("Crime Sci-Fi"))
    put(root, "1/movie.nfo", nfo("Drama", "War"))
    put(root, "2/movie.nfo", nfo("nothing"))
    put(root, "3/dust.mkv")
    put(root, "3/poster.jpg", b"x")
    return root


def planned(root: Path, options: Options) -> tuple[Preview, dict[int, FilmChange]]:
    """Return a preview with the changes it showed, by number."""
    preview = Preview(scan_library(root), options)
    return preview, {n: change for rows in preview.changes(answer) for n, change in rows}


def write(root: Path, preview: Preview, *numbers: int) -> dict[int, FilmChange]:
    """Write films of a preview and return what became of them."""
    with writing(root) as writer:
        return {n: change for rows in preview.write(writer, numbers) for n, change in rows}


def test_only_what_would_change_can_be_accepted(library: Path) -> None:
    preview, shown = planned(library, Options())
    assert [shown[n].outcome for n in (1, 2, 3, 4)] == [
        Outcome.CHANGE,
        Outcome.NOTHING_TO_DO,
        Outcome.NOT_SURE,
        Outcome.POSTER_ONLY,
    ]
    assert {n: film.genres for n, film in preview.planned.items()} == {1: ("Crime", "Sci-Fi")}
    assert all(change.old is None and change.new is None for change in shown.values())


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("lock", [False, True])
def test_what_is_accepted_is_written_as_the_command_writes_it(
    library: Path, mode: Mode, lock: bool
) -> None:
    before = contents(library)
    options = Options(mode, 2, read_names("tmdb"), lock, from_poster=True)
    preview, shown = planned(library, options)
    wanted = list(preview.planned)
    done = write(library, preview, *wanted)
    for number, change in done.items():
        now, was = contents(library)[change.path.as_posix()], shown[number]
        assert (change.outcome, change.after) == (Outcome.CHANGE, was.after)
        assert parse_nfo(now).genres == was.after
        assert change.probabilities == was.probabilities
        assert (b"<lockedfields>Genres</lockedfields>" in now) is lock
    expected = {Mode.MISSING: {1, 4}, Mode.ADD: {1, 2, 4}, Mode.REPLACE: {1, 2, 4}}
    assert set(done) == expected[mode]
    assert preview.planned == {}
    assert can_undo(library)
    undo(library)
    assert contents(library) == before
    assert not can_undo(library)


def test_films_that_are_not_accepted_stay(library: Path) -> None:
    put(library, "5/movie.nfo", nfo("Drama"))
    before = contents(library)
    preview, _ = planned(library, Options())
    assert list(preview.planned) == [1, 5]
    write(library, preview, 5)
    after = contents(library)
    assert after["0/movie.nfo"] == before["0/movie.nfo"]
    assert list(preview.planned) == [1]
    assert write(library, preview, 5, 99) == {}, "it is written, and there is no such film"


def test_files_that_changed_since_the_preview_are_left_alone(library: Path) -> None:
    put(library, "5/movie.nfo", nfo("Drama"))
    put(library, "6/movie.nfo", nfo("Drama"))
    preview, _ = planned(library, Options(from_poster=True))
    put(library, "0/movie.nfo", nfo("Crime Sci-Fi Drama"))
    (library / "5" / "movie.nfo").unlink()
    put(library, "3/dust.nfo", nfo("mine"))
    (library / "6" / "movie.nfo").unlink()
    (library / "6" / "movie.nfo").mkdir()
    before = contents(library)
    done = write(library, preview, *list(preview.planned))
    assert {n: (change.outcome, change.note) for n, change in done.items()} == {
        1: (Outcome.CHANGED_SINCE, "the file was changed since the preview"),
        4: (Outcome.CHANGED_SINCE, "the file was changed since the preview"),
        5: (Outcome.CHANGED_SINCE, "the file was changed since the preview"),
        6: (
            Outcome.CHANGED_SINCE,
            f"{library / '6' / 'movie.nfo'} is a folder; expected an .nfo file",
        ),
    }
    assert contents(library) == before
    assert list(preview.planned) == [1, 4, 5, 6], "they may be as they were again"
