"""The service as an app: a predictor and settings in, something that uvicorn runs out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from moviegenre.apps.service.about import about
from moviegenre.apps.service.answering import Answer, Question
from moviegenre.apps.service.asking import Asking
from moviegenre.apps.service.bodies import read_film, read_films
from moviegenre.apps.service.clients import client_of, while_connected
from moviegenre.apps.service.docs_page import add_docs_page
from moviegenre.apps.service.documents import batch_body, film_body
from moviegenre.apps.service.edge import add_edge
from moviegenre.apps.service.observing import note
from moviegenre.apps.service.refusals import BUSY, UNFIT, Refusal, add_refusals
from moviegenre.apps.service.schemas import (
    REFUSALS,
    ErrorAnswer,
    ModelAnswer,
    PredictionAnswer,
    StatusAnswer,
)
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.apps.service.sharing import Sharing
from moviegenre.apps.service.tables import add_tables
from moviegenre.core.errors import MovieGenreError
from moviegenre.core.version import __version__

if TYPE_CHECKING:
    from moviegenre.apps.service.access.exposure import Access
    from moviegenre.inference.predictor import Predictor


def create_app(
    predictor: "Predictor",
    settings: ServiceSettings | None = None,
    *,
    page: bool = False,
    access: "Access | None" = None,
    library: Path | None = None,
    sharing: Sharing | None = None,
) -> FastAPI:
    """Return the service around a predictor.

    Args:
        predictor: What ``moviegenre.load`` returned; only one thread of the app touches it.
        settings: Limits and waits; None takes the defaults.
        page: Also serve the page at ``/``.
        access: Who may reach it; None for an app that is asked inside this process only.
        library: A folder of films to preview, write and undo; None serves none.
        sharing: What it has in common with other processes; None where it is the only one.

    Raises:
        ConfigError: There is a library, and others than this machine could reach it.
        DataNotFoundError: There is no such library.
    """
    asking = Asking(predictor, settings or ServiceSettings())
    sharing = sharing or Sharing()
    stops: list[Callable[[], None]] = [asking.stop]

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        asking.start()
        yield
        for stop in stops:
            await asyncio.to_thread(stop)

    app = FastAPI(
        title="moviegenre",
        version=__version__,
        description="Film genres from plot and poster.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # behind a proxy with TLS it could send clients to http://
        lifespan=lifespan,
    )
    add_edge(app, asking.settings, asking.metrics, access, sharing)
    add_refusals(app)
    add_docs_page(app)
    _add_predictions(app, asking)
    tables = add_tables(app, asking, predictor.model.genres)
    stopping: list[Callable[[], None]] = [tables.stop]
    _add_status(app, asking, about(predictor), sharing)
    if page:
        from moviegenre.apps.page.mounting import add_page

        add_page(app, asking.settings, has_library=library is not None)
    if library is not None:
        from moviegenre.apps.service.library.routes import add_library

        jobs = add_library(app, asking, predictor, library, access)
        stopping.append(jobs.stop)
        stops.insert(0, jobs.close)
    app.state.asking = asking
    app.state.stopping = lambda: [stop() for stop in stopping]
    return app


async def _ask(asking: Asking, request: Request, questions: Sequence[Question]) -> list[Answer]:
    note(request, **asking.about(questions))
    return await while_connected(request, asking.ask(questions, client=client_of(request)))


def _add_predictions(app: FastAPI, asking: Asking) -> None:
    @app.post(
        "/predict",
        responses={200: {"model": PredictionAnswer}, **REFUSALS},
        openapi_extra=film_body(asking.settings),
        summary="Tell the genres of one film",
    )
    async def predict(request: Request) -> JSONResponse:
        asking.require_room(client_of(request))
        question = await read_film(request, asking.settings)
        (answer,) = await _ask(asking, request, [question])
        if isinstance(answer, MovieGenreError):
            raise Refusal(UNFIT, str(answer))
        if isinstance(answer, Exception):
            raise answer
        return JSONResponse(answer)

    @app.post(
        "/predict/batch",
        responses={200: {"model": list[PredictionAnswer | ErrorAnswer]}, **REFUSALS},
        openapi_extra=batch_body(asking.settings),
        summary="Tell the genres of several films",
        description="The answers come in the films' order; a film that cannot be read has an "
        "`error` in its place.",
    )
    async def predict_batch(request: Request) -> JSONResponse:
        asking.require_room(client_of(request))
        films = await read_films(request, asking.settings)
        answers = iter(
            await _ask(asking, request, [film for film in films if isinstance(film, Question)])
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


def _add_status(app: FastAPI, asking: Asking, model: ModelAnswer, sharing: Sharing) -> None:
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
        numbers = await sharing.numbers(asking.metrics)
        return Response(numbers, media_type=asking.metrics.content_type)
