"""``moviegenre serve`` in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def served_command(*options: str) -> Iterator[str]:
    """Start the service on a free port, yield its first line, and stop it with SIGTERM.

    Args:
        options: Further options of ``moviegenre serve``.
    """
    command = [sys.executable, "-m", "moviegenre.apps.cli", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0, "it stops"
        finally:
            process.kill()


def address_in(line: str) -> str:
    """Return the address that the first line names."""
    assert " answers at " in line, line
    return line.split(" answers at ")[1].partition(";")[0]
