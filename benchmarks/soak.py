"""A service under steady load: errors, percentiles, and whether memory grows.

    python -m benchmarks.soak --full

Starts ``moviegenre serve`` on the loopback address, finds for a short while how many requests it
answers when clients ask as fast as they can, then asks at a share of that for some minutes: plots,
plots with posters, batches, requests that must be refused, and now and then an explanation. Every
plot is new, and posters have many sizes. It ends with an error where an answer was not as expected,
where memory grew by more than 5 MB an hour after the warm-up beyond doubt, or where descriptors
were more at the end, or threads by more than the pools start when they are first needed. In less
than five minutes the warm-up never ends, so memory is printed and not judged.
"""

import argparse
import base64
import collections
import http.client
import io
import json
import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import harness
from benchmarks.harness import Row
from benchmarks.serving import KEPT_SECONDS, served
from PIL import Image

_CLIENTS = 16
_JUDGED_MINUTES = 5.0  # of a run from which on memory has to be steady
_SAMPLE_SECONDS = 5.0
_IDLE_SECONDS = 10.0  # after which the service has closed what its clients left
_LONGEST_WAIT = 60.0
_WORDS = ("city", "detective", "love", "war", "space", "robot", "ghost", "music", "the", "and")
_LIMIT_MB = 5.0  # an hour
_POOL_THREADS = min(32, (os.cpu_count() or 1) + 4)  # of asyncio, each started when first needed

Rng = np.random.Generator


@dataclass(frozen=True)
class Ask:
    """A request and the status that it must get."""

    kind: str
    method: str
    path: str
    body: bytes
    content_type: str
    status: int


class Requests:
    """Makes requests in fixed shares; the same ones for the same seed.

    Args:
        seed: Fixes them.
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._posters = [_poster(self._rng) for _ in range(24)]
        self._makers: dict[str, tuple[float, Callable[[], Ask]]] = {
            "plot": (0.55, self._plot),
            "plot and poster": (0.25, self._form),
            "batch": (0.08, self._batch),
            "refused": (0.08, self._refused),
            "explained": (0.005, self._explained),
            "status": (0.035, self._status),
        }

    def __iter__(self) -> Iterator[Ask]:
        """Make one request after the other, without end."""
        kinds = list(self._makers)
        shares = [share for share, _ in self._makers.values()]
        while True:
            yield self._makers[str(self._rng.choice(kinds, p=shares))][1]()

    def _text(self) -> str:
        words = self._rng.choice(_WORDS, size=int(self._rng.integers(3, 250)))
        return f"{self._rng.integers(10**9)} {' '.join(words)}"

    def _some_poster(self) -> bytes:
        return self._posters[int(self._rng.integers(len(self._posters)))]

    def _plot(self) -> Ask:
        return _json("plot", "/predict", {"plot": self._text()}, 200)

    def _form(self) -> Ask:
        head = (
            '--soak\r\nContent-Disposition: form-data; name="plot"\r\n\r\n'
            f"{self._text()}\r\n"
            '--soak\r\nContent-Disposition: form-data; name="poster"; filename="a"\r\n\r\n'
        )
        body = head.encode() + self._some_poster() + b"\r\n--soak--\r\n"
        kind = "multipart/form-data; boundary=soak"
        return Ask("plot and poster", "POST", "/predict", body, kind, 200)

    def _batch(self) -> Ask:
        films = [{"plot": self._text()} for _ in range(int(self._rng.integers(2, 9)))]
        films[0]["poster"] = base64.b64encode(self._some_poster()).decode()
        return _json("batch", "/predict/batch", films, 200)

    def _explained(self) -> Ask:
        return _json("explained", "/predict", {"plot": self._text(), "explain": True}, 200)

    def _refused(self) -> Ask:
        asks = (
            Ask("refused", "POST", "/predict", b"{no json", "application/json", 400),
            Ask("refused", "POST", "/predict", b"plot", "text/plain", 415),
            Ask("refused", "GET", f"/nothing/{self._rng.integers(10**6)}", b"", "", 404),
            _json("refused", "/predict", {"plot": "word " * 5000}, 422),
            _json("refused", "/predict", {"plots": self._text()}, 422),
            _json("refused", "/predict", {"poster": "no base64!"}, 422),
            _json("refused", "/predict/batch", [], 422),
        )
        return asks[int(self._rng.integers(len(asks)))]

    def _status(self) -> Ask:
        path = str(self._rng.choice(["/metrics", "/healthz", "/readyz", "/model"]))
        return Ask("status", "GET", path, b"", "", 200)


def _json(kind: str, path: str, value: object, status: int) -> Ask:
    return Ask(kind, "POST", path, json.dumps(value).encode(), "application/json", status)


def _poster(rng: Rng) -> bytes:
    """Return an image of a size and kind of its own."""
    width, height = (int(side) for side in rng.integers((80, 120), (700, 1000)))
    small = rng.integers(0, 256, size=(12, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    kind = str(rng.choice(["JPEG", "PNG", "WEBP"]))
    Image.fromarray(small).resize((width, height)).save(stream, kind)
    return stream.getvalue()


@dataclass(frozen=True)
class Sample:
    """What the service's process holds at one moment.

    Attributes:
        seconds: Since the first sample.
        rss: Resident memory in MB; ``private`` is the part of it that no file backs.
        descriptors: Open ones.
        threads: Running ones.
    """

    seconds: float
    rss: float
    private: float
    descriptors: int
    threads: int


class Watch:
    """Samples a process, between ``start`` and ``stop`` again and again."""

    def __init__(self, pid: int) -> None:
        self._folder = Path("/proc") / str(pid)
        self._stopped = threading.Event()
        self._start = time.monotonic()
        self.samples: list[Sample] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to take samples."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more samples."""
        self._stopped.set()
        self._thread.join()

    def idle(self) -> Sample:
        """Look once, when no client is connected any longer."""
        time.sleep(_IDLE_SECONDS)
        return self.sample()

    def sample(self) -> Sample:
        """Look once."""
        found = re.findall(r"^(\w+):\s+(\d+)", (self._folder / "status").read_text(), flags=re.M)
        values = {name: int(value) for name, value in found}
        return Sample(
            time.monotonic() - self._start,
            values["VmRSS"] / 1024,
            values["RssAnon"] / 1024,
            len(os.listdir(self._folder / "fd")),
            values["Threads"],
        )

    def _run(self) -> None:
        while not self._stopped.wait(_SAMPLE_SECONDS):
            self.samples.append(self.sample())


def slope(hours: Any, values: Any) -> tuple[float, float]:
    """Return how fast values grow, by least squares, and half its 95 % confidence interval.

    Neighbouring samples of memory are alike, so the errors are taken to follow each other as
    strongly as the residuals do (an AR(1) process), which widens the interval.

    Args:
        hours: When each value was taken (N,), at least 3, at equal distances.
        values: Any unit (N,).

    Returns:
        Growth an hour, and half the width of its interval, in the unit of ``values``.
    """
    x, y = np.asarray(hours, dtype=float), np.asarray(values, dtype=float)
    x = x - x.mean()
    rate = float((x @ (y - y.mean())) / (x @ x))
    residuals = y - y.mean() - rate * x
    total = float(residuals @ residuals)
    if total == 0:
        return rate, 0.0
    error = math.sqrt(total / (len(x) - 2) / float(x @ x))
    alike = min(max(float(residuals[1:] @ residuals[:-1]) / total, 0.0), 0.99)
    return rate, 1.96 * error * math.sqrt((1 + alike) / (1 - alike))


class Client:
    """Asks over connections that are kept, one for each thread, and keeps the record."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._own = threading.local()
        self._lock = threading.Lock()
        self.seconds: dict[str, list[float]] = collections.defaultdict(list)
        self.errors: list[str] = []

    def ask(self, ask: Ask, due: float) -> None:
        """Ask, and record how long the answer took from when it was due."""
        error = None
        try:
            status = self._status(ask)
            if status != ask.status:
                error = f"{ask.kind} {ask.path}: {status}, expected {ask.status}"
        except (OSError, http.client.HTTPException) as failure:
            self._own.connection = None
            error = f"{ask.kind} {ask.path}: {type(failure).__name__} {failure}"
        with self._lock:
            self.seconds[ask.kind].append(time.monotonic() - due)
            if error is not None:
                self.errors.append(error)

    def _status(self, ask: Ask) -> int:
        connection = getattr(self._own, "connection", None)
        if connection is None or time.monotonic() > self._own.used + KEPT_SECONDS:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_LONGEST_WAIT)
            self._own.connection = connection
        headers = {"Content-Type": ask.content_type} if ask.content_type else {}
        connection.request(ask.method, ask.path, ask.body or None, headers)
        answer = connection.getresponse()
        answer.read()
        self._own.used = time.monotonic()
        return int(answer.status)


def capacity(port: int, requests: Iterator[Ask], seconds: float) -> float:
    """Return the requests a second that are answered to clients that ask as fast as they can."""
    client, lock = Client(port), threading.Lock()
    start = time.monotonic()

    def ask_on() -> None:
        while time.monotonic() < start + seconds:
            with lock:
                ask = next(requests)
            client.ask(ask, time.monotonic())

    with ThreadPoolExecutor(_CLIENTS) as pool:
        for future in [pool.submit(ask_on) for _ in range(_CLIENTS)]:
            future.result()
    done = sum(len(times) for times in client.seconds.values())
    return done / (time.monotonic() - start)


def soak(port: int, requests: Iterator[Ask], rate: float, seconds: float) -> Client:
    """Ask at a steady rate, and return the record; a slow answer delays no later request."""
    client = Client(port)
    start = time.monotonic()
    with ThreadPoolExecutor(4 * _CLIENTS) as pool:
        for number in range(int(rate * seconds)):
            due = start + number / rate
            ask = next(requests)
            time.sleep(max(due - time.monotonic(), 0))
            pool.submit(client.ask, ask, due)
    return client


def report_requests(client: Client) -> None:
    """Print percentiles by kind, and what went wrong."""
    print(f"{'kind':16} {'requests':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'max ms':>8}")
    for kind, times in sorted(client.seconds.items()):
        points = [*np.percentile(times, [50, 95, 99]), max(times)]
        print(f"{kind:16} {len(times):8}", *(f"{1000 * point:8.1f}" for point in points))
    print(f"errors: {len(client.errors)} of {sum(map(len, client.seconds.values()))} requests")
    for error, count in collections.Counter(client.errors).most_common(10):
        print(f"    {count} x {error}")


def report_samples(samples: list[Sample], warm_up: float) -> bool:
    """Print what the process held; return whether its memory stays within the limit."""
    for sample in samples[:: max(1, len(samples) // 30)]:
        print(
            f"{sample.seconds / 60:5.1f} min: {sample.rss:7.1f} MB, {sample.private:7.1f} private, "
            f"{sample.descriptors} descriptors, {sample.threads} threads"
        )
    warm = [sample for sample in samples if sample.seconds >= warm_up]
    hours = [sample.seconds / 3600 for sample in warm]
    rate, margin = slope(hours, [sample.rss for sample in warm])
    private, private_margin = slope(hours, [sample.private for sample in warm])
    print(
        f"memory after {warm_up / 60:g} minutes: {rate:+.1f} ± {margin:.1f} MB an hour, private "
        f"{private:+.1f} ± {private_margin:.1f} (95 %)"
    )
    return rate - margin <= _LIMIT_MB


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield the 99th percentile of plots.

    Raises:
        RuntimeError: An answer was wrong, memory grew, or descriptors or threads were left.
    """
    minutes = given.minutes or (30.0 if given.full else 0.5)
    requests = iter(Requests(given.seed))
    arguments = ["--model", given.model] if given.model else []
    with served(arguments, given.log) as (port, pid):
        most = capacity(port, requests, 20.0 if minutes > 1 else 5.0)
        rate = given.rate or given.share * most
        print(f"{most:.1f} requests a second at most; {minutes:g} minutes at {rate:.1f}")
        watch = Watch(pid)
        before = watch.idle()
        watch.start()
        client = soak(port, requests, rate, 60 * minutes)
        watch.stop()
        after = watch.idle()
    report_requests(client)
    steady = report_samples(watch.samples, 60 * min(minutes / 3, 10)) or minutes < _JUDGED_MINUTES
    print(
        f"idle before and after: {before.descriptors} and {after.descriptors} descriptors, "
        f"{before.threads} and {after.threads} threads"
    )
    yield Row(
        f"99 of 100 plots answered within, {minutes:g} minutes at {given.share:.0%} of what can be",
        "ms",
        [1000 * float(np.percentile(client.seconds["plot"], 99))],
        better="lower",
        product_mb=max(sample.rss for sample in watch.samples),
    )
    held = (
        after.descriptors <= before.descriptors and after.threads <= before.threads + _POOL_THREADS
    )
    if client.errors or not (steady and held):
        raise RuntimeError(
            f"{len(client.errors)} errors; memory steady: {steady}; descriptors and threads as "
            f"before: {held}"
        )


if __name__ == "__main__":
    parser = harness.options(__doc__)
    parser.add_argument("--minutes", type=float, help="30 with --full, or half a minute")
    parser.add_argument("--share", type=float, default=0.6, help="of what can be answered")
    parser.add_argument("--rate", type=float, help="requests a second, instead of a share")
    parser.add_argument("--model", help="as for moviegenre serve; default: the included one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path, default=Path("soak.log"), help="of the service")
    harness.main(run, parser)
