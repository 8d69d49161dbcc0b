"""The service as an ASGI app, built from a predictor and settings."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from moviegenre.apps.service.docs_page import add_docs_page
from moviegenre.apps.service.errors import RequestError, add_error_handlers
from moviegenre.apps.service.film_predictor import Answer, FilmInput
from moviegenre.apps.service.middleware import add_middleware
from moviegenre.apps.service.model_info import model_info
from moviegenre.apps.service.model_queue import ModelQueue
from moviegenre.apps.service.openapi import ERROR_RESPONSES, batch_body, film_body
from moviegenre.apps.service.request_log import add_to_log
from moviegenre.apps.service.request_parsing import read_film, read_films
from moviegenre.apps.service.schemas import (
    ErrorAnswer,
    ModelAnswer,
    PredictionAnswer,
    StatusAnswer,
)
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.apps.service.shared_state import SharedState
from moviegenre.apps.service.tables import add_tables
from moviegenre.core.errors import MovieGenreError
from moviegenre.core.version import __version__

if TYPE_CHECKING:
    from moviegenre.apps.service.access.exposure import Access
    from moviegenre.inference.predictor import Predictor

T = TypeVar("T")


def create_app(
    predictor: "Predictor",
    settings: ServiceSettings | None = None,
    *,
    page: bool = False,
    access: "Access | None" = None,
    library: Path | None = None,
    shared: SharedState | None = None,
) -> FastAPI:
    """Return the app that serves a predictor.

    Args:
        predictor: The result of ``moviegenre.load``; only one thread of the app uses it.
        settings: Limits and waiting times; None uses the defaults.
        page: Also serve the page at ``/``.
        access: Who may reach it; None for an app that is used inside this process only.
        library: A folder of films to preview, write and undo; None serves none.
        shared: State that it shares with other processes; None for a single process.

    Raises:
        ConfigError: There is a library, and other machines could reach it.
        DataNotFoundError: The library's folder does not exist.
    """
    queue = ModelQueue(predictor, settings or ServiceSettings())
    shared = shared or SharedState()
    on_stop: list[Callable[[], None]] = [queue.stop]

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        queue.start()
        yield
        for stop in on_stop:
            await asyncio.to_thread(stop)

    app = FastAPI(
        title="moviegenre",
        version=__version__,
        description="Predict the genres of films from plot and poster.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # behind a TLS proxy, it could lead clients to http://
        lifespan=lifespan,
    )
    add_middleware(app, queue.settings, queue.metrics, access, shared)
    add_error_handlers(app)
    add_docs_page(app, queue.settings)
    _add_predictions(app, queue)
    on_signal: list[Callable[[], None]] = [add_tables(app, queue, predictor.model.genres).stop]
    _add_status(app, queue, model_info(predictor), shared)
    if page:
        from moviegenre.apps.page.mounting import add_page

        add_page(app, queue.settings, has_library=library is not None)
    if library is not None:
        from moviegenre.apps.service.library.routes import add_library

        jobs = add_library(app, queue, predictor, library, access)
        on_signal.append(jobs.stop)
        on_stop.insert(0, jobs.close)
    app.state.model_queue = queue
    app.state.stopping = lambda: [stop() for stop in on_signal]
    return app


async def _predict(queue: ModelQueue, request: Request, films: Sequence[FilmInput]) -> list[Answer]:
    """Return the answers to films; log their number and sizes, and plots only if ``log_plots``."""
    fields: dict[str, Any] = {
        "films": len(films),
        "plot_chars": sum(film.plot_chars for film in films),
        "poster_bytes": sum(len(film.poster or b"") for film in films),
    }
    if queue.settings.log_plots:
        fields["plots"] = [film.plot for film in films]
    add_to_log(request, **fields)
    answers = queue.predict(films, client=request.state.client)
    return await cancel_on_disconnect(request, answers)


async def cancel_on_disconnect(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine; cancel it when the client leaves.

    Raises:
        ClientDisconnect: The client left.
    """

    async def wait_for_disconnect() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    result = asyncio.create_task(work)
    disconnection = asyncio.create_task(wait_for_disconnect())
    try:
        await asyncio.wait((result, disconnection), return_when=asyncio.FIRST_COMPLETED)
        if not result.done() and disconnection.exception() is None:
            raise ClientDisconnect
        return await result
    finally:
        for task in (result, disconnection):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


def _add_predictions(app: FastAPI, queue: ModelQueue) -> None:
    @app.post(
        "/predict",
        responses={200: {"model": PredictionAnswer}, **ERROR_RESPONSES},
        openapi_extra=film_body(queue.settings),
        summary="Predict the genres of one film",
    )
    async def predict(request: Request) -> JSONResponse:
        queue.require_room(request.state.client)
        film = await read_film(request, queue.settings)
        (answer,) = await _predict(queue, request, [film])
        if isinstance(answer, MovieGenreError):
            raise RequestError(422, str(answer))
        if isinstance(answer, Exception):
            raise answer
        return JSONResponse(answer)

    @app.post(
        "/predict/batch",
        responses={200: {"model": list[PredictionAnswer | ErrorAnswer]}, **ERROR_RESPONSES},
        openapi_extra=batch_body(queue.settings),
        summary="Predict the genres of several films",
        description="The answers have the order of the films. A film that cannot be read has an "
        "`error` as its answer.",
    )
    async def predict_batch(request: Request) -> JSONResponse:
        queue.require_room(request.state.client)
        films = await read_films(request, queue.settings)
        readable = [film for film in films if isinstance(film, FilmInput)]
        answers = iter(await _predict(queue, request, readable))
        rows: list[dict[str, Any]] = []
        for film in films:
            answer = film if isinstance(film, RequestError) else next(answers)
            if isinstance(answer, RequestError | MovieGenreError):
                rows.append({"error": str(answer)})
            elif isinstance(answer, Exception):
                raise answer
            else:
                rows.append(answer)
        return JSONResponse(rows)


def _add_status(app: FastAPI, queue: ModelQueue, model: ModelAnswer, shared: SharedState) -> None:
    @app.get("/model", summary="Describe the model")
    async def describe() -> ModelAnswer:
        return model

    @app.get("/healthz", summary="Check that the process is alive")
    async def alive() -> StatusAnswer:
        return StatusAnswer(status="alive")

    @app.get(
        "/readyz",
        responses={503: {"model": ErrorAnswer}},
        summary="Check that the service accepts films",
    )
    async def ready() -> StatusAnswer:
        if not queue.batcher.is_ready:
            raise RequestError(503, "the service is not accepting films; try again later")
        return StatusAnswer(status="ready")

    @app.get("/metrics", response_class=Response, summary="Return metrics for Prometheus")
    async def metrics() -> Response:
        content = await shared.metrics(queue.metrics)
        return Response(content, media_type=queue.metrics.content_type)
