"""What micro-batches bring the service: requests a second, against one film at a time.

    python benchmarks/service_batching.py --model exported

The same app, model and requests in one run, over the loopback address only: several clients ask
for one film after the other, once with ``max_batch=1`` (the baseline) and once with the default, in
turn and repeated; the medians and their ratio are printed. The films are texts of unequal lengths
and, for a model that looks at posters, made-up posters.
"""

import argparse
import base64
import http.client
import io
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from PIL import Image

import moviegenre
from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.types import Modality
from moviegenre.inference.predictor import Predictor

_WORDS = ("detective", "killer", "rain", "the", "two", "rivals", "share", "love", "and", "war")
_START_SECONDS = 30.0


def bodies(predictor: Predictor, number: int) -> list[bytes]:
    """Return requests that are the same in every run."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(number):
        film = {"plot": " ".join(rng.choice(_WORDS, size=int(rng.integers(30, 200))))}
        if Modality.POSTER in predictor.model.modalities:
            stream = io.BytesIO()
            pixels = rng.integers(0, 256, size=(12, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((200, 300)).save(stream, "JPEG")
            film["poster"] = base64.b64encode(stream.getvalue()).decode()
        made.append(json.dumps(film).encode())
    return made


@contextmanager
def served(predictor: Predictor, settings: ServiceSettings) -> Iterator[int]:
    """Run the service in a thread; yield its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(predictor, settings), log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until = time.monotonic() + _START_SECONDS
        while not server.started:
            if time.monotonic() > until:
                raise TimeoutError("the service did not start")
            time.sleep(0.01)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def rate(port: int, requests: list[bytes], clients: int) -> float:
    """Return answered requests a second."""

    def ask(own: list[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        for body in own:
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {text.decode()}")
        connection.close()

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(ask, [requests[first::clients] for first in range(clients)]))
    return len(requests) / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="an exported folder")
    parser.add_argument("--requests", type=int, default=256)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the numbers here")
    given = parser.parse_args()
    predictor = moviegenre.load(given.model)
    requests = bodies(predictor, given.requests)
    ways = {"one by one": ServiceSettings(max_batch=1), "micro-batches": ServiceSettings()}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(given.repeats):
        for name, settings in ways.items():
            with served(predictor, settings) as port:
                rate(port, requests[: given.clients], given.clients)  # warm
                rates[name].append(rate(port, requests, given.clients))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    ratio = medians["micro-batches"] / medians["one by one"]
    print(f"{predictor.model.model_name}, {predictor.backend.name}, {given.clients} clients")
    for name, found in rates.items():
        spread = f"{min(found):.1f} to {max(found):.1f}"
        print(f"{name}: {medians[name]:.1f} requests/s (of {len(found)}: {spread})")
    print(f"ratio: {ratio:.2f}")
    if given.json is not None:
        given.json.write_text(json.dumps({"requests_per_second": rates, "ratio": ratio}) + "\n")


if __name__ == "__main__":
    main()
