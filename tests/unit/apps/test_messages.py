"""Messages are one line that a terminal only shows, whatever names of files they repeat."""

import io
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from moviegenre.apps.cli import main
from moviegenre.apps.messages import MessageFormatter, StderrHandler, echo
from moviegenre.core.errors import printable
from tests.tiny_movies import write_prepared

NAME = "a\x1b[2J\x07\nerror: b\x9b1m\u202e\r"
SHOWN = r"a\x1b[2J\x07\nerror: b\x9b1m\u202e\r"


def test_printable() -> None:
    assert printable(NAME) == SHOWN
    assert printable("Der Täter, 殺人者 (1947) \\x1b") == "Der Täter, 殺人者 (1947) \\x1b"
    assert printable("no UTF-8: \udcff") == r"no UTF-8: \udcff"


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "--input", f"{NAME}.csv", "--out", "out.csv"],
        ["predict", "--input", "films.csv", "--out", f"{NAME}.exe"],
        ["predict", "--poster", f"{NAME}.jpeg"],
        ["train", "lstm", "--config", f"{NAME}.yaml"],
        ["train", NAME],
        ["evaluate", "--checkpoint", f"{NAME}/best.pth"],
        ["data", "prepare", NAME, "--out", "new"],
        ["data", "stats", NAME],
        ["data", "stats", "--nothing", NAME, f"--{NAME}"],
        ["data", "stats", "data", "--json", f"data/genres.json/{NAME}"],
    ],
)
def test_errors(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_prepared(tmp_path / "data", (4, 2, 2))
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.endswith("\n")
    assert error[:-1].isprintable()


def test_what_is_said_of_a_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_prepared(tmp_path / "data", (4, 2, 2))
    with pytest.raises(SystemExit) as ended:
        main(["data", "stats", "data", "--json", NAME])
    assert ended.value.code == 0
    assert capsys.readouterr().out.endswith(f"\nwrote {SHOWN}\n")
    assert (tmp_path / NAME).is_file()


def test_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("a", logging.WARNING, "a.py", 1, "%s is damaged", (NAME,), None)
    assert MessageFormatter().format(record) == f"{SHOWN} is damaged"
    try:
        raise ValueError("a fault")
    except ValueError:
        record.exc_info = sys.exc_info()
    lines = MessageFormatter().format(record).splitlines()
    assert lines[0] == f"{SHOWN} is damaged"
    assert lines[-1] == "ValueError: a fault"
    echo(NAME, err=True)
    assert capsys.readouterr() == ("", f"{SHOWN}\n")


def test_a_warning_of_the_command_line(tmp_path: Path) -> None:
    code = (
        "import logging, sys; from types import SimpleNamespace as Context; "
        "from moviegenre.apps.cli import _options; "
        "_options(Context(invoked_subcommand=None), False, False); "
        "logging.getLogger('moviegenre').warning('%s is damaged', sys.argv[1])"
    )
    command = [sys.executable, "-c", code, NAME]
    done = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path)
    assert done.stderr.decode() == f"{SHOWN} is damaged\n"


class _Unbuffered(io.StringIO):
    """Standard error as ``python -u`` has it: every write reaches the file at once."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return super().write(text)


def test_a_record_is_written_in_one_piece_so_that_processes_can_share_a_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stderr = _Unbuffered()
    monkeypatch.setattr(sys, "stderr", stderr)
    handler = StderrHandler()
    handler.setFormatter(MessageFormatter())
    for message in ("first", "x" * 10_000):
        handler.emit(logging.makeLogRecord({"msg": message}))
    assert stderr.pieces == ["first\n", "x" * 10_000 + "\n"]
