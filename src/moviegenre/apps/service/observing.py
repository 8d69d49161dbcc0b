"""Around every request: its id, its line in the log, its numbers, and what happens on a bug."""

import logging
import re
import time
import uuid
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moviegenre.apps.service.logs import log_event
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.apps.service.refusals import FAILED, error_answer

HEADER = "X-Request-ID"
CLIENT_LEFT = 499  # as nginx logs it; there is nobody to send it to

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_MAX_PATH = 200  # characters in the log


def note(request: Request, **fields: Any) -> None:  # noqa: ANN401 - whatever JSON takes
    """Add something to the request's line in the log."""
    request.state.notes.update(fields)


class Observing:
    """ASGI middleware.

    Args:
        app: What is around.
        metrics: Where requests are counted.
    """

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        request_id = _request_id(scope)
        notes: dict[str, Any] = {}
        scope.setdefault("state", {}).update(request_id=request_id, notes=notes)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                header = (HEADER.lower().encode(), request_id.encode())
                message = {**message, "headers": [*message.get("headers", []), header]}
            await send(message)

        bug: Exception | None = None
        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = CLIENT_LEFT
        except Exception as error:
            bug = error
            if status:  # half an answer is out; only closing the connection can tell
                raise
            self._metrics.count_error("failure")
            message = f"the service failed on this request; its log says why under {request_id}"
            await error_answer(FAILED, message)(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - start
            self._metrics.count_request(_route(scope), status, seconds)
            log_event(
                logging.ERROR if bug else logging.INFO,
                "request",
                error=bug,
                request_id=request_id,
                method=scope["method"],
                path=scope["path"][:_MAX_PATH],
                status=status,
                ms=round(1000 * seconds, 1),
                **notes,
            )


def _request_id(scope: Scope) -> str:
    """Return the id that the client gave, if it can stand in a log, or a new one."""
    wanted = HEADER.lower().encode()
    given = next((value for name, value in scope["headers"] if name == wanted), b"")
    text = given.decode("latin-1")
    return text if _SANE_ID.fullmatch(text) else uuid.uuid4().hex


def _route(scope: Scope) -> str:
    """Return the route's pattern: a path would make a new time series of every typing error."""
    return getattr(scope.get("route"), "path", None) or "other"
