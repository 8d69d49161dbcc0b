"""Servers in processes of their own, which can have limits and be stopped by signals."""

import contextlib
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.security.served import PATIENCE


@dataclass(frozen=True)
class Process:
    """A server that runs.

    Attributes:
        process: Its process.
        port: Where it listens.
    """

    process: "subprocess.Popen[bytes]"
    port: int

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

    with subprocess.Popen(
        [sys.executable, "-m", "tests.security.fake_service", str(seconds), *settings],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=limit,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield Process(process, port)
        finally:
            process.kill()
