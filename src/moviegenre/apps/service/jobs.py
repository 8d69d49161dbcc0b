"""Work on its way to the worker thread, and the request that it belongs to."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any, Generic, TypeVar

from moviegenre.apps.service.admission import Places
from moviegenre.apps.service.fairness import Ticket

Q = TypeVar("Q")
A = TypeVar("A")


class GoneError(Exception):
    """Nobody waits for the work any longer."""


class Stay:
    """A request between its admission and its end.

    Args:
        client: Whose it is.
        kind: Of which kind of work.
        places: Its places in the queue.
        seconds: From now until an answer is of no use.

    Attributes:
        client: As given.
        kind: As given.
        places: As given.
        pieces: Its functions that wait for the worker, by their tickets.
    """

    def __init__(self, client: str, kind: str, places: Places, seconds: float) -> None:
        self.client = client
        self.kind = kind
        self.places = places
        self.pieces: dict[Ticket[Any], Piece] = {}
        self._until = time.monotonic() + seconds
        self._is_over = False

    @property
    def is_wanted(self) -> bool:
        """Whether somebody still waits: it is not answered, not too late, its client is there."""
        return not self._is_over and time.monotonic() < self._until

    def require(self) -> None:
        """Check that somebody still waits.

        Raises:
            GoneError: Nobody does.
        """
        if not self.is_wanted:
            raise GoneError

    def leave(self) -> list[Ticket[Any]]:
        """End it, wake the threads that wait for its pieces, and return the pieces' tickets."""
        self._is_over = True
        waiting = dict(self.pieces)
        for piece in waiting.values():
            piece.give_up()
        return list(waiting)


class Piece:
    """A function that a thread waits for.

    Args:
        function: What the worker runs.
        stay: The request that it belongs to.

    Attributes:
        arrived: When it came, on the monotonic clock.
        result: Where it is awaited.
    """

    def __init__(self, function: Callable[[], Any], stay: Stay) -> None:
        self._function = function
        self._stay = stay
        self.arrived = time.monotonic()
        self.result: Future[Any] = Future()

    def run(self) -> None:
        """Run the function, unless nobody waits for it; raises nothing."""
        if not self._stay.is_wanted:
            self.give_up()
            return
        try:
            result = self._function()
        except BaseException as error:  # such as a panic of a library in Rust
            self._fail(error)
        else:
            with contextlib.suppress(InvalidStateError):  # it was given up meanwhile
                self.result.set_result(result)

    def give_up(self) -> None:
        """Wake the thread that waits, with ``GoneError``."""
        self._fail(GoneError())

    def _fail(self, error: BaseException) -> None:
        with contextlib.suppress(InvalidStateError):
            self.result.set_exception(error)


class Job(Generic[Q, A]):
    """A question on its way, and where its answer is awaited.

    Args:
        question: The question.
        stay: The request that it belongs to.
        keeps_place: Whether its place stays taken when it is computed.
        loop: Where its answer is awaited.

    Attributes:
        question: As given.
        stay: As given.
        keeps_place: As given.
        arrived: When it came, on the monotonic clock.
        future: The answer.
    """

    def __init__(
        self, question: Q, stay: Stay, keeps_place: bool, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.question = question
        self.stay = stay
        self.keeps_place = keeps_place
        self.arrived = time.monotonic()
        self.future: asyncio.Future[A] = loop.create_future()
        self._loop = loop

    @property
    def is_wanted(self) -> bool:
        """Whether somebody still waits for the answer."""
        return self.stay.is_wanted and not self.future.done()

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
            self._loop.call_soon_threadsafe(put_if_awaited)
