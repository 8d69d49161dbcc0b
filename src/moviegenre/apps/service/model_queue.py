"""The queue of the model: films are admitted, read, predicted and explained, or refused."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from moviegenre.apps.service.admission import ClientFullError, QueueFullError, StoppedError
from moviegenre.apps.service.batching import DeadlineError, MicroBatcher, SpeedEstimate
from moviegenre.apps.service.errors import STOPPING, RequestError
from moviegenre.apps.service.fair_pool import FairPool
from moviegenre.apps.service.film_predictor import (
    Answer,
    FilmInput,
    FilmPredictor,
    Predicted,
    PredictionTask,
)
from moviegenre.apps.service.jobs import QueuedRequest
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.types import Modality
from moviegenre.data.posters import count_pixels
from moviegenre.inference.slices import Slices

if TYPE_CHECKING:
    from moviegenre.inference.films import Film
    from moviegenre.inference.predictor import Predictor

T = TypeVar("T")

Kind = Literal["single", "batch", "table", "explain"]
"""Kinds of work, which get shares of the model's time; single films get most of it."""

_MAX_DECODERS = 4
_EXPLAINERS = 4  # threads; they wait for the model most of the time
_EXPLAINERS_PER_CLIENT = 2
_MAX_FILMS_PER_SLICE = 16
_MAX_LATE_TRIES = 3  # of work that is late because other work goes first


class ModelQueue:
    """The queue of films for the one thread that uses the model.

    Other threads decode posters and control explanations, so that neither blocks the model or
    the event loop.

    Attributes:
        settings: Limits and waiting times.
        metrics: The metrics of the service.
        batcher: The queue and its worker.
    """

    def __init__(self, predictor: "Predictor", settings: ServiceSettings) -> None:
        self.settings = settings
        self.metrics = ServiceMetrics()
        speed = SpeedEstimate(settings.slice_ms / 1000)
        self._predictor = FilmPredictor(predictor, self.metrics, speed)
        self._reads_posters = Modality.POSTER in predictor.model.modalities
        self.batcher: MicroBatcher[PredictionTask, Predicted | Exception] = MicroBatcher(
            self._predictor.predict,
            max_batch=settings.max_batch,
            max_wait_seconds=settings.max_wait_ms / 1000,
            max_queue=settings.max_queue,
            max_per_client=settings.client_queue,
            speed=speed,
        )
        decoders = max(1, min(_MAX_DECODERS, (os.cpu_count() or 1) // 2))
        pixels = settings.max_decoded_pixels
        self._decoders = FairPool("posters", decoders, pixels, pixels / 2)
        self._explainers = FairPool(
            "explanations", _EXPLAINERS, _EXPLAINERS, _EXPLAINERS_PER_CLIENT
        )
        self.metrics.watch_queue(lambda: self.batcher.num_waiting)

    def start(self) -> None:
        """Start the worker."""
        self.batcher.start()
        self.metrics.count_process()

    def stop(self) -> None:
        """Accept no more films, and return when all accepted ones are answered."""
        self.batcher.stop()
        for pool in (self._decoders, self._explainers):
            pool.stop()

    def require_room(self, client: str) -> None:
        """Check that a film would be accepted now, before a request's body is read.

        Raises:
            RequestError: The queue is full, or the service is stopping.
        """
        try:
            self.batcher.require_room(client)
        except (QueueFullError, StoppedError) as error:
            raise self._request_error(error) from None

    async def predict(
        self, films: Sequence[FilmInput], *, client: str = "", kind: Kind | None = None
    ) -> list[Answer]:
        """Return the answers to films; a cancellation drops the films that are not computed yet.

        Args:
            films: The films.
            client: The client that sent them; all clients get the same share.
            kind: Their kind of work; None chooses it by their number and explanations.

        Raises:
            RequestError: They are not accepted, or not answered in time.
        """
        if kind is None and any(film.attribute for film in films):
            kind = "explain"
        async with self._admitted(
            len(films), client, kind or ("batch" if len(films) > 1 else "single")
        ) as request:
            return await asyncio.gather(*(self._answer(film, request) for film in films))

    async def predict_read(
        self, films: "Sequence[Film]", *, client: str
    ) -> "list[Predicted | Exception]":
        """Return predictions of films in the model's form, as bulk work like a table.

        Raises:
            RequestError: They are not accepted, or not answered in time.
        """
        tasks = [PredictionTask(FilmInput(film.plot, None), film) for film in films]
        async with self._admitted(len(tasks), client, "table") as request:
            return await asyncio.gather(
                *(self.batcher.compute(task, request, cost=task.input.cost) for task in tasks)
            )

    @asynccontextmanager
    async def _admitted(
        self, number: int, client: str, kind: Kind
    ) -> AsyncGenerator[QueuedRequest, None]:
        try:
            async with self.batcher.admitted(
                number, self.settings.deadline_seconds, client=client, kind=kind
            ) as request:
                yield request
        except (QueueFullError, StoppedError, DeadlineError) as error:
            raise self._request_error(error) from None

    async def _answer(self, film_input: FilmInput, request: QueuedRequest) -> Answer:
        """Return the answer to one film of an admitted request."""
        film = await self._with_poster(film_input, request)
        if isinstance(film, Exception):
            self.batcher.leave_place(request)
            return film
        predicted = await self.batcher.compute(
            PredictionTask(film_input, film),
            request,
            cost=film_input.cost,
            keeps_place=film_input.explain,
        )
        if isinstance(predicted, Exception):
            return predicted
        if not film_input.explain:
            return predicted.prediction.to_json_dict()
        return await self._explainers.run(
            partial(self._explain, predicted, film_input, request), client=request.client
        )

    async def _with_poster(
        self, film_input: FilmInput, request: QueuedRequest
    ) -> "Film | Exception | None":
        """Return a film with its poster decoded, or the error; None if no poster is read."""
        if film_input.poster is None or not self._reads_posters:
            return None
        return await self._decoders.run(
            partial(self._predictor.read, film_input),
            client=request.client,
            price=count_pixels(film_input.poster),
        )

    def _explain(
        self, predicted: Predicted, film_input: FilmInput, request: QueuedRequest
    ) -> Answer:
        """Return an answer with its explanation; called in a thread of ``_explainers``."""
        self.batcher.leave_place(request)

        def num_films() -> int:
            num_fitting = self.batcher.speed.bulk_cost / film_input.cost
            return max(1, int(min(num_fitting, _MAX_FILMS_PER_SLICE)))

        def run(slice_: Any) -> Any:  # noqa: ANN401 - whatever it returns
            return self.batcher.run(slice_, request, num_films() * film_input.cost)

        return self._predictor.explain(predicted, film_input, Slices(num_films, run))

    def _request_error(self, error: Exception) -> RequestError:
        """Count an error of the queue and return it as an error of the request."""
        settings = self.settings
        client_message = (
            f"one client may have at most {settings.client_queue} films waiting; "
            "try again when some are answered"
        )
        full_message = f"the queue of {settings.max_queue} films is full; try again later"
        late_message = f"the answer was not ready within {settings.deadline_seconds:g} seconds"
        reason, status, message = {
            ClientFullError: ("queue_full", 503, client_message),
            QueueFullError: ("queue_full", 503, full_message),
            StoppedError: ("stopping", 503, STOPPING),
            DeadlineError: ("deadline", 504, late_message),
        }[type(error)]
        self.metrics.count_error(reason)
        return RequestError(status, message, settings.retry_after if status == 503 else None)


async def retry_while_busy(
    predict: Callable[[], Awaitable[T]], settings: ServiceSettings, is_stopping: Callable[[], bool]
) -> T:
    """Return predictions of work that can wait; refused or late work is tried again.

    Args:
        predict: Called again after a 503 or a 504.
        settings: The time between two tries.
        is_stopping: Returns whether the service is stopping.

    Raises:
        RequestError: The service is stopping, the work was late several times, or it was refused
            for another reason.
    """
    num_late = 0
    while True:
        try:
            return await predict()
        except RequestError as error:
            num_late += error.status == 504
            if is_stopping() or error.status not in (503, 504) or num_late > _MAX_LATE_TRIES:
                raise
            await asyncio.sleep(settings.retry_after_seconds)
