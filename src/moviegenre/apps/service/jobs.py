"""Work for the worker thread, and the request that it belongs to."""

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any, Generic, TypeVar

from moviegenre.apps.service.admission import Places
from moviegenre.apps.service.fair_queue import Ticket

T = TypeVar("T")
R = TypeVar("R")


class AbandonedError(Exception):
    """The result of the work is no longer awaited."""


class QueuedRequest:
    """A request from its admission to its end; it has a deadline.

    Attributes:
        steps: Its functions that wait for the worker, by their tickets.
    """

    def __init__(self, client: str, kind: str, places: Places, seconds: float) -> None:
        self.client = client
        self.kind = kind
        self.places = places
        self.steps: dict[Ticket[Any], Step] = {}
        self._deadline = time.monotonic() + seconds
        self._has_ended = False

    @property
    def is_wanted(self) -> bool:
        """Whether the client still waits: it is connected, in time, and has no answer yet."""
        return not self._has_ended and time.monotonic() < self._deadline

    def require(self) -> None:
        """Check that the client still waits.

        Raises:
            AbandonedError: The client no longer waits.
        """
        if not self.is_wanted:
            raise AbandonedError

    def end(self) -> list[Ticket[Any]]:
        """End the request, wake threads that wait for its steps, and return the steps' tickets."""
        self._has_ended = True
        steps = dict(self.steps)
        for step in steps.values():
            step.fail(AbandonedError())
        return list(steps)


class _Work(Generic[R]):
    """Work for a request; its result is set in the worker thread and awaited elsewhere."""

    def __init__(self, request: QueuedRequest) -> None:
        self.request = request
        self.arrived = time.monotonic()
        self.future: Future[R] = Future()

    @property
    def is_wanted(self) -> bool:
        """Whether the result is still awaited."""
        return self.request.is_wanted and not self.future.done()

    def finish(self, result: R) -> None:
        """Set the result, if it is still awaited."""
        with contextlib.suppress(InvalidStateError):
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Raise an error where the result is awaited, if it still is."""
        with contextlib.suppress(InvalidStateError):
            self.future.set_exception(error)


class Step(_Work[Any]):
    """A function that the worker runs for another thread, as a part of a longer computation."""

    def __init__(self, request: QueuedRequest, function: Callable[[], Any]) -> None:
        super().__init__(request)
        self._function = function

    def run(self) -> None:
        """Run the function, if its result is still awaited; raises nothing."""
        if not self.request.is_wanted:
            self.fail(AbandonedError())
            return
        try:
            self.finish(self._function())
        except BaseException as error:  # such as a panic in a Rust library
            self.fail(error)


class Job(_Work[R], Generic[T, R]):
    """An item that is computed together with others; it may keep its place in the queue."""

    def __init__(self, request: QueuedRequest, item: T, keeps_place: bool) -> None:
        super().__init__(request)
        self.item = item
        self.keeps_place = keeps_place
