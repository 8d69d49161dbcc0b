"""A disk that is really full: a small file system in memory, where this process may mount one."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from moviegenre.apps.cli import main
from moviegenre.data.synthetic.generate import synthesize
from tests.faults.worlds import COMMANDS, contents, hidden_files

_KIB = 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this process may not mount a file system (only root may)")
    yield folder
    for _ in range(50):  # what is mapped into memory goes with its arrays
        if subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode:
            time.sleep(0.1)
        else:
            return
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, left: int) -> Path:
    """Fill a file system up to some bytes."""
    path = folder / "ballast"
    with path.open("wb", buffering=0) as stream:
        with contextlib.suppress(OSError):
            while True:
                stream.write(bytes(_KIB))
        stream.truncate(max(0, stream.tell() - left))
    return path


def run(arguments: list[str]) -> int:
    """Run a command and return its exit status."""
    try:
        main(arguments)
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


@pytest.mark.parametrize("left", [0, 8 * _KIB, 40 * _KIB])
@pytest.mark.parametrize("name", ["prepare --overwrite", "predict csv", "predict parquet"])
def test_a_full_disk(
    small_disk: Path,
    bert_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    left: int,
) -> None:
    command = COMMANDS[name]
    command.world(small_disk, bert_folder)
    if name.startswith("prepare"):
        synthesize(small_disk / "others", 1, 1)
    monkeypatch.chdir(small_disk)
    before = contents(small_disk, command.outputs)
    ballast = fill(small_disk, left)
    status = run(list(command.arguments))
    told = capsys.readouterr().err.splitlines()
    if status:
        assert status == 2
        assert told[-1].startswith("error: ")
        assert "no space left on device" in told[-1]
        assert told[-1].endswith("free some disk space and run the same command again")
        assert contents(small_disk, command.outputs) == before
    else:
        assert left > 0
    ballast.unlink()
    assert run(list(command.arguments)) == 0
    assert contents(small_disk, command.outputs) != before
    assert hidden_files(small_disk) == []
