"""The service as an app: a predictor and settings in, something that uvicorn runs out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from moviegenre.apps.service.about import about
from moviegenre.apps.service.answering import Answer, FilmAnswerer, Question
from moviegenre.apps.service.batching import (
    DeadlineError,
    MicroBatcher,
    QueueFullError,
    StoppedError,
)
from moviegenre.apps.service.bodies import read_film, read_films
from moviegenre.apps.service.docs_page import add_docs_page
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.apps.service.observing import Observing, note
from moviegenre.apps.service.refusals import BUSY, TOO_LATE, UNFIT, Refusal, add_refusals
from moviegenre.apps.service.schemas import (
    BATCH_BODY,
    FILM_BODY,
    REFUSALS,
    ErrorAnswer,
    ModelAnswer,
    PredictionAnswer,
    StatusAnswer,
)
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.errors import MovieGenreError
from moviegenre.core.version import __version__

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor


class _Asking:
    """Questions on their way through the queue, with a refusal for everything that goes wrong."""

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

    async def ask(self, request: Request, questions: Sequence[Question]) -> list[Answer]:
        """Return answers to questions.

        Raises:
            Refusal: They are not taken, or not answered in time.
        """
        fields: dict[str, Any] = {
            "films": len(questions),
            "plot_chars": sum(len(question.plot or "") for question in questions),
            "poster_bytes": sum(len(question.poster or b"") for question in questions),
        }
        if self.settings.log_plots:
            fields["plots"] = [question.plot for question in questions]
        note(request, **fields)
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


def create_app(predictor: "Predictor", settings: ServiceSettings | None = None) -> FastAPI:
    """Return the service around a predictor; a page can be mounted on it.

    Args:
        predictor: What ``moviegenre.load`` returned; only one thread of the app touches it.
        settings: Limits and waits; None takes the defaults.
    """
    asking = _Asking(predictor, settings or ServiceSettings())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        asking.batcher.start()
        yield
        await asyncio.to_thread(asking.batcher.stop)

    app = FastAPI(
        title="moviegenre",
        version=__version__,
        description="Film genres from plot and poster.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(Observing, metrics=asking.metrics)
    add_refusals(app)
    add_docs_page(app)
    _add_predictions(app, asking)
    _add_status(app, asking, about(predictor))
    return app


def _add_predictions(app: FastAPI, asking: _Asking) -> None:
    @app.post(
        "/predict",
        responses={200: {"model": PredictionAnswer}, **REFUSALS},
        openapi_extra=FILM_BODY,
        summary="Tell the genres of one film",
    )
    async def predict(request: Request) -> JSONResponse:
        asking.require_room()
        question = await read_film(request, asking.settings)
        (answer,) = await asking.ask(request, [question])
        if isinstance(answer, MovieGenreError):
            raise Refusal(UNFIT, str(answer))
        if isinstance(answer, Exception):
            raise answer
        return JSONResponse(answer)

    @app.post(
        "/predict/batch",
        responses={200: {"model": list[PredictionAnswer | ErrorAnswer]}, **REFUSALS},
        openapi_extra=BATCH_BODY,
        summary="Tell the genres of several films",
        description="The answers come in the films' order; a film that cannot be read has an "
        "`error` in its place.",
    )
    async def predict_batch(request: Request) -> JSONResponse:
        asking.require_room()
        films = await read_films(request, asking.settings)
        answers = iter(
            await asking.ask(request, [film for film in films if isinstance(film, Question)])
        )
        rows: list[dict[str, Any]] = []
        for film in films:
            answer = film if isinstance(film, Refusal) else next(answers)
            if isinstance(answer, Refusal | MovieGenreError):
                rows.append({"error": str(answer)})
            elif isinstance(answer, Exception):
                raise answer
            else:
                rows.append(answer)
        return JSONResponse(rows)


def _add_status(app: FastAPI, asking: _Asking, model: ModelAnswer) -> None:
    @app.get("/model", summary="Say which model answers")
    async def describe() -> ModelAnswer:
        return model

    @app.get("/healthz", summary="Say that the process is alive")
    async def alive() -> StatusAnswer:
        return StatusAnswer(status="alive")

    @app.get(
        "/readyz",
        responses={503: {"model": ErrorAnswer}},
        summary="Say whether films are taken",
    )
    async def ready() -> StatusAnswer:
        if not asking.batcher.is_ready:
            raise Refusal(BUSY, "the service is not taking films")
        return StatusAnswer(status="ready")

    @app.get("/metrics", response_class=Response, summary="Numbers for Prometheus")
    async def metrics() -> Response:
        return Response(asking.metrics.render(), media_type=asking.metrics.content_type)
