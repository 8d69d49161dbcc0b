"""Micro-batching: what arrives together is computed together, by one thread, in fair turns.

It knows nothing of films and of HTTP. Callers live in an event loop and await their answers; the
worker thread takes slices of what waits and hands them to ``compute``. Other threads may have the
worker run functions of theirs, between the slices.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from moviegenre.apps.service.admission import Limits, QueueFullError, Room
from moviegenre.apps.service.fairness import FairQueue
from moviegenre.apps.service.jobs import Job, Piece, Stay
from moviegenre.apps.service.pace import Pace

_log = logging.getLogger("moviegenre.service")

Q = TypeVar("Q")
A = TypeVar("A")

BULK = frozenset({"batch", "table", "explain"})
"""Kinds of work that never fill the queue."""

_WEIGHTS = {"single": 8.0, "batch": 2.0}  # shares of the worker's time while all kinds wait
_BULK_SHARE = 0.75  # of the queue


class DeadlineError(Exception):
    """The answer was not there in time."""


class WorkerError(Exception):
    """What was computed failed in a way that is no ordinary exception."""


class MicroBatcher(Generic[Q, A]):
    """Collects questions for a function that is faster on several at once.

    Args:
        compute: Answers several questions, in their order; what it raises is raised to all askers
            of the slice.
        max_batch: Questions handed over at once, at most.
        max_wait_seconds: How long the first question of a slice waits for others.
        max_queue: Questions that may wait.
        max_per_client: Those of one client; None for no such limit.
        pace: How much work fits into a slice, learnt by who computes; None for no limit.

    Attributes:
        pace: As given.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[Q]], Sequence[A]],
        *,
        max_batch: int,
        max_wait_seconds: float,
        max_queue: int,
        max_per_client: int | None = None,
        pace: Pace | None = None,
    ) -> None:
        client = max_queue if max_per_client is None else min(max_per_client, max_queue)
        bulk = min(max_queue, max(client, round(_BULK_SHARE * max_queue)))
        self._compute = compute
        self._max_batch = max_batch
        self._max_wait = max_wait_seconds
        self._room = Room(Limits(max_queue, client, bulk))
        self._queue: FairQueue[Job[Q, A] | Piece] = FairQueue(_WEIGHTS)
        self._changed = threading.Condition()
        self._stopping = False
        self._worker = threading.Thread(target=self._work, name="predictor", daemon=True)
        self.pace = pace or Pace(None)

    @property
    def num_waiting(self) -> int:
        """Questions that wait."""
        return self._room.num_waiting

    @property
    def is_ready(self) -> bool:
        """Whether questions are taken and answered."""
        return self._worker.is_alive() and self._room.is_open

    def start(self) -> None:
        """Start the worker."""
        self._worker.start()

    def stop(self) -> None:
        """Take nothing more, and return when all that was taken is answered."""
        self._room.shut()
        with self._changed:
            self._changed.notify_all()  # nobody need wait for company any longer
        self._room.wait_until_empty()
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._worker.join()

    def require_room(self, client: str = "", number: int = 1) -> None:
        """Check that so many questions would be taken now.

        Raises:
            StoppedError: It is being stopped.
            QueueFullError: They would not.
        """
        self._room.require(client, number)

    async def ask(
        self, questions: Sequence[Q], seconds: float, *, client: str = "", kind: str = "single"
    ) -> list[A]:
        """Return the answers to one caller's questions: all are taken, or none.

        Args:
            questions: They may be answered in slices with other callers'.
            seconds: From now until the answers are of no use; what is not begun then never is.
            client: Whose questions they are.
            kind: Of which kind of work.

        Raises:
            StoppedError: It is being stopped.
            QueueFullError: They do not fit into the queue.
            DeadlineError: The time is up.
        """
        async with self.admitted(len(questions), seconds, client=client, kind=kind) as stay:
            return await asyncio.gather(*(self.answer(question, stay) for question in questions))

    @asynccontextmanager
    async def admitted(
        self, number: int, seconds: float, *, client: str = "", kind: str = "single"
    ) -> AsyncGenerator[Stay]:
        """Hold places for a request; at the end, whatever ends it, its waiting work is dropped.

        Raises:
            StoppedError: It is being stopped.
            QueueFullError: There is no room, or a client with less took the place.
            DeadlineError: The time is up.
        """
        loop = asyncio.get_running_loop()
        places = self._room.take(client, number, is_bulk=kind in BULK)
        stay = Stay(client, kind, places, seconds)
        try:
            async with asyncio.timeout(seconds) as limit:

                def give_up() -> None:
                    with contextlib.suppress(RuntimeError):  # it is over anyway
                        limit.reschedule(loop.time())

                def drop() -> None:
                    loop.call_soon_threadsafe(give_up)

                places.drop = drop
                yield stay
        except TimeoutError:
            if not limit.expired():
                raise
            raise (QueueFullError if places.was_dropped else DeadlineError) from None
        finally:
            with self._changed:
                for ticket in stay.leave():
                    self._queue.remove(ticket)
            self._room.close(places)

    async def answer(
        self, question: Q, stay: Stay, *, cost: float = 1.0, keeps_place: bool = False
    ) -> A:
        """Return the answer to one question of a request that was admitted.

        Args:
            question: The question.
            stay: What ``admitted`` gave.
            cost: How much work it is; 1 for the least.
            keeps_place: Whether its place stays taken, because more is to be computed for it.
        """
        job: Job[Q, A] = Job(question, stay, keeps_place, asyncio.get_running_loop())
        with self._changed:
            ticket = self._queue.push(job, client=stay.client, kind=stay.kind, cost=cost)
            self._changed.notify_all()
        try:
            return await job.future
        finally:
            with self._changed:
                self._queue.remove(ticket)

    def run(self, function: Callable[[], Any], stay: Stay, cost: float) -> Any:  # noqa: ANN401
        """Return what a function returns, run by the worker; called in another thread.

        Args:
            function: A slice of a longer work.
            stay: What ``admitted`` gave.
            cost: How much work it is.

        Raises:
            GoneError: Nobody waits for it any longer.
        """
        piece = Piece(function, stay)
        with self._changed:
            stay.require()
            ticket = self._queue.push(piece, client=stay.client, kind="explain", cost=cost)
            stay.pieces[ticket] = piece
            self._changed.notify_all()
        try:
            return piece.result.result()
        finally:
            with self._changed:
                stay.pieces.pop(ticket, None)

    def leave_place(self, stay: Stay) -> None:
        """Give up the place of a question that kept it."""
        self._room.leave_one(stay.places)

    def _work(self) -> None:
        while work := self._take():
            try:
                self._compute_slice(work)
            except BaseException:  # the thread must live on, whatever this was
                _log.exception("slice failed")

    def _compute_slice(self, work: "Sequence[Job[Q, A] | Piece]") -> None:
        jobs: list[Job[Q, A]] = []
        for item in work:
            if isinstance(item, Piece):
                item.run()
            elif item.is_wanted:
                jobs.append(item)
        if not jobs:
            return
        try:
            answers = self._compute([job.question for job in jobs])
            for job, answer in zip(jobs, answers, strict=True):
                job.answer(answer)
        except BaseException as error:
            _log.exception("batch failed")
            if not isinstance(error, Exception):
                error = WorkerError(repr(error))
            for job in jobs:
                job.fail(error)

    def _take(self) -> "list[Job[Q, A] | Piece]":
        """Wait for the next slice; nothing means that it was stopped and all is answered."""
        with self._changed:
            while True:
                first = self._queue.first()
                if first is None:
                    if self._stopping:
                        return []
                    self._changed.wait()
                    continue
                left = first.item.arrived + self._max_wait - time.monotonic()
                if (
                    isinstance(first.item, Piece)
                    or len(self._queue) >= self._max_batch
                    or not self._room.is_open
                    or left <= 0
                ):
                    return self._slice()
                self._changed.wait(left)

    def _slice(self) -> "list[Job[Q, A] | Piece]":
        """Take what comes next, of one kind and up to a slice; a piece is a slice of its own."""
        taken: list[Job[Q, A] | Piece] = []
        first = self._queue.first()
        assert first is not None, "the caller looked"
        room = self.pace.bulk_cost if first.kind in BULK else self.pace.slice_cost
        while len(taken) < self._max_batch and (ticket := self._queue.first()):
            is_piece = isinstance(ticket.item, Piece)
            if taken and (is_piece or ticket.kind != first.kind or ticket.cost > room):
                break
            self._queue.take(ticket)
            taken.append(ticket.item)
            room -= ticket.cost
            if isinstance(ticket.item, Piece):
                break
            if not ticket.item.keeps_place:
                self._room.leave_one(ticket.item.stay.places)
        return taken
