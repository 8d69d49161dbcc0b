"""``/library``: the addresses of a film library, on the loopback address alone."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from moviegenre.apps.service.access.exposure import Access
from moviegenre.apps.service.asking import Asking
from moviegenre.apps.service.clients import client_of
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
from moviegenre.apps.service.observing import note
from moviegenre.apps.service.schemas import REFUSALS
from moviegenre.apps.service.table_stream import LineStream
from moviegenre.core.errors import ConfigError

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor

R = TypeVar("R", bound=BaseModel)

_ANSWERS = {200: LINES, **REFUSALS}


def require_loopback(access: Access) -> None:
    """Refuse a library where others than this machine could reach it.

    Raises:
        ConfigError: They could.
    """
    if access.is_public or access.proxies:
        raise ConfigError(
            "--library has files of this machine written on request, so it is served on the "
            "loopback address alone; leave out --host, --allow-host and --trust-proxy, or --library"
        )


def add_library(
    app: FastAPI, asking: Asking, predictor: "Predictor", root: Path, access: Access | None
) -> LibraryJobs:
    """Serve a film library at ``/library``.

    Args:
        app: The service.
        asking: The way to the model.
        predictor: What reads films.
        root: The library's folder.
        access: Who may reach the service; None for an app that is asked inside this process only.

    Returns:
        What is to be stopped with the service.

    Raises:
        ConfigError: Others than this machine could reach it.
        DataNotFoundError: There is no such folder.
    """
    if access is not None:
        require_loopback(access)
    session = LibrarySession(root, predictor)
    jobs = LibraryJobs(asking)

    @app.get("/library", summary="Say which film library is served")
    def describe() -> LibraryAnswer:
        return session.describe()

    def add(name: str, kind: type[R], begin: Callable[[R], Job], summary: str) -> None:
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
            wanted = await read_request(request, asking.settings, kind)
            job = begin(wanted)
            if isinstance(wanted, WriteRequest):
                note(request, library_films="all" if wanted.ids is None else len(wanted.ids))
            lines = jobs.lines(job, client_of(request))
            return LineStream(lines, asking.settings.deadline_seconds)

    add("preview", PreviewRequest, session.preview, "Show what would be written; nothing is")
    add("write", WriteRequest, session.write, "Write the genres of films of a preview")
    restore = "Restore every file as it was before the first write"
    add("undo", UndoRequest, lambda _: session.undo(), restore)
    return jobs
