"""Jobs on the library, run in one thread; their lines are sent while they run."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from moviegenre.apps.service.errors import STOPPING, RequestError
from moviegenre.apps.service.jobs import AbandonedError
from moviegenre.apps.service.line_stream import line
from moviegenre.apps.service.logs import log_event
from moviegenre.apps.service.model_queue import ModelQueue, retry_while_busy
from moviegenre.apps.service.table_answers import FILMS_AT_ONCE
from moviegenre.core.errors import MovieGenreError

if TYPE_CHECKING:
    from moviegenre.inference.films import Film
    from moviegenre.inference.prediction import Prediction

T = TypeVar("T")

_LINES_AHEAD = 4  # lines that may wait for the client
_FAILED = "the service failed; its log has the reason"


class Connection:
    """The connection of the library's thread to the request of a job.

    Args:
        queue: The queue of the model.
        client: The client that sent the request.
        is_stopping: Returns whether the service is stopping.

    Attributes:
        lines: Lines for the client; None after the last one.
    """

    def __init__(self, queue: ModelQueue, client: str, is_stopping: Callable[[], bool]) -> None:
        self.lines: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue(_LINES_AHEAD)
        self._loop = asyncio.get_running_loop()
        self._queue = queue
        self._client = client
        self._is_stopping = is_stopping
        self._pending: Future[Any] | None = None
        self._closed = threading.Event()

    def run(self, job: "Job") -> None:
        """Run a job in this thread and send an error as its last line; raises nothing."""
        message = ""
        try:
            job(self)
        except AbandonedError:
            pass
        except (RequestError, MovieGenreError) as error:
            message = str(error)
        except OSError as error:
            message = f"{error.filename or 'the library'}: {error.strerror or error}"
        except BaseException as error:
            log_event(logging.ERROR, "library job failed", error=error)
            message = _FAILED
        try:
            if message:
                self._wait_for(self.lines.put({"type": "error", "error": message}))
            self._wait_for(self.lines.put(None))
        except AbandonedError:
            pass

    def close(self) -> None:
        """End the job at its next step; called in the event loop."""
        self._closed.set()
        if self._pending is not None:
            self._pending.cancel()

    def send(self, values: Mapping[str, Any]) -> None:
        """Send a line; wait until the client reads.

        Raises:
            AbandonedError: The client left.
            RequestError: The service is stopping.
        """
        self._require_service()
        self._wait_for(self.lines.put(values))

    def predict(self, films: "Sequence[Film]") -> "Sequence[Prediction]":
        """Predict films in the queue of the service, as bulk work like a table.

        Raises:
            AbandonedError: The client left.
            RequestError: The service is stopping, or the predictions were late several times.
            MovieGenreError: A film cannot be predicted.
        """
        predictions: list[Prediction] = []
        for start in range(0, len(films), FILMS_AT_ONCE):
            self._require_service()
            predict = partial(
                self._queue.predict_read, films[start : start + FILMS_AT_ONCE], client=self._client
            )
            results = self._wait_for(
                retry_while_busy(predict, self._queue.settings, self._is_stopping)
            )
            for result in results:
                if isinstance(result, Exception):
                    raise result
                predictions.append(result.prediction)
        return predictions

    def _require_service(self) -> None:
        if self._is_stopping():
            raise RequestError(503, STOPPING)

    def _wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop and return its result.

        Raises:
            AbandonedError: The client left.
        """
        if self._closed.is_set():
            coroutine.close()
            raise AbandonedError
        self._pending = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        if self._closed.is_set():  # `close` was called before it could cancel this
            self._pending.cancel()
        try:
            result: T = self._pending.result()
        except CancelledError:
            raise AbandonedError from None
        return result


Job = Callable[[Connection], None]
"""The work of one request."""


class LibraryJobs:
    """Runs one job at a time: previews would only share the model, and writers would conflict."""

    def __init__(self, queue: ModelQueue) -> None:
        self._queue = queue
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="library")
        self._connection: Connection | None = None
        self._is_stopping = False

    def require_room(self) -> None:
        """Check that no job runs.

        Raises:
            RequestError: A job runs, or the service is stopping.
        """
        if self._is_stopping:
            raise RequestError(503, STOPPING)
        if self._connection is not None:
            raise RequestError(
                409, "the library is in use in another window; wait until that ends, or stop it"
            )

    async def lines(self, job: Job, client: str) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a job, which runs in the library's thread.

        If the generator is closed early, the job ends at its next step.
        """
        try:
            self.require_room()
        except RequestError as error:
            yield line({"type": "error", "error": error.message})
            return
        connection = Connection(self._queue, client, lambda: self._is_stopping)
        self._connection = connection
        job_future = asyncio.get_running_loop().run_in_executor(self._thread, connection.run, job)
        try:
            while (values := await connection.lines.get()) is not None:
                yield line(values)
        finally:
            connection.close()
            await asyncio.wait({job_future})
            self._connection = None

    def stop(self) -> None:
        """End the running job at its next step, with an error."""
        self._is_stopping = True

    def close(self) -> None:
        """Stop the job and wait until the thread has ended."""
        self.stop()
        self._thread.shutdown(cancel_futures=True)
