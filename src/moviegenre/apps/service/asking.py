"""The one way to the model: through the queue, with a refusal for everything that goes wrong."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from moviegenre.apps.service.answering import Answer, FilmAnswerer, Question
from moviegenre.apps.service.batching import (
    DeadlineError,
    MicroBatcher,
    QueueFullError,
    StoppedError,
)
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.apps.service.refusals import BUSY, TOO_LATE, Refusal
from moviegenre.apps.service.settings import ServiceSettings

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor


class Asking:
    """Questions on their way to the one thread that touches the model.

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
        self.batcher: MicroBatcher[Question, Answer] = MicroBatcher(
            FilmAnswerer(predictor, self.metrics).answer,
            max_batch=settings.max_batch,
            max_wait_seconds=settings.max_wait_ms / 1000,
            max_queue=settings.max_queue,
        )
        self.metrics.watch_queue(lambda: self.batcher.num_waiting)

    def require_room(self) -> None:
        """Refuse early, before a body is read that could not be taken.

        Raises:
            Refusal: The queue is full, or the service is stopping.
        """
        try:
            self.batcher.require_room()
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

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """Return answers to questions.

        Raises:
            Refusal: They are not taken, or not answered in time.
        """
        try:
            return await self.batcher.ask(questions, self.settings.deadline_seconds)
        except (QueueFullError, StoppedError, DeadlineError) as error:
            self._refuse(error)

    def _refuse(self, error: Exception) -> NoReturn:
        settings = self.settings
        again = {"Retry-After": str(settings.retry_after_seconds)}
        match error:
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
