"""What each mode does with each film."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from moviegenre.core.genre_mapping import read_names
from moviegenre.library.answers import Answer, FilmText
from moviegenre.library.nfo import parse_nfo
from moviegenre.library.plan import FilmChange, Mode, Options, Outcome, plan_changes
from moviegenre.library.walk import scan_library
from tests.unit.library.films import answer, nfo, put


def _plan(root: Path, options: Options) -> list[FilmChange]:
    chunks = plan_changes(scan_library(root), answer, options, chunk_films=2)
    return [change for chunk in chunks for change in chunk]


def _one(root: Path, **options: object) -> FilmChange:
    (change,) = _plan(root, Options(**options))  # type: ignore[arg-type] # names are checked there
    return change


def test_missing_fills_films_without_genres_only(tmp_path: Path) -> None:
    put(tmp_path, "A/movie.nfo", nfo("Sci-Fi then Crime"))
    put(tmp_path, "B/movie.nfo", nfo("Sci-Fi", "War"))
    put(tmp_path, "C/movie.nfo", nfo("nothing that says a genre"))
    put(tmp_path, "D/movie.nfo", nfo())
    put(tmp_path, "E/movie.nfo", nfo("Drama Crime Sci-Fi Film-Noir"))
    plan = _plan(tmp_path, Options())
    assert [(change.outcome, change.after) for change in plan] == [
        (Outcome.CHANGE, ("Sci-Fi", "Crime")),
        (Outcome.NOTHING_TO_DO, ("War",)),
        (Outcome.NOT_SURE, ()),
        (Outcome.NOT_SURE, ()),
        (Outcome.CHANGE, ("Drama", "Crime", "Sci-Fi")),
    ]
    assert plan[0].probabilities == pytest.approx((0.9, 0.8))
    assert [plan[2].note, plan[3].note] == [
        "no genre is probable enough",
        "no plot and no poster",
    ]
    assert plan[0].new is not None
    assert parse_nfo(plan[0].new).genres == ("Sci-Fi", "Crime")


def test_add_keeps_what_is_there(tmp_path: Path) -> None:
    put(tmp_path, "movie.nfo", nfo("Sci-Fi then Crime", "Science Fiction", "War"))
    change = _one(tmp_path, mode=Mode.ADD)
    assert change.after == ("Science Fiction", "War", "Crime")
    assert change.probabilities == pytest.approx((0.8,))
    put(tmp_path, "movie.nfo", nfo("Sci-Fi then Crime", "crime", "Science Fiction"))
    assert _one(tmp_path, mode=Mode.ADD).outcome == Outcome.NOTHING_TO_DO


def test_replace_puts_new_ones_in_their_place(tmp_path: Path) -> None:
    put(tmp_path, "movie.nfo", nfo("Sci-Fi then Crime", "War"))
    assert _one(tmp_path, mode=Mode.REPLACE).after == ("Sci-Fi", "Crime")
    put(tmp_path, "movie.nfo", nfo("Sci-Fi then Crime", "Sci-Fi", "Crime"))
    assert _one(tmp_path, mode=Mode.REPLACE).outcome == Outcome.NOTHING_TO_DO


def test_names_and_most(tmp_path: Path) -> None:
    put(tmp_path, "movie.nfo", nfo("Film-Noir Sci-Fi Crime"))
    change = _one(tmp_path, names=read_names("tmdb"), most=1)
    assert change.after == ("Science Fiction",)
    assert change.probabilities == pytest.approx((0.8,)), "the dropped genre does not count"
    put(tmp_path, "movie.nfo", nfo("Film-Noir"))
    change = _one(tmp_path, names=read_names("tmdb"))
    assert change.outcome == Outcome.NOTHING_TO_DO
    assert change.note == "the chosen names drop every genre predicted for it"


def test_a_genre_that_is_there_gets_no_second_name(tmp_path: Path) -> None:
    put(tmp_path, "movie.nfo", nfo("Sci-Fi then Crime", "Crime"))
    put(tmp_path, "names.csv", b"Crime,Krimi & Gangster\n")
    change = _one(tmp_path, mode=Mode.ADD, names=read_names(str(tmp_path / "names.csv")))
    assert change.after == ("Crime", "Sci-Fi")


def test_a_genre_that_is_there_does_not_stand_for_another_of_its_name(tmp_path: Path) -> None:
    put(tmp_path, "movie.nfo", nfo("Sci-Fi then Crime", "Crime"))
    put(tmp_path, "names.csv", b"Crime,Sci-Fi\n")
    change = _one(tmp_path, mode=Mode.ADD, names=read_names(str(tmp_path / "names.csv")))
    assert change.after == ("Crime", "Sci-Fi")


def test_posters_alone_are_written_when_asked_for(tmp_path: Path) -> None:
    put(tmp_path, "Dust (1999)/dust.mkv")
    put(tmp_path, "Dust (1999)/poster.jpg")
    change = _one(tmp_path)
    assert (change.outcome, change.old) == (Outcome.POSTER_ONLY, None)
    change = _one(tmp_path, from_poster=True, lock=True)
    assert change.outcome == Outcome.CHANGE
    assert change.new is not None
    written = parse_nfo(change.new)
    assert (written.title, written.year) == ("Dust", 1999)
    assert written.genres == ("Crime", "Sci-Fi", "Film-Noir")
    assert written.value("lockedfields") == "Genres"
    put(tmp_path, "Dust (1999)/dust.nfo", nfo())
    assert _one(tmp_path).outcome == Outcome.POSTER_ONLY


@pytest.mark.parametrize(
    ("folder", "video", "title", "year"),
    [
        ("The.Matrix.1999.1080p.BluRay.x264-GRP", "grp-matrix", "The Matrix", 1999),
        (".", "the.matrix.1999", "the matrix", 1999),
        ("[REC] (2007)", "[REC] (2007)", "[REC]", 2007),
        ("(500) Days of Summer (2009)", "x", "(500) Days of Summer", 2009),
        ("New folder", "grp-matrix", None, None),
    ],
)
def test_a_new_file_has_the_title_of_the_names(
    tmp_path: Path, folder: str, video: str, title: str | None, year: int | None
) -> None:
    put(tmp_path, f"{folder}/{video}.mkv")
    put(tmp_path, f"{folder}/{video}-poster.jpg")
    written = parse_nfo(_one(tmp_path, from_poster=True).new or b"")
    assert (written.title, written.year) == (title, year)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("lock", ["<lockdata>true", "<lockedfields>Name|Genres"])
def test_locked_genres_are_never_written(tmp_path: Path, mode: Mode, lock: str) -> None:
    element = f"{lock}</{lock[1:].split('>')[0]}>".encode()
    put(tmp_path, "movie.nfo", nfo("Sci-Fi").replace(b"</movie>", element + b"</movie>"))
    change = _one(tmp_path, mode=mode, lock=True)
    assert (change.outcome, change.new) == (Outcome.LOCKED, None)
    assert change.note.startswith(f"{lock.split('>')[0]}> locks its genres; unlock them in")


def test_two_files_of_a_film_never_disagree_silently(tmp_path: Path) -> None:
    put(tmp_path, "A/a.mkv")
    put(tmp_path, "A/a.nfo", nfo("Crime"))
    put(tmp_path, "A/movie.nfo", nfo("Crime", "War"))
    change = _one(tmp_path)
    assert (change.path, change.outcome) == (Path("A/movie.nfo"), Outcome.NOTHING_TO_DO)
    assert change.has_rival
    assert change.note == (
        "has genres. The film's other file a.nfo has no genres and is not changed; "
        "keep only one of them"
    )
    put(tmp_path, "A/a.nfo", nfo("", "Drama"))
    change = _one(tmp_path, mode=Mode.REPLACE)
    assert (change.outcome, change.after) == (Outcome.CHANGE, ("Crime",))
    assert "other file a.nfo has other genres (Drama) and is not changed" in change.note
    put(tmp_path, "A/a.nfo", nfo("", "Crime"))
    assert not _one(tmp_path, mode=Mode.REPLACE).has_rival


def test_a_title_alone_is_predicted_and_never_written(tmp_path: Path) -> None:
    put(tmp_path, "movie.nfo", nfo(title="Crime"))
    change = _one(tmp_path, from_poster=True)
    assert (change.outcome, change.after) == (Outcome.TITLE_ONLY, ("Crime",))


def test_files_that_cannot_be_changed_are_said(tmp_path: Path) -> None:
    put(tmp_path, "movie.nfo", b"<movie><plot>Crime</plot>")
    change = _one(tmp_path)
    assert (change.outcome, change.new) == (Outcome.UNREADABLE, None)
    assert "</movie> is missing" in change.note


def test_only_films_without_genres_are_asked_about(tmp_path: Path) -> None:
    for number in range(9):
        put(tmp_path, f"{number}/movie.nfo", nfo("Crime", *(["War"] if number % 3 else [])))
    sizes = []

    def counted(films: Sequence[FilmText]) -> list[Answer]:
        sizes.append(len(films))
        return answer(films)

    list(plan_changes(scan_library(tmp_path), counted, Options(), chunk_films=2))
    assert sizes == [2, 1]
