"""The service: requests a second of 16 clients while 99 of 100 answers take less than 250 ms.

    python -m benchmarks.service --full

The product is ``moviegenre serve``. The rival is the same app around networks of the same sizes in
eager PyTorch (``rivals.EagerTorch``), one film at a time. Clients send overviews with posters over
the loopback address. First they ask without pause; if that is too much, a bisection finds the rate
of arrivals at random times that is not. Latency counts from when a request was due.
"""

import argparse
import base64
import http.client
import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from benchmarks import films, harness
from benchmarks.harness import Figures, Row, Side, Worker
from benchmarks.serving import KEPT_SECONDS, served

CLIENTS = 16
LIMIT = 0.25
_BODIES = 64
_STEPS = 4
_TIMEOUT = 120.0


def bodies(number: int) -> list[bytes]:
    """Return requests for films with a plot and a poster, the same ones every time."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(number):
        plot = " ".join(rng.choice(films.WORDS, size=int(rng.integers(30, 200))))
        poster = base64.b64encode(films.poster(rng, 200, 300)).decode()
        made.append(json.dumps({"plot": plot, "poster": poster}).encode())
    return made


def rival() -> Callable[[], float]:
    """Serve the rival in a thread; its port."""
    import uvicorn
    from benchmarks.rivals import EagerTorch

    import moviegenre
    from moviegenre.apps.service.app import create_app
    from moviegenre.apps.service.settings import ServiceSettings
    from moviegenre.inference.predictor import Predictor

    included = moviegenre.load()
    predictor = Predictor(EagerTorch(included.backend), included.point)
    app = create_app(predictor, ServiceSettings(max_batch=1))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    return lambda: float(listener.getsockname()[1])


def latencies(port: int, requests: list[bytes], seconds: float, rate: float | None) -> Figures:
    """Return how long each answer took, in seconds from when it was due.

    Args:
        port: Of the service.
        requests: What is sent, again and again.
        seconds: How long.
        rate: Requests a second at random times; None sends the next one after each answer.

    Raises:
        RuntimeError: An answer is not 200.
    """

    def ask(client: int) -> Figures:
        rng, found = np.random.default_rng(client), []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
        start = due = used = time.monotonic()
        for number in range(client, 1_000_000, CLIENTS):
            due = time.monotonic() if rate is None else due + rng.exponential(CLIENTS / rate)
            if due > start + seconds:
                break
            time.sleep(max(0.0, due - time.monotonic()))
            if time.monotonic() - used > KEPT_SECONDS:
                connection.close()
            body = requests[number % len(requests)]
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            used = time.monotonic()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {text.decode()}")
            found.append(time.monotonic() - due)
        connection.close()
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [one for own in pool.map(ask, range(CLIENTS)) for one in own]


def sustained(ask: Callable[[float | None], Figures], seconds: float) -> float:
    """Return the highest rate found at which the 99th percentile is within the limit.

    Args:
        ask: Returns latencies at a rate; None is as fast as the clients can.
        seconds: How long that takes.

    Raises:
        RuntimeError: No rate is low enough.
    """

    def is_within(found: Figures) -> bool:
        return not found or float(np.percentile(found, 99)) <= LIMIT

    found = ask(None)
    low, high = 0.0, len(found) / max(seconds, sum(found) / CLIENTS)
    if is_within(found):
        return high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_within(ask(middle)) else (low, middle)
    if not low:
        raise RuntimeError(f"the 99th percentile is above {LIMIT} s even at {high:.1f} requests/s")
    return low


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield the row of both services, each asked in turn."""
    seconds = 20.0 if given.full else 3.0
    requests = bodies(_BODIES)

    def figure(port: int) -> float:
        return sustained(lambda rate: latencies(port, requests, seconds, rate), seconds)

    product, other = [], []
    with (
        tempfile.TemporaryDirectory() as scratch,
        served([], Path(scratch, "service.log")) as (port, process),
        Worker(Side(rival)) as worker,
        harness.watched(process) as product_mb,
        harness.watched(worker.pid) as rival_mb,
    ):
        ports = (port, int(worker.measure()))
        for one in ports:
            latencies(one, requests, 1.0, None)  # warm
        for _ in range(min(given.rounds, 2) if not given.full else given.rounds):
            product.append(figure(ports[0]))
            other.append(figure(ports[1]))
        peaks = product_mb(), rival_mb()
    yield Row(
        f"service, {CLIENTS} clients, p99 under {LIMIT * 1000:.0f} ms",
        "requests/s",
        product,
        other,
        "eager PyTorch, no batches",
        product_mb=peaks[0],
        rival_mb=peaks[1],
    )


if __name__ == "__main__":
    harness.main(run, harness.options(__doc__))
