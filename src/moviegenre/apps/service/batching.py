"""Micro-batching: what arrives together is computed together, by one thread, in fair turns.

It knows nothing of films and of HTTP. Callers live in an event loop and await their results; the
worker thread takes slices of what waits and hands them to ``compute``. Other threads may have the
worker run functions of theirs, between the slices.
"""

import asyncio
import contextlib
import logging
import statistics
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from moviegenre.apps.service.admission import QueueFullError, Room
from moviegenre.apps.service.fair_queue import FairQueue
from moviegenre.apps.service.jobs import Job, QueuedRequest, Step

_log = logging.getLogger("moviegenre.service")

T = TypeVar("T")
R = TypeVar("R")

BULK = frozenset({"batch", "table", "explain"})
"""Kinds of work that never fill the queue."""

_WEIGHTS = {"single": 8.0, "batch": 2.0}  # shares of the worker's time while all kinds wait
_BULK_SHARE = 0.75  # of the queue
_REMEMBERED = 9  # slices; their median is not moved by one that was held up
_UNKNOWN_COST = 8.0  # units of work that are tried before anything is known


class DeadlineError(Exception):
    """The result was not there in time."""


class WorkerError(Exception):
    """What was computed failed in a way that is no ordinary exception."""


class SpeedEstimate:
    """Estimates how much work fits into a slice, from how long the last slices took.

    Args:
        slice_seconds: How long a slice should take at most.
    """

    def __init__(self, slice_seconds: float) -> None:
        self._slice_seconds = slice_seconds
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)
        self._is_warm = False

    @property
    def slice_cost(self) -> float:
        """Units of work of a slice."""
        if not self._seconds:
            return _UNKNOWN_COST
        return self._slice_seconds / max(statistics.median(self._seconds), 1e-9)

    @property
    def bulk_cost(self) -> float:
        """Units of work of a slice that others may have to wait for: half of the usual."""
        return self.slice_cost / 2

    def record(self, cost: float, seconds: float) -> None:
        """Learn from a slice, but not from the first one, which loads and prepares things."""
        if self._is_warm:
            self._seconds.append(seconds / cost)
        self._is_warm = True


class MicroBatcher(Generic[T, R]):
    """Collects items for a function that is faster on several at once.

    Args:
        compute: Returns the results of several items, in their order; what it raises is raised to
            all callers of the slice.
        max_batch: Items handed over at once, at most.
        max_wait_seconds: How long the first item of a slice waits for others.
        max_queue: Items that may wait.
        max_per_client: Items of one client that may wait.
        speed: How much work fits into a slice; ``compute`` records it.

    Attributes:
        speed: As given.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[T]], Sequence[R]],
        *,
        max_batch: int,
        max_wait_seconds: float,
        max_queue: int,
        max_per_client: int,
        speed: SpeedEstimate,
    ) -> None:
        client = min(max_per_client, max_queue)
        bulk = min(max_queue, max(client, round(_BULK_SHARE * max_queue)))
        self._compute = compute
        self._max_batch = max_batch
        self._max_wait = max_wait_seconds
        self._room = Room(max_queue, client, bulk)
        self._queue: FairQueue[Job[T, R] | Step] = FairQueue(_WEIGHTS)
        self._changed = threading.Condition()
        self._stopping = False
        self._worker = threading.Thread(target=self._work, name="predictor", daemon=True)
        self.speed = speed

    @property
    def num_waiting(self) -> int:
        """Items that wait."""
        return self._room.num_waiting

    @property
    def is_ready(self) -> bool:
        """Whether items are taken and computed."""
        return self._worker.is_alive() and self._room.is_open

    def start(self) -> None:
        """Start the worker."""
        self._worker.start()

    def stop(self) -> None:
        """Take nothing more, and return when all that was taken is computed."""
        self._room.shut()
        with self._changed:
            self._changed.notify_all()  # no slice waits for more items now
        self._room.wait_until_empty()
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._worker.join()

    def require_room(self, client: str) -> None:
        """Check that one item would be taken now.

        Raises:
            StoppedError: It is being stopped.
            QueueFullError: It would not.
        """
        self._room.require(client)

    @asynccontextmanager
    async def admitted(
        self, number: int, seconds: float, *, client: str = "", kind: str = "single"
    ) -> AsyncGenerator[QueuedRequest]:
        """Hold places for a request; at its end, however it ends, its waiting work is dropped.

        Args:
            number: Its items; all are taken, or none.
            seconds: From now until the results are of no use; what is not begun then never is.
            client: Who sent it.
            kind: Its kind of work.

        Raises:
            StoppedError: It is being stopped.
            QueueFullError: There is no room, or a client with less took the place.
            DeadlineError: The time is up.
        """
        loop = asyncio.get_running_loop()
        places = self._room.take(client, number, is_bulk=kind in BULK)
        request = QueuedRequest(client, kind, places, seconds)
        try:
            async with asyncio.timeout(seconds) as limit:

                def give_up() -> None:
                    with contextlib.suppress(RuntimeError):  # it is over anyway
                        limit.reschedule(loop.time())

                places.drop = lambda: loop.call_soon_threadsafe(give_up)
                yield request
        except TimeoutError:
            if not limit.expired():
                raise
            raise (QueueFullError if places.was_dropped else DeadlineError) from None
        finally:
            with self._changed:
                for ticket in request.end():
                    self._queue.remove(ticket)
            self._room.close(places)

    async def compute(
        self, item: T, request: QueuedRequest, *, cost: float = 1.0, keeps_place: bool = False
    ) -> R:
        """Return the result of one item of an admitted request.

        Args:
            item: The item.
            request: What ``admitted`` yielded.
            cost: How much work it is; 1 for the least.
            keeps_place: Whether its place stays taken, because more is to be computed for it.
        """
        job: Job[T, R] = Job(request, item, keeps_place)
        with self._changed:
            ticket = self._queue.push(job, client=request.client, kind=request.kind, cost=cost)
            self._changed.notify_all()
        try:
            return await asyncio.wrap_future(job.future)
        finally:
            with self._changed:
                self._queue.remove(ticket)

    def run(self, function: Callable[[], Any], request: QueuedRequest, cost: float) -> Any:  # noqa: ANN401
        """Return what a function returns, run by the worker; called in another thread.

        Args:
            function: A part of a longer work.
            request: What ``admitted`` yielded.
            cost: How much work it is.

        Raises:
            AbandonedError: Nobody waits for it any longer.
        """
        step = Step(request, function)
        with self._changed:
            request.require()
            ticket = self._queue.push(step, client=request.client, kind="explain", cost=cost)
            request.steps[ticket] = step
            self._changed.notify_all()
        try:
            return step.future.result()
        finally:
            with self._changed:
                request.steps.pop(ticket, None)

    def leave_place(self, request: QueuedRequest) -> None:
        """Give up the place of an item that kept it."""
        self._room.leave_one(request.places)

    def _work(self) -> None:
        while work := self._take():
            try:
                self._compute_slice(work)
            except BaseException:  # the thread must live on, whatever this was
                _log.exception("slice failed")

    def _compute_slice(self, work: "Sequence[Job[T, R] | Step]") -> None:
        jobs: list[Job[T, R]] = []
        for part in work:
            if isinstance(part, Step):
                part.run()
            elif part.is_wanted:
                jobs.append(part)
        if not jobs:
            return
        try:
            results = self._compute([job.item for job in jobs])
            for job, result in zip(jobs, results, strict=True):
                job.finish(result)
        except BaseException as error:
            _log.exception("batch failed")
            if not isinstance(error, Exception):
                error = WorkerError(repr(error))
            for job in jobs:
                job.fail(error)

    def _take(self) -> "list[Job[T, R] | Step]":
        """Wait for the next slice; an empty one means that all is computed after a stop."""
        with self._changed:
            while True:
                first = self._queue.first()
                if first is None:
                    if self._stopping:
                        return []
                    self._changed.wait()
                    continue
                remaining = first.item.arrived + self._max_wait - time.monotonic()
                if (
                    isinstance(first.item, Step)
                    or len(self._queue) >= self._max_batch
                    or not self._room.is_open
                    or remaining <= 0
                ):
                    return self._slice()
                self._changed.wait(remaining)

    def _slice(self) -> "list[Job[T, R] | Step]":
        """Take what comes next, of one kind and up to a slice; a step is a slice of its own."""
        taken: list[Job[T, R] | Step] = []
        first = self._queue.first()
        assert first is not None, "the caller looked"
        room = self.speed.bulk_cost if first.kind in BULK else self.speed.slice_cost
        while len(taken) < self._max_batch and (ticket := self._queue.first()):
            work = ticket.item
            is_step = isinstance(work, Step)
            if taken and (is_step or ticket.kind != first.kind or ticket.cost > room):
                break
            self._queue.take(ticket)
            taken.append(work)
            room -= ticket.cost
            if isinstance(work, Step):
                break
            if not work.keeps_place:
                self._room.leave_one(work.request.places)
        return taken
