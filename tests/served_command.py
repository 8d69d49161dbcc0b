"""``moviegenre serve`` in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ServedCommand:
    """A service that runs.

    Attributes:
        line: What it says first.
        pid: Its process.
    """

    line: str
    pid: int

    @property
    def address(self) -> str:
        """The address that the first line names."""
        assert " answers at " in self.line, self.line
        return self.line.split(" answers at ")[1].partition(";")[0]


@contextmanager
def served_command(*options: str, log: Path = Path(os.devnull)) -> Iterator[ServedCommand]:
    """Start the service on a free port, yield it, and stop it with SIGTERM.

    Args:
        options: Further options of ``moviegenre serve``.
        log: Where its standard error goes.
    """
    command = [sys.executable, "-m", "moviegenre.apps.cli", "serve", "--port", "0"]
    with (
        log.open("a") as errors,
        subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        ) as process,
    ):
        try:
            assert process.stdout is not None
            yield ServedCommand(process.stdout.readline(), process.pid)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=120) == 0, "it stops"
        finally:
            process.kill()
