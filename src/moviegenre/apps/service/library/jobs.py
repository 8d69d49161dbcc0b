"""Work on the library in a thread of its own, whose lines are sent while it goes on."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from moviegenre.apps.service.asking import Asking
from moviegenre.apps.service.jobs import GoneError
from moviegenre.apps.service.logs import log_event
from moviegenre.apps.service.patience import ask_patiently
from moviegenre.apps.service.refusals import BUSY, CONFLICT, Refusal
from moviegenre.apps.service.table_answers import FILMS_AT_ONCE
from moviegenre.apps.service.table_stream import line
from moviegenre.core.errors import MovieGenreError

if TYPE_CHECKING:
    from moviegenre.inference.films import Film
    from moviegenre.inference.prediction import Prediction

T = TypeVar("T")

_LINES_AHEAD = 4  # of what the client has read
_FAILED = "the service failed on this; its log says why"


class Link(Protocol):
    """The way from a thread to the request that it works for."""

    def send(self, values: Mapping[str, Any]) -> None:
        """Send a line; waits until the client reads.

        Raises:
            GoneError: The client left.
            Refusal: The service is stopping.
        """

    def predict(self, films: "Sequence[Film]") -> "Sequence[Prediction]":
        """Predict films in the queue of the service, behind others' single films.

        Raises:
            GoneError: The client left.
            Refusal: The service is stopping, or the answers were late several times.
            MovieGenreError: A film cannot be predicted.
        """


Job = Callable[[Link], None]
"""Work for one request."""


class LibraryJobs:
    """One job at a time: two previews would only share the model, and two writers must not be.

    Args:
        asking: The way to the model.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="library")
        self._link: _Link | None = None
        self._is_stopping = False

    def require_room(self) -> None:
        """Check that no job runs.

        Raises:
            Refusal: One does, or the service is stopping.
        """
        if self._is_stopping:
            raise Refusal(BUSY, "the service is stopping; try again later")
        if self._link is not None:
            raise Refusal(
                CONFLICT,
                "the library is in use in another window; wait until that ends, or stop it",
            )

    async def lines(self, job: Job, client: str) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a job; closed early, the job ends at its next step.

        Args:
            job: Runs in the library's thread.
            client: Who asks.
        """
        try:
            self.require_room()
        except Refusal as refusal:
            yield line({"type": "error", "error": refusal.message})
            return
        loop = asyncio.get_running_loop()
        link = self._link = _Link(loop, self._asking, client, lambda: self._is_stopping)
        work = loop.run_in_executor(self._thread, link.run, job)
        try:
            while (values := await link.queue.get()) is not None:
                yield line(values)
        finally:
            link.leave()
            await asyncio.wait({work})
            self._link = None

    def stop(self) -> None:
        """End the job that runs at its next step, with an error."""
        self._is_stopping = True

    def close(self) -> None:
        """Return when the thread has ended."""
        self.stop()
        self._thread.shutdown(cancel_futures=True)


class _Link:
    """The way from the library's thread to the event loop.

    Args:
        loop: The event loop.
        asking: The way to the model.
        client: Who asks.
        is_stopping: Whether the service takes nothing more.

    Attributes:
        queue: Lines for the client; None after the last one.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        asking: Asking,
        client: str,
        is_stopping: Callable[[], bool],
    ) -> None:
        self.queue: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue(_LINES_AHEAD)
        self._loop = loop
        self._asking = asking
        self._client = client
        self._is_stopping = is_stopping
        self._waiting: Future[Any] | None = None
        self._left = threading.Event()

    def run(self, job: Job) -> None:
        """Run a job in this thread and send what failed as its last line; raises nothing."""
        error = ""
        try:
            job(self)
        except GoneError:
            pass
        except (Refusal, MovieGenreError) as fault:
            error = str(fault)
        except OSError as fault:
            error = f"{fault.filename or 'the library'}: {fault.strerror or fault}"
        except BaseException as fault:
            log_event(logging.ERROR, "library job failed", error=fault)
            error = _FAILED
        try:
            if error:
                self._wait_for(self.queue.put({"type": "error", "error": error}))
            self._wait_for(self.queue.put(None))
        except GoneError:
            pass

    def leave(self) -> None:
        """End the job at its next step; called in the event loop."""
        self._left.set()
        if self._waiting is not None:
            self._waiting.cancel()

    def send(self, values: Mapping[str, Any]) -> None:
        """Send a line."""
        self._require_service()
        self._wait_for(self.queue.put(values))

    def predict(self, films: "Sequence[Film]") -> "Sequence[Prediction]":
        """Predict films."""
        predictions: list[Prediction] = []
        for start in range(0, len(films), FILMS_AT_ONCE):
            self._require_service()
            predictions += self._wait_for(self._predicted(films[start : start + FILMS_AT_ONCE]))
        return predictions

    async def _predicted(self, films: "Sequence[Film]") -> "list[Prediction]":
        found = await ask_patiently(
            lambda: self._asking.ask_about(films, client=self._client),
            self._asking.settings,
            self._is_stopping,
        )
        predictions: list[Prediction] = []
        for answer in found:
            if isinstance(answer, Exception):
                raise answer
            predictions.append(answer.prediction)
        return predictions

    def _require_service(self) -> None:
        if self._is_stopping():
            raise Refusal(BUSY, "the service is stopping; try again later")

    def _wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop and return its result.

        Raises:
            GoneError: The client left.
        """
        if self._left.is_set():
            coroutine.close()
            raise GoneError
        self._waiting = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        if self._left.is_set():  # it left in between, and did not know of this
            self._waiting.cancel()
        try:
            result: T = self._waiting.result()
        except CancelledError:
            raise GoneError from None
        return result
