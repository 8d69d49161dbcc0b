"""A second run at the same output is refused, and disturbs the first one in nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from moviegenre.apps.cli import main
from moviegenre.core.locks import locked
from tests.faults.worlds import COMMANDS, contents

OUTPUTS = {
    "prepare": "prepared",
    "prepare --overwrite": "prepared",
    "audit": "audit",
    "train": "checkpoints/early_fusion",
    "evaluate": "checkpoints/lstm",
    "compare": "results",
    "predict csv": "out.csv",
    "export": "exported",
    "reproduce": "checkpoints",
}


@contextmanager
def another_run(output: Path) -> Iterator[None]:
    """Hold an output's lock as another run does: a thread has its own."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(output):
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    yield
    done.set()
    thread.join()


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_second_run_is_refused(
    fast_folder: Path,
    bert_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    command, output = COMMANDS[name], fast_folder / OUTPUTS[name]
    command.world(fast_folder, bert_folder)
    monkeypatch.chdir(fast_folder)
    before = contents(fast_folder, command.outputs)
    with another_run(output):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(command.arguments))
    assert ended.value.code == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith(f"error: {output} is being written by another run (process ")
    assert "; wait until it ends, or " in told
    assert contents(fast_folder, command.outputs) == before
