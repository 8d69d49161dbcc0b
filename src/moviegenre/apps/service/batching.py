"""Micro-batching: one thread computes slices of the waiting items, in fair turns.

The module knows neither films nor HTTP. Callers await their results in an event loop. The worker
thread takes slices of the queue and passes them to ``compute``. Between slices, it also runs
functions for other threads.
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
_REMEMBERED = 9  # slices; one slow slice does not move their median
_UNKNOWN_COST = 8.0  # units of work in a slice while the speed is unknown


class DeadlineError(Exception):
    """The result was not ready in time."""


class WorkerError(Exception):
    """The computation raised a ``BaseException`` that is no ``Exception``."""


class SpeedEstimate:
    """Estimates how much work fits into a slice, from the times of the last slices.

    Args:
        slice_seconds: The longest time that a slice should take.
    """

    def __init__(self, slice_seconds: float) -> None:
        self._slice_seconds = slice_seconds
        self._unit_seconds: deque[float] = deque(maxlen=_REMEMBERED)
        self._is_warm = False

    @property
    def slice_cost(self) -> float:
        """Units of work in a slice."""
        if not self._unit_seconds:
            return _UNKNOWN_COST
        return self._slice_seconds / max(statistics.median(self._unit_seconds), 1e-9)

    @property
    def bulk_cost(self) -> float:
        """Units of work in a slice of bulk work: half, because single films may wait for it."""
        return self.slice_cost / 2

    def record(self, cost: float, seconds: float) -> None:
        """Record the time of a slice; the first one is ignored, because it includes loading."""
        if self._is_warm:
            self._unit_seconds.append(seconds / cost)
        self._is_warm = True


class MicroBatcher(Generic[T, R]):
    """Collects items for a function that is faster on several at once.

    Args:
        compute: Returns the results of several items, in their order. An exception is raised to
            all callers of the slice.
        max_batch: The most items in a slice.
        max_wait_seconds: How long the first item of a slice waits for others.
        max_queue: The most items that may wait.
        max_per_client: The most items of one client that may wait.
        speed: The estimate of how much work fits into a slice; ``compute`` updates it.

    Attributes:
        speed: The estimate.
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
        client_limit = min(max_per_client, max_queue)
        bulk_limit = min(max_queue, max(client_limit, round(_BULK_SHARE * max_queue)))
        self._compute = compute
        self._max_batch = max_batch
        self._max_wait = max_wait_seconds
        self._room = Room(max_queue, client_limit, bulk_limit)
        self._queue: FairQueue[Job[T, R] | Step] = FairQueue(_WEIGHTS)
        self._changed = threading.Condition()
        self._stopping = False
        self._worker = threading.Thread(target=self._work, name="predictor", daemon=True)
        self.speed = speed

    @property
    def num_waiting(self) -> int:
        """The number of items that wait."""
        return self._room.num_waiting

    @property
    def is_ready(self) -> bool:
        """Whether items are accepted and computed."""
        return self._worker.is_alive() and self._room.is_open

    def start(self) -> None:
        """Start the worker."""
        self._worker.start()

    def stop(self) -> None:
        """Accept no more items, and return when all accepted ones are computed."""
        self._room.shut()
        with self._changed:
            self._changed.notify_all()  # slices stop waiting for more items
        self._room.wait_until_empty()
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._worker.join()

    def require_room(self, client: str) -> None:
        """Check that one item would be accepted now.

        Raises:
            StoppedError: The service is stopping.
            QueueFullError: There is no room.
        """
        self._room.require(client)

    @asynccontextmanager
    async def admitted(
        self, number: int, seconds: float, *, client: str = "", kind: str = "single"
    ) -> AsyncGenerator[QueuedRequest]:
        """Hold places for a request; when the block ends, its waiting work is dropped.

        Args:
            number: The number of its items; all are accepted, or none.
            seconds: The time until the results are useless; work not begun by then is dropped.
            client: The client that sent it.
            kind: Its kind of work.

        Raises:
            StoppedError: The service is stopping.
            QueueFullError: There is no room, or another client got the place.
            DeadlineError: The time is up.
        """
        loop = asyncio.get_running_loop()
        places = self._room.take(client, number, is_bulk=kind in BULK)
        request = QueuedRequest(client, kind, places, seconds)
        try:
            async with asyncio.timeout(seconds) as limit:

                def expire() -> None:
                    with contextlib.suppress(RuntimeError):  # the block has ended already
                        limit.reschedule(loop.time())

                places.drop = lambda: loop.call_soon_threadsafe(expire)
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
            request: The request that ``admitted`` yielded.
            cost: The units of work; 1 is the least.
            keeps_place: Whether the item keeps its place, because more work for it follows.
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
        """Run a function in the worker thread and return its result; called in another thread.

        Args:
            function: A part of a longer computation.
            request: The request that ``admitted`` yielded.
            cost: The units of work.

        Raises:
            AbandonedError: The client no longer waits.
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
        """Free the place of an item that kept it."""
        self._room.leave_one(request.places)

    def _work(self) -> None:
        while tasks := self._take():
            try:
                self._compute_slice(tasks)
            except BaseException:  # the thread must go on after any error
                _log.exception("slice failed")

    def _compute_slice(self, tasks: "Sequence[Job[T, R] | Step]") -> None:
        jobs: list[Job[T, R]] = []
        for task in tasks:
            if isinstance(task, Step):
                task.run()
            elif task.is_wanted:
                jobs.append(task)
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
        """Wait for the next slice; after a stop, return an empty one when all is computed."""
        with self._changed:
            while True:
                first = self._queue.first()
                if first is None:
                    if self._stopping:
                        return []
                    self._changed.wait()
                    continue
                wait_seconds = first.item.arrived + self._max_wait - time.monotonic()
                if (
                    isinstance(first.item, Step)
                    or len(self._queue) >= self._max_batch
                    or not self._room.is_open
                    or wait_seconds <= 0
                ):
                    return self._slice()
                self._changed.wait(wait_seconds)

    def _slice(self) -> "list[Job[T, R] | Step]":
        """Take the next jobs of one kind, up to a slice, or the next step alone."""
        tasks: list[Job[T, R] | Step] = []
        first = self._queue.first()
        assert first is not None, "the caller checked"
        remaining_cost = self.speed.bulk_cost if first.kind in BULK else self.speed.slice_cost
        while len(tasks) < self._max_batch and (ticket := self._queue.first()):
            task = ticket.item
            is_step = isinstance(task, Step)
            if tasks and (is_step or ticket.kind != first.kind or ticket.cost > remaining_cost):
                break
            self._queue.take(ticket)
            tasks.append(task)
            remaining_cost -= ticket.cost
            if isinstance(task, Step):
                break
            if not task.keeps_place:
                self._room.leave_one(task.request.places)
        return tasks
