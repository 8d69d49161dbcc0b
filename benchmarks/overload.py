"""How long an innocent client waits while others overload the service.

    python -m benchmarks.overload --full

Starts the service with the model in the box anew for every attack, over the loopback address only,
and prints how long one client with plots, and one with small posters, waited meanwhile, what the
attackers were answered, and the peak of the service's memory. Every client has an address of its
own (127.0.0.2, 127.0.0.3, ...), as the whole of 127.0.0.0/8 is this machine on Linux.

To measure another version, let it be imported: PYTHONPATH=OTHER/src python -m benchmarks.overload
"""

import argparse
import base64
import contextlib
import http.client
import io
import json
import os
import re
import socket
import subprocess  # starts this file again  # nosec B404
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import harness
from benchmarks.harness import ROOT, Row
from PIL import Image

SIDE = 5000
PATIENCE = 60.0  # seconds that a client waits for an answer
JSON = {"Content-Type": "application/json"}
_NOTHING = "nothing"
WORDS = ("detective", "killer", "rain", "the", "two", "rivals", "share", "love", "and", "war")


def plot(number: int, seed: int = 0) -> str:
    """Return a text of so many words."""
    return " ".join(np.random.default_rng(seed).choice(WORDS, size=number))


def image(mode: str, kind: str, side: int = SIDE, **options: object) -> bytes:
    """Return a solid image."""
    stream = io.BytesIO()
    colour = (200, 30, 30, 128)[: len(mode)]
    Image.new(mode, (side, side), colour).save(stream, kind, **options)
    return stream.getvalue()


def film(text: str | None = None, poster: bytes | None = None) -> bytes:
    """Return a request's body."""
    fields: dict[str, str] = {}
    if text is not None:
        fields["plot"] = text
    if poster is not None:
        fields["poster"] = base64.b64encode(poster).decode()
    return json.dumps(fields).encode()


def batch(number: int, words: int) -> bytes:
    """Return the body of a batch."""
    return json.dumps([{"plot": plot(words, seed)} for seed in range(number)]).encode()


@dataclass
class Service:
    """The service in a process of its own.

    Attributes:
        port: Where it listens.
        process: The process.
    """

    port: int
    process: "subprocess.Popen[str]"

    def post(self, client: int, path: str, body: bytes) -> int:
        """Return the status of an answer; 0 for none."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=PATIENCE, source_address=(f"127.0.0.{client}", 0)
        )
        try:
            connection.request("POST", path, body, JSON)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def leave(self, client: int, path: str, body: bytes) -> None:
        """Send a request and close the connection at once."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        address = (f"127.0.0.{client}", 0)
        with socket.create_connection(
            ("127.0.0.1", self.port), timeout=PATIENCE, source_address=address
        ) as connection:
            connection.sendall(head.encode() + body)

    def memory(self, name: str) -> int:
        """Return VmRSS or VmHWM in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{name}:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) // 1024


@contextmanager
def served() -> Iterator[Service]:
    """Start the service; stop it afterwards."""
    command = [sys.executable, "-m", "benchmarks.overload", "--serve"]
    with subprocess.Popen(  # its own file  # nosec B603
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            service = Service(port, process)
            while service.post(9, "/predict", film(plot(100))) != 200:
                time.sleep(0.1)
            yield service
        finally:
            process.kill()


def serve() -> None:
    """Run the service, with an address for the explanations that only the page asks for."""
    import uvicorn
    from fastapi import Request

    import moviegenre
    from moviegenre.apps.service.app import create_app
    from moviegenre.apps.service.film_predictor import FilmInput
    from moviegenre.box import box_folder

    app = create_app(moviegenre.load(box_folder()))

    @app.post("/why")
    async def why(request: Request) -> dict[str, Any]:
        film = FilmInput((await request.json())["plot"], None, True, ("Drama",))
        client = request.state.client
        (answer,) = await app.state.model_queue.predict([film], client=client, kind="explain")
        assert isinstance(answer, dict), answer
        return answer["explanation"]["modality_share"]  # type: ignore[no-any-return]

    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_config=None)).run(sockets=[listener])


@dataclass
class Innocent:
    """A client that asks one film after the other.

    Attributes:
        seconds: How long every answer took.
        statuses: What was answered how often.
    """

    client: int
    body: bytes
    pause: float
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def ask(self, service: Service, until: Callable[[], bool]) -> None:
        """Ask until told to stop."""
        while not until():
            start = time.perf_counter()
            self.statuses[service.post(self.client, "/predict", self.body)] += 1
            self.seconds.append(time.perf_counter() - start)
            time.sleep(self.pause)

    def report(self) -> dict[str, Any]:
        """Return percentiles in milliseconds, and what was answered."""
        p50, p95, p99, most = 1000 * np.percentile(self.seconds, [50, 95, 99, 100])
        numbers = {"p50": p50, "p95": p95, "p99": p99, "max": most}
        return {
            "asked": len(self.seconds),
            **{name: round(float(value)) for name, value in numbers.items()},
            "statuses": dict(self.statuses),
        }


Attack = Callable[[Service, Counter[int], float], None]


def many(bodies: list[bytes], at_once: int, path: str = "/predict") -> Attack:
    """Return one client that sends many requests, so many at once."""

    def attack(service: Service, statuses: Counter[int], _seconds: float) -> None:
        with ThreadPoolExecutor(at_once) as pool:
            statuses.update(pool.map(lambda body: service.post(20, path, body), bodies))

    return attack


def without_pause(body: bytes, path: str, clients: int, each: int = 1) -> Attack:
    """Return clients that send one request after the other, and wait a second after a 503."""

    def attack(service: Service, statuses: Counter[int], seconds: float) -> None:
        end = time.monotonic() + seconds

        def ask(client: int) -> None:
            while time.monotonic() < end:
                status = service.post(client, path, body)
                statuses[status] += 1
                if status == 503:
                    time.sleep(1)

        with ThreadPoolExecutor(clients * each) as pool:
            list(pool.map(ask, [20 + number % clients for number in range(clients * each)]))

    return attack


def leaving(body: bytes, path: str, number: int) -> Attack:
    """Return clients that send a request and leave at once."""

    def attack(service: Service, _statuses: Counter[int], seconds: float) -> None:
        end = time.monotonic() + seconds
        for client in range(number):
            with contextlib.suppress(OSError):
                service.leave(20 + client, path, body)
        time.sleep(max(0.0, end - time.monotonic()))

    return attack


def attacks() -> dict[str, Attack]:
    """Return all attacks by name."""
    png = film(poster=image("RGBA", "PNG"))
    webp = film(poster=image("RGBA", "WEBP", lossless=True))
    return {
        _NOTHING: leaving(b"", "/healthz", 0),
        "60 RGBA PNGs of 5000 x 5000": many([png] * 60, at_once=60),
        "400 solid WEBPs of 5000 x 5000": many([webp] * 400, at_once=100),
        "explanations without pause": without_pause(film(plot(300)), "/why", clients=1, each=4),
        "16 clients, batches of 64": without_pause(batch(64, 300), "/predict/batch", clients=16),
        "100 clients that leave": leaving(batch(64, 300), "/predict/batch", 100),
    }


def measure(attack: Attack, seconds: float) -> dict[str, Any]:
    """Return what two innocent clients saw during an attack, and what it cost."""
    poster = film(poster=image("RGB", "JPEG", side=300))
    plots, posters = Innocent(2, film(plot(100)), 0.05), Innocent(3, poster, 0.2)
    statuses: Counter[int] = Counter()
    with served() as service:
        before = service.memory("VmRSS")
        done = threading.Event()
        threads = [
            threading.Thread(target=one.ask, args=(service, done.is_set))
            for one in (plots, posters)
        ]
        for thread in threads:
            thread.start()
        start = time.perf_counter()
        attack(service, statuses, seconds)
        took = time.perf_counter() - start
        done.set()
        for thread in threads:
            thread.join()
        return {
            "plots": plots.report(),
            "posters": posters.report(),
            "attackers": dict(statuses),
            "seconds": round(took, 1),
            "load average": round(os.getloadavg()[0], 1),
            "memory": {"before": before, "peak": service.memory("VmHWM")},
        }


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield how long an innocent client's plots took under each attack; the rival is no attack."""
    seconds = 15.0 if given.full else 5.0
    chosen = [name for name in attacks() if (given.only or "") in name and name != _NOTHING]
    by_name: dict[str, dict[str, Any]] = {}
    for name in [_NOTHING, *(chosen if given.full or given.only else chosen[-2:-1])]:
        found = by_name[name] = measure(attacks()[name], seconds)
        for part, numbers in found.items():
            print(f"  {name}, {part}: {numbers}", flush=True)
        if name == _NOTHING:
            continue
        yield Row(
            f"95 of 100 answers to an innocent client within, under: {name}",
            "ms",
            [float(found["plots"]["p95"])],
            [float(by_name[_NOTHING]["plots"]["p95"])],
            "without attack",
            better="lower",
            product_mb=found["memory"]["peak"],
            rival_mb=by_name[_NOTHING]["memory"]["peak"],
        )


if __name__ == "__main__":
    parser = harness.options(__doc__)
    parser.add_argument("--only", help="attacks whose name contains this")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().serve:
        serve()
    else:
        harness.main(run, parser)
