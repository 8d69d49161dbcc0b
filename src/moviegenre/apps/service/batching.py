"""Micro-batching: what arrives together is computed together, by one thread.

It knows nothing of films and of HTTP. Callers live in an event loop and await their answers; the
worker thread takes what waits, a bounded number after a bounded wait, and hands it to ``compute``.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_log = logging.getLogger("moviegenre.service")

Q = TypeVar("Q")
A = TypeVar("A")


class QueueFullError(Exception):
    """There is no room in the queue."""


class StoppedError(Exception):
    """The batcher takes nothing more, because it is being stopped."""


class DeadlineError(Exception):
    """The answer was not there in time."""


@dataclass(frozen=True, eq=False)
class _Job(Generic[Q, A]):
    """A question on its way, and where its answer is awaited."""

    question: Q
    arrived: float
    deadline: float
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[A]"

    def answer(self, answer: A) -> None:
        """Hand the answer over to the event loop; from any thread."""
        self._hand_over(lambda: self.future.set_result(answer))

    def fail(self, error: Exception) -> None:
        """Raise an error where the answer is awaited; from any thread."""
        self._hand_over(lambda: self.future.set_exception(error))

    def _hand_over(self, put: Callable[[], None]) -> None:
        def put_if_awaited() -> None:
            if not self.future.done():
                put()

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self.loop.call_soon_threadsafe(put_if_awaited)


class MicroBatcher(Generic[Q, A]):
    """Collects questions for a function that is faster on several at once.

    Args:
        compute: Answers several questions, in their order; what it raises is raised to all askers
            of the batch.
        max_batch: Questions handed over at once, at most.
        max_wait_seconds: How long the first question of a batch waits for others.
        max_queue: Questions that may wait.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[Q]], Sequence[A]],
        *,
        max_batch: int,
        max_wait_seconds: float,
        max_queue: int,
    ) -> None:
        self._compute = compute
        self._max_batch = max_batch
        self._max_wait = max_wait_seconds
        self._max_queue = max_queue
        self._jobs: deque[_Job[Q, A]] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._worker = threading.Thread(target=self._work, name="predictor", daemon=True)

    @property
    def num_waiting(self) -> int:
        """Questions that wait."""
        return len(self._jobs)

    @property
    def is_ready(self) -> bool:
        """Whether questions are taken and answered."""
        return self._worker.is_alive() and not self._stopping

    def start(self) -> None:
        """Start the worker."""
        self._worker.start()

    def stop(self) -> None:
        """Take nothing more, and return when all that was taken is answered."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._worker.join()

    def require_room(self, number: int = 1) -> None:
        """Check that so many questions would be taken now.

        Raises:
            StoppedError: It is being stopped.
            QueueFullError: They would not.
        """
        if self._stopping:
            raise StoppedError
        if len(self._jobs) + number > self._max_queue:
            raise QueueFullError

    async def ask(self, questions: Sequence[Q], seconds: float) -> list[A]:
        """Return the answers to one caller's questions: all are taken, or none.

        Args:
            questions: They may be answered in batches with other callers'.
            seconds: From now until the answers are of no use; what is not begun then never is.

        Raises:
            StoppedError: It is being stopped.
            QueueFullError: They do not fit into the queue.
            DeadlineError: The time is up.
        """
        now = time.monotonic()
        loop = asyncio.get_running_loop()
        jobs: list[_Job[Q, A]] = [
            _Job(question, now, now + seconds, loop, loop.create_future()) for question in questions
        ]
        with self._changed:
            self.require_room(len(jobs))
            self._jobs.extend(jobs)
            self._changed.notify_all()
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.gather(*(job.future for job in jobs))
        except TimeoutError:
            raise DeadlineError from None
        finally:
            self._forget(jobs)

    def _forget(self, jobs: Sequence[_Job[Q, A]]) -> None:
        """Take out of the queue what nobody waits for any longer."""
        left = {id(job) for job in jobs if not job.future.done() or job.future.cancelled()}
        if left:
            with self._changed:
                self._jobs = deque(job for job in self._jobs if id(job) not in left)

    def _work(self) -> None:
        while jobs := self._take():
            now = time.monotonic()
            wanted = [job for job in jobs if not job.future.done() and now < job.deadline]
            if not wanted:
                continue
            try:
                answers = self._compute([job.question for job in wanted])
                for job, answer in zip(wanted, answers, strict=True):
                    job.answer(answer)
            except Exception as error:  # the thread must live on for the others
                _log.exception("batch failed")
                for job in wanted:
                    job.fail(error)

    def _take(self) -> list[_Job[Q, A]]:
        """Wait for the next batch; nothing means that it was stopped and all is answered."""
        with self._changed:
            while True:
                while not self._jobs and not self._stopping:
                    self._changed.wait()
                if not self._jobs:
                    return []
                left = self._jobs[0].arrived + self._max_wait - time.monotonic()
                if len(self._jobs) >= self._max_batch or self._stopping or left <= 0:
                    number = min(len(self._jobs), self._max_batch)
                    return [self._jobs.popleft() for _ in range(number)]
                self._changed.wait(left)
