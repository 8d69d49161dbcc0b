"""``moviegenre library`` as it is typed, with a model that answers by words."""

import csv
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import moviegenre
from moviegenre.apps.cli import main
from moviegenre.library import answers
from tests.unit.library.films import GENRES, answer, contents, nfo, put

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command line and returns exit status, output and errors."""
    monkeypatch.setenv("COLUMNS", "140")
    model = SimpleNamespace(model=SimpleNamespace(genres=GENRES))
    monkeypatch.setattr(moviegenre, "load", lambda *_, **__: model)
    monkeypatch.setattr(answers, "model_answers", lambda _: answer)

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(["library", *map(str, arguments)])
        shown = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, shown.out, shown.err

    return call


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "films"
    put(root, "A/movie.nfo", nfo("Sci-Fi then Crime", title="Ash"))
    put(root, "B/movie.nfo", nfo("Drama", "War"))
    put(root, "C/movie.nfo", nfo("nothing"))
    put(root, "D/d.mkv")
    put(root, "D/poster.jpg", b"x")
    put(root, "show/tvshow.nfo", b"<tvshow/>")
    return root


def test_a_dry_run_shows_the_changes_and_writes_nothing(run: Run, library: Path) -> None:
    before = contents(library)
    code, out, _ = run(library, "--quiet")
    assert code == 0
    assert "Ash" in out
    assert "genres now" in out
    assert "genres after" in out
    assert "Sci-Fi 90 %, Crime 80 %" in out
    assert "poster only: add --from-poster to write" in out
    assert "4 films: 1 would change, 1 nothing to do, 1 not sure, 1 poster only" in out
    assert "left alone: series (1)" in out
    assert "not sure: C/movie.nfo: no genre is probable enough" in out
    assert "nothing was written; add --write to write these genres" in out
    assert contents(library) == before


def test_write_and_undo(run: Run, library: Path, tmp_path: Path) -> None:
    before, report = contents(library), tmp_path / "report.csv"
    options = ("--write", "--from-poster", "--names", "tmdb", "--lock", "--most", "2")
    code, out, _ = run(library, *options, "--report", report)
    assert code == 0
    assert "2 written" in out
    assert f"to restore the files: moviegenre library {library} --undo" in out
    written = (library / "A" / "movie.nfo").read_text()
    genres = "  <genre>Science Fiction</genre>\n  <genre>Crime</genre>\n"
    assert f"{genres}  <lockedfields>Genres</lockedfields>\n" in written
    assert (library / "D" / "d.nfo").is_file()
    with report.open(encoding="utf-8", newline="") as stream:
        outcomes = [row["outcome"] for row in csv.DictReader(stream)]
    assert outcomes == ["written", "nothing to do", "not sure", "written"]
    assert "0 written, 3 nothing to do, 1 not sure" in run(library, "--write", "--quiet")[1]
    code, out, _ = run(library, "--undo")
    assert (code, "2 files restored, 0 were as before, 0 left alone" in out) == (0, True)
    assert contents(library) == before
    assert run(library, "--undo")[1] == (
        f"nothing to undo: this command wrote nothing in {library}, or all of it is restored\n"
    )


def test_films_of_one_name_are_told_apart(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(library, "B/movie.nfo", nfo("Drama", title="Ash"))
    assert "B/movie.nfo" in run(library, "--quiet")[1], "a wide terminal shows every path"
    monkeypatch.setenv("COLUMNS", "80")
    out = run(library, "--quiet")[1]
    assert [path in out for path in ("A/movie.nfo", "B/movie.nfo", "D/d.nfo")] == [True] * 3
    assert max(map(len, out.partition("4 films")[0].splitlines())) <= 80
    put(library, "B/movie.nfo", nfo("Drama", title="Fire"))
    assert "A/movie.nfo" not in run(library, "--quiet")[1]


def test_every_film_that_is_left_alone_has_its_reason(run: Run, tmp_path: Path) -> None:
    put(tmp_path, "A/a.mkv")
    put(tmp_path, "A/poster.jpg", b"x")
    put(tmp_path, "A/a.nfo", b"https://example.org/7")
    out = run(tmp_path)[1]
    assert f"{tmp_path}: no film that can be changed; expected movie.nfo" in out
    assert "left alone: .nfo files with only a web address (1)\n" in out
    assert "the address stays; nothing is written for these films" in out
    put(
        tmp_path, "A/a.nfo", nfo("Crime").replace(b"</movie>", b"<lockdata>true</lockdata></movie>")
    )
    out = run(tmp_path, "--quiet")[1]
    assert "1 film: 0 would change, 1 locked\nlocked: A/a.nfo: <lockdata> locks its genres" in out
    put(tmp_path, "A/a.nfo", nfo("Crime"))
    put(tmp_path, "A/movie.nfo", nfo("Crime", "War"))
    out = run(tmp_path, "--quiet")[1]
    assert (
        "two .nfo files: A/movie.nfo: has genres. The film's other file a.nfo has no genres" in out
    )


def test_notes_are_sentences_and_films_are_counted(run: Run, tmp_path: Path) -> None:
    for number in range(41):
        put(tmp_path, f"{number}/movie.nfo", nfo("Crime", title=f"Film {number}"))
    assert "and 1 more film; --report FILE lists all\n" in run(tmp_path, "--quiet")[1]
    put(tmp_path, "0/movie.nfo", nfo("", title="Crime"))
    put(tmp_path, "0/other.mkv")
    put(tmp_path, "0/other.nfo", nfo("", "War"))
    note = "title only: not written. The film's other file other.nfo"
    assert note in " ".join(run(tmp_path, "--quiet")[1].split())
    row = next(
        line
        for line in run(tmp_path, "--write", "--quiet")[1].splitlines()
        if "title only:" in line
    )
    assert row.split("title only:")[0].split()[-2:] == ["-", "-"], "no genre was written"


def test_a_file_of_ones_own_is_no_report(run: Run, library: Path, tmp_path: Path) -> None:
    for name, content in (("mine.csv", "path,title\n"), ("mine.json", "[]")):
        mine = tmp_path / name
        mine.write_text(content)
        code, out, err = run(library, "--quiet", "--report", mine)
        assert (code, out, mine.read_text()) == (2, "", content)
        assert err == (
            f"error: {mine} is there and is no report of this command; name another file, or "
            "replace it with --overwrite\n"
        )
        assert run(library, "--quiet", "--report", mine, "--overwrite")[0] == 0
        assert run(library, "--quiet", "--report", mine)[0] == 0, "an earlier report is replaced"


def test_undo_says_what_it_leaves_alone(run: Run, library: Path) -> None:
    before = contents(library)
    run(library, "--write", "--quiet")
    put(library, "A/movie.nfo", b"mine")
    code, out, _ = run(library, "--undo", "--quiet")
    assert code == 1
    assert "left alone: A/movie.nfo: the file was changed since" in out
    assert "add --overwrite" in out
    assert f"to keep these files as they are, delete {library}/.moviegenre-journal" in out
    code, out, _ = run(library, "--undo", "--overwrite", "--quiet")
    assert (code, contents(library)) == (0, before)


def test_ctrl_c_says_how_to_go_on(
    run: Run, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(130):
        put(library, f"more/{number:03d}/movie.nfo", nfo("Crime"))
    calls: list[int] = []

    def interrupted(films: Any) -> Any:
        calls.append(len(films))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return answer(films)

    monkeypatch.setattr(answers, "model_answers", lambda _: interrupted)
    report = tmp_path / "report.json"
    code, _, err = run(library, "--write", "--quiet", "--report", report)
    assert code == 130
    assert err.splitlines() == [
        "interrupted; films written before: 126; the same command goes on from there, and "
        f"moviegenre library {library} --undo restores them"
    ]
    assert report.read_text().count('"written"') == 126
    monkeypatch.setattr(answers, "model_answers", lambda _: answer)
    assert "5 written, 127 nothing to do" in run(library, "--write", "--quiet")[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--undo", "--write", "--most", "2"),
            "--write, --most have no effect on --undo; leave them out",
        ),
        (("--overwrite",), "--overwrite has no effect without --undo or --report"),
        (("--names", "tvdb"), "unknown names 'tvdb'"),
        (("--report", "r.txt"), "expected .csv or .json"),
        (("--mode", "some"), "'some' is not one of"),
        (("--most", "0"), "found '0', expected at least 1"),
    ],
)
def test_options_that_do_not_fit(
    run: Run, library: Path, options: tuple[str, ...], message: str
) -> None:
    code, out, err = run(library, *options)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1


def test_names_that_the_model_does_not_have(run: Run, library: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("Scify,Science Fiction\n")
    code, _, err = run(library, "--names", names)
    assert code == 2
    assert "unknown genre 'Scify'" in err


def test_no_library(run: Run, tmp_path: Path) -> None:
    code, _, err = run(tmp_path / "none")
    assert code == 2
    assert "none does not exist; expected a folder of films" in err


def test_an_empty_library_loads_no_model(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moviegenre, "load", None)
    printed = run(tmp_path)[1]
    assert printed.startswith(f"{tmp_path}: no film found; expected movie.nfo")
    assert printed.count("\n") == 1
