"""Every call of the writers at the bottom fails in every way: whole, old or new, and nothing else.

And a few calls of three commands, within this process; ``test_commands.py`` has all of them.
"""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from moviegenre.apps.cli import main
from moviegenre.core.files import write_text
from moviegenre.core.folders import atomic_folder, restore_folder
from moviegenre.core.seals import read_sealed, sealed_file
from tests.faults.faulty_calls import KINDS, FaultyCalls
from tests.faults.worlds import COMMANDS, contents, hidden_files


def write_file(root: Path) -> None:
    """Replace a file."""
    write_text(root / "file", "new")


def write_sealed(root: Path) -> None:
    """Replace a sealed file."""
    with sealed_file(root / "sealed") as stream:
        stream.write(b"new")


def write_folder(root: Path) -> None:
    """Replace a folder."""
    with atomic_folder(root / "folder") as folder:
        write_text(folder / "one", "new")
        (folder / "more").mkdir()
        (folder / "more" / "two").write_text("new")


def state(root: Path) -> dict[str, bytes]:
    """Return every file and what it holds."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def start(root: Path) -> dict[str, bytes]:
    """Write what is there before."""
    root.mkdir()
    (root / "file").write_text("old")
    with sealed_file(root / "sealed") as stream:
        stream.write(b"old")
    (root / "folder").mkdir()
    (root / "folder" / "old").write_text("old")
    return state(root)


@pytest.mark.parametrize("write", [write_file, write_sealed, write_folder])
def test_every_failure_of_every_call(fast_folder: Path, write: Callable[[Path], None]) -> None:
    before = start(fast_folder / "clean")
    faults = FaultyCalls(fast_folder / "clean")
    with faults.installed():
        write(fast_folder / "clean")
    after = state(fast_folder / "clean")
    tried = 0
    for number, call in enumerate(faults.calls, 1):
        for kind in KINDS[call.partition(" ")[0]]:
            root = fast_folder / f"{number}-{kind}"
            start(root)
            told = failure(write, root, FaultyCalls(root, number, kind))
            assert told in (None, kind), (call, kind)
            restore_folder(root / "folder")
            left = {name: held for name, held in state(root).items() if "moviegenre-" not in name}
            assert left in (before, after), (call, kind, left)
            write(root)
            assert state(root) == after, (call, kind)
            tried += 1
    assert tried >= 18
    if write is write_sealed:
        assert read_sealed(fast_folder / "clean" / "sealed") == b"new"


def failure(write: Callable[[Path], None], root: Path, faults: FaultyCalls) -> str | None:
    """Return the kind of failure that came out of a call; None where none did."""
    try:
        with faults.installed():
            write(root)
    except MemoryError:
        return "MEMORY"
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return None


@pytest.mark.parametrize("name", ["prepare --overwrite", "stats", "predict csv"])
def test_a_few_calls_of_commands(
    fast_folder: Path,
    bert_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    command = COMMANDS[name]

    def world(title: str) -> Path:
        root = fast_folder / title
        root.mkdir()
        command.world(root, bert_folder)
        monkeypatch.chdir(root)
        return root

    def run() -> int:
        try:
            main(list(command.arguments))
        except SystemExit as stopped:
            return int(stopped.code or 0)
        return 0

    root = world("clean")
    clean = FaultyCalls(root)
    with clean.installed():
        assert run() == 0
    expected = contents(root, command.outputs)
    changing = [
        number
        for number, call in enumerate(clean.calls, 1)
        if call.partition(" ")[0] in ("write", "rename", "fsync", "create")
    ]
    assert len(changing) >= 4
    for number in changing[:: max(1, len(changing) // 3)]:
        kind = "EIO" if number % 2 else "ENOSPC"
        root = world(f"{number}")
        capsys.readouterr()
        if clean.calls[number - 1].startswith("create"):
            kind = "EROFS"
        with FaultyCalls(root, number, kind).installed():
            assert run() == 2, clean.calls[number - 1]
        assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")
        assert run() == 0
        assert contents(root, command.outputs) == expected
        assert hidden_files(root) == []
