"""The one way to the model: admitted, read, predicted, explained, with a refusal for what fails."""

import asyncio
import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from moviegenre.apps.service.admission import ClientFullError, QueueFullError, StoppedError
from moviegenre.apps.service.answering import Answer, FilmAnswerer, Predicted, Question, Work
from moviegenre.apps.service.batching import DeadlineError, MicroBatcher
from moviegenre.apps.service.jobs import Stay
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.apps.service.pace import Pace
from moviegenre.apps.service.pool import FairPool
from moviegenre.apps.service.refusals import BUSY, TOO_LATE, Refusal
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.types import Modality
from moviegenre.data.posters import count_pixels
from moviegenre.inference.slices import Slices

if TYPE_CHECKING:
    from moviegenre.inference.films import Film
    from moviegenre.inference.predictor import Predictor

Kind = Literal["single", "batch", "table", "explain"]
"""Kinds of work, which get shares of the model's time; single films get most of it."""

_MAX_DECODERS = 4
_EXPLAINERS = 4  # threads; they wait for the model most of the time
_EXPLAINERS_PER_CLIENT = 2
_MAX_FILMS_PER_SLICE = 16


class Asking:
    """Questions on their way to the one thread that touches the model.

    Posters are decoded and explanations led in threads of their own, so that neither keeps the
    model, nor the event loop, from others' films.

    Args:
        predictor: What predicts.
        settings: Limits and waits.

    Attributes:
        settings: As given.
        metrics: The numbers of the service.
        batcher: The queue and its worker.
    """

    def __init__(self, predictor: "Predictor", settings: ServiceSettings) -> None:
        self.settings = settings
        self.metrics = ServiceMetrics()
        pace = Pace(settings.slice_ms / 1000)
        self._answerer = FilmAnswerer(predictor, self.metrics, pace)
        self._looks = Modality.POSTER in predictor.model.modalities
        self.batcher: MicroBatcher[Work, Predicted | Exception] = MicroBatcher(
            self._answerer.predict,
            max_batch=settings.max_batch,
            max_wait_seconds=settings.max_wait_ms / 1000,
            max_queue=settings.max_queue,
            max_per_client=settings.client_queue,
            pace=pace,
        )
        decoders = max(1, min(_MAX_DECODERS, (os.cpu_count() or 1) // 2))
        pixels = settings.max_decoded_pixels
        self._decoders = FairPool("posters", decoders, pixels, pixels / 2)
        self._explainers = FairPool(
            "explanations", _EXPLAINERS, _EXPLAINERS, _EXPLAINERS_PER_CLIENT
        )
        self.metrics.watch_queue(lambda: self.batcher.num_waiting)

    def start(self) -> None:
        """Begin to answer."""
        self.batcher.start()
        self.metrics.count_process()

    def stop(self) -> None:
        """Take nothing more, and return when all that was taken is answered."""
        self.batcher.stop()
        for pool in (self._decoders, self._explainers):
            pool.stop()

    def require_room(self, client: str = "") -> None:
        """Refuse early, before a body is read that could not be taken.

        Args:
            client: Who asks.

        Raises:
            Refusal: The queue is full, or the service is stopping.
        """
        try:
            self.batcher.require_room(client)
        except (QueueFullError, StoppedError) as error:
            self._refuse(error)

    def about(self, questions: Sequence[Question]) -> dict[str, Any]:
        """Return what the log says of questions: no plot, unless the settings want it."""
        fields: dict[str, Any] = {
            "films": len(questions),
            "plot_chars": sum(len(question.plot or "") for question in questions),
            "poster_bytes": sum(len(question.poster or b"") for question in questions),
        }
        if self.settings.log_plots:
            fields["plots"] = [question.plot for question in questions]
        return fields

    async def ask(
        self, questions: Sequence[Question], *, client: str = "", kind: Kind | None = None
    ) -> list[Answer]:
        """Return answers to questions; cancelled, what is not yet computed never is.

        Args:
            questions: Films.
            client: Who asks; all clients get the same share.
            kind: Of which kind of work they are; None judges by their number and by what is asked.

        Raises:
            Refusal: They are not taken, or not answered in time.
        """
        try:
            async with self.batcher.admitted(
                len(questions),
                self.settings.deadline_seconds,
                client=client,
                kind=kind or _kind(questions),
            ) as stay:
                return await asyncio.gather(*(self._answer(one, stay) for one in questions))
        except (QueueFullError, StoppedError, DeadlineError) as error:
            self._refuse(error)

    async def ask_about(
        self, films: "Sequence[Film]", *, client: str
    ) -> "list[Predicted | Exception]":
        """Return predictions of films that were read already, as bulk work like a table's.

        Args:
            films: As the model reads them.
            client: Who asks.

        Raises:
            Refusal: They are not taken, or not answered in time.
        """
        works = [Work(Question(film.plot, None), film) for film in films]
        seconds = self.settings.deadline_seconds
        try:
            async with self.batcher.admitted(
                len(works), seconds, client=client, kind="table"
            ) as stay:
                answers = (
                    self.batcher.answer(work, stay, cost=work.question.cost) for work in works
                )
                return await asyncio.gather(*answers)
        except (QueueFullError, StoppedError, DeadlineError) as error:
            self._refuse(error)

    async def _answer(self, question: Question, stay: Stay) -> Answer:
        """Return the answer to one film of a request that was admitted."""
        film = await self._with_poster(question, stay)
        if isinstance(film, Exception):
            self.batcher.leave_place(stay)
            return film
        found = await self.batcher.answer(
            Work(question, film), stay, cost=question.cost, keeps_place=question.explain
        )
        if isinstance(found, Exception):
            return found
        if not question.explain:
            return found.prediction.to_json_dict()
        return await self._explainers.run(
            partial(self._explain, found, question, stay), client=stay.client
        )

    async def _with_poster(self, question: Question, stay: Stay) -> "Film | Exception | None":
        """Return a film whose poster was decoded; None where there is none to look at."""
        if question.poster is None or not self._looks:
            return None
        return await self._decoders.run(
            partial(self._answerer.read, question),
            client=stay.client,
            price=count_pixels(question.poster),
        )

    def _explain(self, predicted: Predicted, question: Question, stay: Stay) -> Answer:
        """Return an answer with its explanation; runs in a thread beside the model's."""
        self.batcher.leave_place(stay)

        def num_films() -> int:
            films = self.batcher.pace.bulk_cost / question.cost
            return max(1, int(min(films, _MAX_FILMS_PER_SLICE)))

        def run(slice_: Any) -> Any:  # noqa: ANN401 - whatever it returns
            return self.batcher.run(slice_, stay, num_films() * question.cost)

        return self._answerer.explain(predicted, question, Slices(num_films, run))

    def _refuse(self, error: Exception) -> NoReturn:
        settings = self.settings
        again = {"Retry-After": str(settings.retry_after_seconds)}
        match error:
            case ClientFullError():
                self.metrics.count_error("queue_full")
                message = (
                    f"one client may have {settings.client_queue} films wait; "
                    "try again when some are answered"
                )
                raise Refusal(BUSY, message, again) from None
            case QueueFullError():
                self.metrics.count_error("queue_full")
                message = f"the queue of {settings.max_queue} films is full; try again later"
                raise Refusal(BUSY, message, again) from None
            case StoppedError():
                self.metrics.count_error("stopping")
                raise Refusal(BUSY, "the service is stopping; try again later", again) from None
        self.metrics.count_error("deadline")
        raise Refusal(
            TOO_LATE, f"the answer was not there within {settings.deadline_seconds:g} seconds"
        ) from None


def _kind(questions: Sequence[Question]) -> Kind:
    if any(question.attribute for question in questions):
        return "explain"
    return "batch" if len(questions) > 1 else "single"
