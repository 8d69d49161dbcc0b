"""Servers in processes of their own, which can have limits and be stopped by signals."""

import contextlib
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.security.served import PATIENCE


@dataclass(frozen=True)
class Process:
    """A server that runs.

    Attributes:
        process: Its process.
        port: Where it listens.
        log: What it has written.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    log: IO[bytes]

    def stop(self) -> str:
        """Wait until it has ended, which it must do without an error, and return its log."""
        code = self.process.wait(PATIENCE)
        self.log.seek(0)
        log = self.log.read().decode()
        assert code == 0, log[-3000:]
        return log

    def connect(self) -> socket.socket:
        """Return a new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def memory(self) -> int:
        """Return the bytes that it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return 1024 * int(line.split()[1])


@contextlib.contextmanager
def in_a_process(seconds: float, *settings: str, files: int | None = None) -> Iterator[Process]:
    """Run a server in a process of its own, with so many files at most."""

    def limit() -> None:
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    # A pipe that nobody reads would stop the server as soon as its log has filled it.
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.security.fake_service", str(seconds), *settings],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=log,
            preexec_fn=limit,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        ) as process,
    ):
        try:
            assert process.stdout is not None
            yield Process(process, int(process.stdout.readline()), log)
        finally:
            process.kill()
