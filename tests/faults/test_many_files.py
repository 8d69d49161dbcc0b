"""A failure of the system stops a command that reads many files; a bad file is one film's row."""

import csv
import errno
import json
import os
import tarfile
from pathlib import Path

import pytest

from moviegenre.apps.cli import main
from moviegenre.core.reading import is_there, raise_system_error
from moviegenre.data.spool import Spool
from moviegenre.data.synthetic.generate import synthesize
from tests.faults.faulty_calls import FaultyCalls
from tests.faults.worlds import contents, hidden_files
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint

SYSTEM = ("EIO", "EMFILE", "ENFILE", "ENOMEM", "ENOSPC", "EROFS", "ESTALE", "EDQUOT")
PREPARE = ("data", "prepare", "--out", "prepared", "--min-movies", "1", "--quiet")


def run(arguments: list[str]) -> int:
    """Run a command and return its exit status."""
    try:
        main(arguments)
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def write_movies(root: Path, source: str) -> str:
    """Write made-up movies as a folder or as a table with posters, and return its name."""
    synthesize(root / "movies", 24, 0)
    if source == "folder":
        return "movies"
    records = sorted((root / "movies" / "dataset").glob("*.json"))
    with (root / "films.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "plot", "genres", "poster"])
        for path in records:
            film = json.loads(path.read_text(encoding="utf-8"))
            poster = path.with_suffix(".jpeg").relative_to(root)
            writer.writerow([path.stem, film["plot"][0], "|".join(film["genres"]), poster])
    return "films.csv"


@pytest.mark.parametrize("kind", SYSTEM)
def test_system_errors(kind: str) -> None:
    with pytest.raises(OSError, match=kind) as failed:
        raise_system_error(OSError(getattr(errno, kind), kind), Path("a/b.json"))
    assert failed.value.filename == str(Path("a/b.json"))
    with pytest.raises(OSError, match=kind) as failed:
        raise_system_error(OSError(getattr(errno, kind), kind, "other"), Path("a/b.json"))
    assert failed.value.filename == "other"


@pytest.mark.parametrize("kind", ["EACCES", "ENOENT", "ELOOP", "EISDIR", "ENAMETOOLONG"])
def test_errors_of_one_file(kind: str) -> None:
    error = OSError(getattr(errno, kind), kind)
    raise_system_error(error, Path("a/b.json"))
    raise_system_error(OSError("the image is cut off"), Path("a/b.json"))
    raise_system_error(ValueError("no JSON"), Path("a/b.json"))
    assert error.filename is None


@pytest.mark.parametrize(
    ("source", "suffix"), [("folder", ".json"), ("folder", ".jpeg"), ("table", ".jpeg")]
)
@pytest.mark.parametrize("kind", ["EIO", "EMFILE", "EROFS", "EACCES", "ENOENT"])
def test_prepare(
    fast_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    suffix: str,
    kind: str,
) -> None:
    monkeypatch.chdir(fast_folder)
    arguments = [*PREPARE, write_movies(fast_folder, source)]
    if source == "table":
        arguments += ["--poster-column", "poster", "--id-column", "id"]
    clean = FaultyCalls(fast_folder)
    with clean.installed():
        assert run(arguments) == 0
    expected = contents(fast_folder, ["prepared"])
    opened = [n for n, call in enumerate(clean.calls, 1) if call.endswith(suffix)]
    path = fast_folder / clean.calls[opened[5] - 1].partition(" /")[2]
    capsys.readouterr()
    arguments.append("--overwrite")
    with FaultyCalls(fast_folder, opened[5], kind).installed():
        status = run(arguments)
    error = capsys.readouterr().err
    if kind in SYSTEM:
        assert status == 2
        assert error.startswith(f"error: {path}: ")
        assert error.endswith("run the same command again\n") or kind == "EROFS"
        assert len(error.splitlines()) == 1
        assert contents(fast_folder, ["prepared"]) == expected
        assert run(arguments) == 0
        assert contents(fast_folder, ["prepared"]) == expected
        assert hidden_files(fast_folder) == []
    else:
        assert status == 0
        excluded = (fast_folder / "prepared" / "excluded.csv").read_text(encoding="utf-8")
        assert path.stem in excluded
        assert os.strerror(getattr(errno, kind)) in excluded


@pytest.mark.parametrize("kind", ["EIO", "EMFILE", "EACCES"])
def test_predict(
    fast_folder: Path,
    bert_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    monkeypatch.chdir(fast_folder)
    save_tiny(Path("model"), tiny_checkpoint("early_fusion", bert_folder), None)
    write_movies(fast_folder, "table")
    arguments = ["predict", "--checkpoint", "model", "--input", "films.csv", "--quiet", "--out"]
    clean = FaultyCalls(fast_folder)
    with clean.installed():
        assert run([*arguments, "clean.jsonl"]) == 0
    expected = Path("clean.jsonl").read_bytes()
    opened = [n for n, call in enumerate(clean.calls, 1) if call.endswith(".jpeg")]
    path = fast_folder / clean.calls[opened[5] - 1].partition(" /")[2]
    capsys.readouterr()
    with FaultyCalls(fast_folder, opened[5], kind).installed():
        status = run([*arguments, "films.jsonl"])
    error = capsys.readouterr().err
    if kind == "EACCES":
        assert status == 0
        answers = [json.loads(line) for line in Path("films.jsonl").read_text().splitlines()]
        (fault,) = [answer["error"] for answer in answers if answer["error"]]
        assert fault == f"{path} cannot be read: Permission denied; the plot alone was used"
        return
    assert status == 2
    assert error.startswith(f"error: {path}: {os.strerror(getattr(errno, kind)).lower()[:5]}")
    assert "; finished parts are kept in " in error
    assert len(error.splitlines()) == 1
    assert not Path("films.jsonl").exists()
    assert run([*arguments, "films.jsonl"]) == 0
    assert Path("films.jsonl").read_bytes() == expected
    assert hidden_files(fast_folder) == []


def test_a_poster_whose_name_cannot_be_looked_up(
    fast_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    assert not is_there(fast_folder / "absent")
    assert not is_there(Path("a\0b"))
    monkeypatch.setattr(os, "lstat", fail)
    with pytest.raises(OSError, match="error") as failed:
        is_there(fast_folder / "absent")
    assert failed.value.filename == str(fast_folder / "absent")


def test_an_archive_is_not_blamed_for_a_full_disk(
    fast_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(spool: Spool, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.chdir(fast_folder)
    synthesize(Path("movies"), 24, 0)
    with tarfile.open("movies.tar", "w") as archive:
        archive.add("movies")
    monkeypatch.setattr(Spool, "append", fail)
    assert run([*PREPARE, "movies.tar"]) == 2
    error = capsys.readouterr().err
    assert "no space left on device" in error
    assert error.endswith("free some disk space and run the same command again\n")
    assert not Path("prepared").exists()
