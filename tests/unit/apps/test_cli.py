"""What the command line makes of errors that are nobody's fault in the settings."""

import errno

import pytest

from moviegenre.apps import cli


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let every command end in an error."""

    def run(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", run)


def test_a_full_disk_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, OSError(errno.ENOSPC, "No space left on device", "runs/a/best.pth"))
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == cli.USER_ERROR
    assert capsys.readouterr().err == (
        "error: runs/a/best.pth: no space left on device; every file is whole, old or new; make "
        "room on the disk and run the same command again\n"
    )


def test_what_is_left_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OSError(errno.EIO, "Input/output error")
    error.add_note("finished intervals are kept in checkpoints/lstm; go on with --resume")
    fail_with(monkeypatch, error)
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == cli.USER_ERROR
    assert capsys.readouterr().err == (
        "error: input/output error; finished intervals are kept in checkpoints/lstm; go on with "
        "--resume; check the disk or its connection, then run the same command again\n"
    )


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_a_lack_of_memory_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    fail_with(monkeypatch, error)
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == cli.USER_ERROR
    told = capsys.readouterr().err
    assert told.startswith("error: the memory is not enough; every file is whole, old or new;")
    assert told.count("\n") == 1


def test_faults_of_this_package_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        cli.main([])


@pytest.mark.parametrize("note", ["", "go on with --resume"])
def test_an_interruption_tells_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], note: str
) -> None:
    error = KeyboardInterrupt()
    if note:
        error.add_note(note)
    fail_with(monkeypatch, error)
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == cli.INTERRUPTED
    expected = note or "every file is whole, old or new; run the same command again"
    assert capsys.readouterr().err == f"interrupted; {expected}\n"
