"""What the command line makes of errors that are nobody's fault in the settings."""

import errno

import pytest

from moviegenre.apps import cli


def fail_with(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
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
        "error: no space is left on the disk for runs/a/best.pth; make room and run the same "
        "again\n"
    )


def test_other_errors_of_the_system_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, OSError(errno.EIO, "Input/output error"))
    with pytest.raises(OSError, match="Input/output error"):
        cli.main([])
