"""Servers for the service, attacked in the same way, each in a process of its own.

Prints one row a server: as it comes, with its own limits, and uvicorn as the service runs it.
``pip install hypercorn granian`` measures these too.

    python benchmarks/service_servers.py
"""

import contextlib
import importlib.util
import resource
import signal
import socket
import statistics
import subprocess  # starts the servers  # nosec B404
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILES = 1024  # ulimit -n
IDLE = 1100
CLIENTS = 16
PATIENCE = 20.0
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
PLOT = b'{"plot": "' + b"A detective hunts a killer. " * 10 + b'"}'
POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
POST += f"Content-Length: {len(PLOT)}\r\n\r\n".encode()

_HERE = Path(__file__)
_APP = f"{_HERE.stem}:app"
_UVICORN = ["-m", "uvicorn", _APP, "--log-level", "error"]
_GRANIAN = ["-m", "granian", _APP, "--interface", "asgi", "--log-level", "error"]
SERVERS = {
    "uvicorn": [*_UVICORN, "--port"],
    "uvicorn, limits": [
        *_UVICORN,
        *["--limit-concurrency", "900", "--timeout-graceful-shutdown", "10", "--port"],
    ],
    "hypercorn": ["-m", "hypercorn", _APP, "--log-level", "error", "-b"],
    "granian": [*_GRANIAN, "--port"],
    "granian, limits": [
        *_GRANIAN,
        *["--http1-header-read-timeout", "10000", "--workers-kill-timeout", "10", "--port"],
    ],
    "the service's": [str(_HERE), "--serve"],
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer everything with a few bytes, once its body is there."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body", False):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


def serve(port: int) -> None:
    """Run the app as the service runs its own."""
    from fastapi import FastAPI

    from moviegenre.apps.listening import listen
    from moviegenre.apps.service.access.exposure import Access
    from moviegenre.apps.service.server.running import GuardedServer
    from moviegenre.apps.service.settings import ServiceSettings

    service = FastAPI()
    service.mount("/", app)
    server = GuardedServer(service, ServiceSettings(), Access())
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listen("127.0.0.1", port)])


@contextlib.contextmanager
def running(name: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Run a server and yield its process and port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    where = f"127.0.0.1:{port}" if name == "hypercorn" else str(port)
    process = subprocess.Popen(  # commands of its own  # nosec B603
        [sys.executable, *SERVERS[name], where],
        cwd=_HERE.parent,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)),
    )
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end and asked(port, 1.0) is None:
            time.sleep(0.2)
        yield process, port
    finally:
        process.kill()
        process.wait()


def asked(port: int, timeout: float = PATIENCE) -> float | None:
    """Return the seconds that one request on a new connection takes; None is no answer."""
    start = time.perf_counter()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(POST + PLOT)
            return time.perf_counter() - start if answered(connection) else None
    except OSError:
        return None


def answered(connection: socket.socket) -> bool:
    """Return whether a connection answers with 200; its body is two bytes."""
    data = b""
    while not data.endswith(b"{}"):
        part = connection.recv(4096)
        if not part:
            return False
        data += part
    return data.startswith(b"HTTP/1.1 200")


def kept(port: int, count: int) -> list[float]:
    """Return the seconds of requests on one connection."""
    seconds = []
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            start = time.perf_counter()
            connection.sendall(POST)  # head and body apart, as most clients send them
            connection.sendall(PLOT)
            assert answered(connection)
            seconds.append(time.perf_counter() - start)
    return seconds


def throughput(port: int) -> float:
    """Return requests a second of several clients on kept connections."""
    threads = [threading.Thread(target=kept, args=(port, 200)) for _ in range(CLIENTS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return CLIENTS * 200 / (time.perf_counter() - start)


def attack(port: int, number: int, start: bytes) -> list[socket.socket]:
    """Return open connections that have sent the start of a request, as far as they are taken."""
    connections = []
    for _ in range(number):
        with contextlib.suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", port), timeout=1.0)
            connections.append(connection)
            connection.sendall(start)
    return connections


def closed_after(port: int) -> str:
    """Return when half a head is given up."""
    (connection,) = attack(port, 1, GET[:20])
    start = time.monotonic()
    connection.settimeout(PATIENCE)
    try:
        connection.recv(4096)
    except TimeoutError:
        return f"> {PATIENCE:.0f} s"
    except ConnectionResetError:
        pass
    return f"{time.monotonic() - start:.1f} s"


def stopped_after(process: "subprocess.Popen[bytes]", port: int) -> str:
    """Return how long a stop takes with unfinished requests."""
    connections = attack(port, 20, POST + PLOT[:9])
    time.sleep(0.5)
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        return "> 60 s"
    finally:
        for connection in connections:
            connection.close()
    return f"{time.monotonic() - start:.1f} s"


def measure(name: str) -> list[str]:
    """Return a row of the table."""
    with running(name) as (process, port):
        rate = throughput(port)
        new = statistics.median(found for _ in range(50) if (found := asked(port)) is not None)
        old = statistics.median(kept(port, 50))
        half_head = closed_after(port)
        idle = attack(port, IDLE, b"")
        answers = [asked(port, 2.0) for _ in range(5)]
        for connection in idle:
            connection.close()
        time.sleep(1)
        stop = stopped_after(process, port)
    got = [seconds for seconds in answers if seconds is not None]
    return [
        name,
        f"{rate:.0f}",
        f"{1000 * new:.1f}",
        f"{1000 * old:.1f}",
        f"{len(got)} of 5",
        half_head,
        stop,
    ]


def main() -> None:
    """Measure every server that is installed."""
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    head = ["server", "requests/s", "new, ms", "kept, ms", "past 1,100 idle", "half a head", "stop"]
    print(*head, sep=" | ", flush=True)
    for name in SERVERS:
        package = SERVERS[name][1]
        if SERVERS[name][0] == "-m" and importlib.util.find_spec(package) is None:
            print(f"{name}: not installed; pip install {package}")
            continue
        print(*measure(name), sep=" | ", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]))
    else:
        main()
