"""``moviegenre serve`` in a process of its own, for benchmarks that ask it."""

import http.client
import re
import subprocess  # starts the service  # nosec B404
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEPT_SECONDS = 1.0
"""How long a client uses a connection again: a server closes idle ones."""

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


@contextmanager
def served(arguments: list[str], log: Path) -> Iterator[tuple[int, int]]:
    """Run ``moviegenre serve``; yield its port and process."""
    command = [
        str(Path(sys.executable).with_name("moviegenre")),
        "serve",
        "--port",
        "0",
        *arguments,
    ]
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(  # the words above # nosec B603
            command, stdout=subprocess.PIPE, stderr=stream, text=True
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found is None:
                raise RuntimeError(f"the service did not start; see {log}")
            _wait_until_ready(int(found[1]))
            yield int(found[1]), process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"the service ended with {process.returncode}; see {log}")


def _wait_until_ready(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_STOP_SECONDS)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise RuntimeError("the service did not become ready")
