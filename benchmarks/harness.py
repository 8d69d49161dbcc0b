"""Measure the product and a rival in turn, print a row, and keep it for ``RESULTS.md``.

Each side runs in a process of its own, so that its peak memory is its own and the rival's imports
cost the product nothing. The two are asked for a figure in turn, round after round: a machine that
is slower for a minute is slower for both.
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import subprocess  # asks git for the commit  # nosec B404
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, Self, cast

from benchmarks.machine import machine

ROOT = Path(__file__).parents[1]
DATA = Path("data/mmimdb-r")
STORE = ROOT / "runs" / "benchmarks"

Figures = list[float]
Measure = Callable[[], float]
_SAMPLE_SECONDS = 0.25
_STOP_SECONDS = 10.0


class AbsentError(Exception):
    """Something that a benchmark needs is not on this machine; the message says what."""


@dataclass(frozen=True)
class Side:
    """The product or a rival.

    Attributes:
        start: A function of a module that prepares all that is not measured, and returns a function
            that works once and returns the figure. Another process calls it; ``module:name`` spares
            this one the module's imports.
        arguments: Its arguments.
    """

    start: Callable[..., Measure] | str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """The figures of one piece of work.

    Attributes:
        work: What was done.
        unit: Of the figures, such as ``films/s``.
        product: A figure for each round.
        rival: Likewise; none where there is nothing to compare with.
        rival_name: Who it is.
        better: Which figures are the better ones.
        product_mb: Peak memory of the product's process and its children; None if unknown.
        rival_mb: Likewise.
        product_cores: The number of cores that the product kept busy, median; None if unknown.
        rival_cores: Likewise.
    """

    work: str
    unit: str
    product: Figures
    rival: Figures = field(default_factory=list)
    rival_name: str = ""
    better: Literal["higher", "lower"] = "higher"
    product_mb: float | None = None
    rival_mb: float | None = None
    product_cores: float | None = None
    rival_cores: float | None = None

    @property
    def ratios(self) -> Figures:
        """How many times better the product was in each round."""
        pairs = zip(self.product, self.rival, strict=False)
        higher = self.better == "higher"
        return [ours / theirs if higher else theirs / ours for ours, theirs in pairs]

    def cells(self) -> list[str]:
        """Return work, product, rival, ratio, memory and busy cores as text."""
        rival = f"{self.rival_name} {spread(self.rival)} {self.unit}" if self.rival else "-"
        memory = [f"{mb:,.0f}" for mb in (self.product_mb, self.rival_mb) if mb]
        cores = [f"{cores:.1f}" for cores in (self.product_cores, self.rival_cores) if cores]
        ratio = spread(self.ratios) if self.rival else "-"
        product = f"{spread(self.product)} {self.unit}"
        return [self.work, product, rival, ratio, " / ".join(memory), " / ".join(cores)]

    def line(self) -> str:
        """Return the row as a line."""
        work, product, rival, ratio, memory, cores = self.cells()
        parts = [f"{work}: {product}"]
        parts += [f"{rival}, {ratio} times"] if self.rival else []
        parts += [f"peak {memory} MB"] if memory else []
        parts += [f"{cores} cores busy"] if cores else []
        return "; ".join(parts)


def spread(figures: Figures) -> str:
    """Return the median, and the lowest and highest in brackets where there are several."""
    median = _short(statistics.median(figures))
    if len(figures) == 1:
        return median
    return f"{median} ({_short(min(figures))} to {_short(max(figures))})"


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def in_turn(
    product: Side, rival: Side | None, rounds: int, *, work: str, unit: str, **named: Any
) -> Row:
    """Return a row: both sides are started, then asked for a figure in turn.

    Args:
        product: Our side.
        rival: The other; None where there is nothing to compare with.
        rounds: How many figures each gives.
        work: See ``Row``, as is everything else.
        unit: See there.
        named: See there.
    """
    sides = [product] if rival is None else [product, rival]
    figures: list[Figures] = [[] for _ in sides]
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(side)) for side in sides]
        for _ in range(rounds):
            for worker, own in zip(workers, figures, strict=True):
                own.append(worker.measure())
        peaks = [worker.peak_mb for worker in workers]
        cores = [statistics.median(worker.cores) for worker in workers]
    return Row(
        work,
        unit,
        product=figures[0],
        rival=figures[1] if rival else [],
        product_mb=peaks[0],
        rival_mb=peaks[1] if rival else None,
        product_cores=cores[0],
        rival_cores=cores[1] if rival else None,
        **named,
    )


class Worker:
    """A side that runs in a process of its own; a context, at whose end the process is stopped.

    Args:
        side: What it runs.

    Attributes:
        peak_mb: Peak memory so far of the process and its children; None before the first figure.
        cores: The number of cores that the process kept busy for each figure.
    """

    def __init__(self, side: Side) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, side.start, dict(side.arguments))
        )
        self._process.start()
        theirs.close()
        self.peak_mb: float | None = None
        self.cores: Figures = []

    def __enter__(self) -> Self:
        try:
            self._receive()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop()

    def measure(self) -> float:
        """Return another figure."""
        self._connection.send(None)
        with watched(self._process.pid) as peak:
            figure, own_mb, cores = self._receive()
        self.cores.append(cores)
        self.peak_mb = max(self.peak_mb or 0.0, own_mb, peak())
        return float(figure)

    @property
    def pid(self) -> int | None:
        """The process."""
        return self._process.pid

    def _receive(self) -> Any:
        try:
            fault, value = self._connection.recv()
        except EOFError:
            self._process.join()
            raise RuntimeError(f"a process ended with {self._process.exitcode}") from None
        if fault:
            raise RuntimeError(fault)
        return value

    def _stop(self) -> None:
        self._connection.close()
        self._process.join(_STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _work(
    connection: Connection, start: Callable[..., Measure] | str, given: dict[str, Any]
) -> None:
    """Prepare, then send a figure for each message, until the connection is closed."""
    try:
        if isinstance(start, str):
            module, _, name = start.partition(":")
            start = cast("Callable[..., Measure]", getattr(import_module(module), name))
        measure = start(**given)
        connection.send(("", None))
        while True:
            connection.recv()
            started, worked = time.perf_counter(), time.process_time()
            figure = measure()
            cores = (time.process_time() - worked) / (time.perf_counter() - started)
            connection.send(("", (figure, peak_mb(), cores)))
    except EOFError:
        pass
    except BaseException:
        connection.send((traceback.format_exc(), None))


def peak_mb() -> float:
    """Return the peak memory of this process in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


@contextmanager
def watched(pid: int | None) -> Iterator[Callable[[], float]]:
    """Sample the memory of a process and its children meanwhile; yield what returns the peak.

    Shared pages count once. The peak is 0 where there is no ``/proc``.
    """
    done, peaks = threading.Event(), [0.0]

    def sample() -> None:
        while not done.wait(_SAMPLE_SECONDS):
            peaks[0] = max(peaks[0], sum(_own_mb(one) for one in _family(pid or 0)))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield lambda: peaks[0]
    finally:
        done.set()
        thread.join()


def _family(pid: int) -> Iterator[int]:
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text("ascii").split()
        except OSError:  # the thread has ended
            continue
        for child in children:
            yield from _family(int(child))


def _own_mb(pid: int) -> float:
    """Return the memory of a process in MB, each shared page divided among those that share it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 2**10


def rate(work: Callable[[], object], number: int) -> float:
    """Work once and return how many units a second were done."""
    started = time.perf_counter()
    work()
    return number / (time.perf_counter() - started)


def commit() -> str:
    """Return the short name of the checked-out commit; empty outside a checkout."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # nosec B603
    except (OSError, subprocess.CalledProcessError):
        return ""


def options(doc: str | None) -> argparse.ArgumentParser:
    """Return the options that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="at real size; small otherwise")
    parser.add_argument("--rounds", type=int, help="figures of each side; 3, or 5 with --full")
    parser.add_argument("--data", type=Path, default=DATA, help=f"prepared films ({DATA})")
    parser.add_argument("--json", type=Path, help="write the rows here")
    return parser


Run = Callable[[argparse.Namespace], Iterable[Row]]


def main(run: Run, parser: argparse.ArgumentParser) -> None:
    """Print the rows of a benchmark as they come, and write them where ``--json`` says.

    Args:
        run: Yields the rows; raises ``AbsentError`` where something is not on this machine.
        parser: What ``options`` returned, with the benchmark's own options.
    """
    given = parser.parse_args()
    given.rounds = given.rounds or (5 if given.full else 3)
    started, rows, absent = time.perf_counter(), [], ""
    try:
        for row in run(given):
            print(row.line(), flush=True)
            rows.append(row)
    except AbsentError as error:
        absent = str(error)
        print(f"skipped: {absent}")
    described = machine()
    print(described)
    if given.json is not None:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        result = {
            "rows": [asdict(row) for row in rows],
            "skipped": absent,
            "full": given.full,
            "commit": commit(),
            "date": datetime.now(UTC).date().isoformat(),
            "machine": described,
            "seconds": round(time.perf_counter() - started, 1),
        }
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
