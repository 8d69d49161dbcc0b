"""The command line's answers to errors that no setting causes."""

import errno
from typing import Any

import pytest
from typer.main import get_command

from moviegenre.apps import cli


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException, note: str = "") -> None:
    """Let every command end in an error."""

    def run(**_: object) -> None:
        if note:
            error.add_note(note)
        raise error

    monkeypatch.setattr(cli, "app", run)


LEFT = "every file is whole, old or new"
NOTE = "finished intervals are kept in checkpoints/lstm; continue with --resume"
NO_MEMORY = (
    f"error: not enough memory; {LEFT}; close other programs, or ask for less at once (a "
    "smaller batch, shorter plots), and run the same command again"
)


@pytest.mark.parametrize(
    ("error", "note", "status", "message"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "runs/a/best.pth"),
            "",
            cli.USER_ERROR,
            f"error: runs/a/best.pth: no space left on device; {LEFT}; free some disk space and "
            "run the same command again",
        ),
        (
            OSError(errno.EIO, "Input/output error"),
            NOTE,
            cli.USER_ERROR,
            f"error: input/output error; {NOTE}; check the disk or its connection, then run the "
            "same command again",
        ),
        (MemoryError(), "", cli.USER_ERROR, NO_MEMORY),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
            "",
            cli.USER_ERROR,
            NO_MEMORY,
        ),
        (
            KeyboardInterrupt(),
            "",
            cli.INTERRUPTED,
            f"interrupted; {LEFT}; run the same command again",
        ),
        (KeyboardInterrupt(), NOTE, cli.INTERRUPTED, f"interrupted; {NOTE}"),
    ],
    ids=["full disk", "broken disk", "memory", "allocator", "interruption", "its note"],
)
def test_a_failure_of_the_system_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    note: str,
    status: int,
    message: str,
) -> None:
    fail_with(monkeypatch, error, note)
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == status
    assert capsys.readouterr().err == f"{message}\n"


def test_bugs_of_this_package_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        cli.main([])


COMMANDS = (
    "adapt films.csv",
    "predict --input films.csv",
    "train bert",
    "compare models",
    "export --checkpoint model",
    "ensemble a b",
    "robustness models",
    "data prepare films.csv",
    "data audit data",
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("out", "fault"),
    [
        ("-", "'-' would be standard output"),
        ("", "the path is empty"),
        ("/dev/stdout", "/dev/stdout is no file or folder"),
        ("/dev/null", "/dev/null is no file or folder"),
    ],
)
def test_an_output_that_is_no_path_is_refused_before_any_work(
    command: str, out: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command.split(), "--out", out])
    assert stopped.value.code == cli.USER_ERROR
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: invalid value for '--out': {fault}; expected the path of a")


def test_every_command_that_writes_checks_its_output() -> None:
    main: Any = get_command(cli.app)
    options = {
        (name, option.opts[0]): option
        for group in (main, main.commands["data"])
        for name, command in group.commands.items()
        for option in getattr(command, "params", ())
        if option.opts[0] in ("--out", "--report") or option.name == "json_file"
    }
    assert len(options) > len(COMMANDS)
    assert {name for name, option in options.items() if option.metavar != "PATH"} == set()
