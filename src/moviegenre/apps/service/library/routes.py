"""``/library``: the routes of a film library, on the loopback address only."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from moviegenre.apps.service.access.exposure import Access
from moviegenre.apps.service.library.jobs import Job, LibraryJobs
from moviegenre.apps.service.library.requests import (
    LINES,
    LibraryAnswer,
    PreviewRequest,
    UndoRequest,
    WriteRequest,
    body_of,
    read_request,
)
from moviegenre.apps.service.library.session import LibrarySession
from moviegenre.apps.service.line_stream import LineStream
from moviegenre.apps.service.model_queue import ModelQueue
from moviegenre.apps.service.openapi import ERROR_RESPONSES
from moviegenre.apps.service.request_log import add_to_log
from moviegenre.apps.service.schemas import ErrorAnswer
from moviegenre.core.errors import ConfigError

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor

R = TypeVar("R", bound=BaseModel)

_IN_USE = {
    "model": ErrorAnswer,
    "description": "The library is in use, or the preview is not the last one.",
}
_ANSWERS = {200: LINES, **ERROR_RESPONSES, 409: _IN_USE}


def require_loopback(access: Access) -> None:
    """Check that only this machine can reach the library.

    Raises:
        ConfigError: Other machines could reach it.
    """
    if access.is_public or access.proxies:
        raise ConfigError(
            "--library has files of this machine written on request, so it is served on the "
            "loopback address alone; leave out --host, --allow-host and --trust-proxy, or --library"
        )


def add_library(
    app: FastAPI, queue: ModelQueue, predictor: "Predictor", root: Path, access: Access | None
) -> LibraryJobs:
    """Serve a film library at ``/library``; stop the returned jobs with the service.

    Args:
        app: The service.
        queue: The queue of the model.
        predictor: The model; its reader reads the films.
        root: The library's folder.
        access: Who may reach the service; None for an app that is used inside this process only.

    Raises:
        ConfigError: Other machines could reach it.
        DataNotFoundError: There is no such folder.
    """
    if access is not None:
        require_loopback(access)
    session = LibrarySession(root, predictor)
    jobs = LibraryJobs(queue)

    @app.get("/library", summary="Describe the film library")
    def describe() -> LibraryAnswer:
        return session.describe()

    def add_job(name: str, kind: type[R], make_job: Callable[[R], Job], summary: str) -> None:
        @app.post(
            f"/library/{name}",
            name=name,
            response_class=Response,
            responses=_ANSWERS,
            openapi_extra=body_of(kind),
            summary=summary,
        )
        async def answer(request: Request) -> Response:
            jobs.require_room()
            body = await read_request(request, queue.settings, kind)
            job = make_job(body)
            if isinstance(body, WriteRequest):
                add_to_log(request, library_films="all" if body.ids is None else len(body.ids))
            lines = jobs.lines(job, request.state.client)
            return LineStream(lines, queue.settings.deadline_seconds)

    add_job("preview", PreviewRequest, session.preview, "Preview the changes; write nothing")
    add_job("write", WriteRequest, session.write, "Write the genres of films in a preview")
    undo_summary = "Restore every file as it was before the first write"
    add_job("undo", UndoRequest, lambda _: session.undo(), undo_summary)
    return jobs
