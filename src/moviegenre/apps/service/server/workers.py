"""Several processes behind one port: started, watched, replaced and stopped.

All workers accept from the same socket. If a worker ends, another one accepts its waiting
connections; with a socket for each worker (SO_REUSEPORT), they would be lost. uvicorn's own
supervisor builds plain servers, without the limits on connections.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from moviegenre.apps.service.access.rates import Buckets
from moviegenre.apps.service.access.shared_rates import SharedBuckets
from moviegenre.apps.service.logs import log_event, start_log
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.apps.service.plan import ServicePlan, threads_of
from moviegenre.apps.service.server.guarded_server import GuardedServer
from moviegenre.apps.service.shared_state import SharedState
from moviegenre.core.errors import MovieGenreError

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable with the folder of all workers' metrics, for prometheus_client."""

_ACCEPT_BATCH = 1  # connections that a worker accepts at once; few, so that all workers get some
_GRACE_SECONDS = 5.0  # beyond stop_seconds
_MAX_PAUSE = 30.0


class WorkerState(SharedState):
    """The state of the workers of one machine, in the files of a folder.

    Args:
        folder: A folder of this service only, with a random name.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def buckets(self, name: str, per_second: float, burst: int) -> Buckets:
        """Return the token buckets in the file of this name."""
        return SharedBuckets(self._folder / f"{name}.rates", per_second, burst)

    async def metrics(self, own: ServiceMetrics) -> bytes:
        """Return the sums over all workers, including the ones that have ended."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(registry)


@dataclass(eq=False)
class _Worker:
    """A process, and a pipe on which it reports.

    Attributes:
        process: The process.
        report: Receives an empty text once the process answers, or the error as one sentence.
        is_ready: Whether the process answers.
    """

    process: SpawnProcess
    report: Connection
    is_ready: bool = False

    def receive_report(self) -> str | None:
        """Wait for its report; return None if it is ready, or the error."""
        try:
            fault = str(self.report.recv())
        except EOFError:
            self.process.join()
            fault = f"a worker exited with {self.process.exitcode} before it answered; see the log"
        if fault:
            self.process.join()
            return fault
        self.is_ready = True
        return None


class Workers:
    """The processes of one service; all accept from the same sockets."""

    def __init__(self, plan: ServicePlan, number: int, listeners: Sequence[socket.socket]) -> None:
        self._plan = plan
        self._number = number
        self._listeners = list(listeners)
        self._workers: list[_Worker] = []
        self._pause = 0.0

    def run(self, ready: Callable[[], None]) -> None:
        """Answer until a KeyboardInterrupt, and end when all accepted requests are answered.

        Args:
            ready: Called once all workers answer.

        Raises:
            MovieGenreError: A worker cannot start.
        """
        with tempfile.TemporaryDirectory(prefix="moviegenre-") as name:
            folder = Path(name)
            threads = os.environ.get("OMP_NUM_THREADS", str(threads_of(self._number)))
            with _environment({METRICS_FOLDER: name, "OMP_NUM_THREADS": threads}):
                try:
                    self._workers = [self._start(folder) for _ in range(self._number)]
                    while not all(worker.is_ready for worker in self._workers):
                        self._require_report()
                    ready()
                    while True:
                        self._watch(folder)
                finally:
                    self._stop()

    def _start(self, folder: Path) -> _Worker:
        context = multiprocessing.get_context("spawn")  # threads here would not survive a fork
        report, sender = context.Pipe(duplex=False)
        process = context.Process(
            target=_serve,
            args=(self._plan, folder, self._listeners, sender),
            name="moviegenre worker",
            daemon=True,
        )
        process.start()
        sender.close()
        return _Worker(process, report)

    def _require_report(self) -> None:
        """Wait for the next report of a worker.

        Raises:
            MovieGenreError: The worker cannot start.
        """
        for worker in self._reporting(wait(self._pending_reports())):
            fault = worker.receive_report()
            if fault is not None:
                raise MovieGenreError(fault)

    def _watch(self, folder: Path) -> None:
        """Wait until a worker reports or ends, and replace it if it has ended."""
        sentinels = [worker.process.sentinel for worker in self._workers]
        for worker in self._reporting(wait([*self._pending_reports(), *sentinels])):
            fault = worker.receive_report()
            if fault is None:
                self._pause = 0.0
            else:
                log_event(logging.ERROR, "a worker could not start", reason=fault)
        for index, worker in enumerate(self._workers):
            if worker.process.exitcode is None:
                continue
            pid, code = worker.process.pid, worker.process.exitcode
            log_event(logging.WARNING, "a worker ended and is replaced", pid=pid, exit_code=code)
            mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
            if not worker.is_ready:  # another one might fail too
                self._pause = min(_MAX_PAUSE, 2 * self._pause or 1.0)
                time.sleep(self._pause)
            self._workers[index] = self._start(folder)

    def _pending_reports(self) -> list[Connection]:
        return [worker.report for worker in self._workers if not worker.is_ready]

    def _reporting(self, reports: Sequence[object]) -> list[_Worker]:
        return [
            worker for worker in self._workers if not worker.is_ready and worker.report in reports
        ]

    def _stop(self) -> None:
        """Stop all workers, and kill those that do not stop in time."""
        for worker in self._workers:
            worker.process.terminate()  # SIGTERM: a graceful stop
        deadline = time.monotonic() + self._plan.settings.stop_seconds + _GRACE_SECONDS
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.exitcode is None:
                log_event(logging.WARNING, "a worker did not stop", pid=worker.process.pid)
                worker.process.kill()
                worker.process.join()


class _WorkerServer(GuardedServer):
    """A server that calls ``ready`` when it answers."""

    ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self.ready()


def _serve(
    plan: ServicePlan, folder: Path, listeners: list[socket.socket], report: Connection
) -> None:
    """Serve in this process until SIGTERM, Ctrl-C, or the end of the parent."""
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        start_log()
        try:
            app = plan.app(WorkerState(folder))
        except MovieGenreError as error:
            report.send(str(error))
            return
        server = _WorkerServer(app, plan.settings, plan.access, accept_batch=_ACCEPT_BATCH)
        server.ready = lambda: report.send("")
        server.run(sockets=listeners)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables, which new processes inherit, until the block ends."""
    old_values = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in old_values.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
