"""Middleware for every request: id, log line, metrics, and the answer to an unexpected error."""

import logging
import re
import time
import uuid
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moviegenre.apps.service.access.checks import header_values
from moviegenre.apps.service.errors import RequestError
from moviegenre.apps.service.logs import log_event
from moviegenre.apps.service.metrics import ServiceMetrics

HEADER = "X-Request-ID"
CLIENT_LEFT = 499  # the status that nginx logs; it is never sent

_SAFE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_MAX_PATH = 200  # characters in the log


def add_to_log(request: Request, **fields: Any) -> None:  # noqa: ANN401 - whatever JSON takes
    """Add fields to the request's line in the log."""
    request.state.log_fields.update(fields)


class RequestLog:
    """ASGI middleware that gives every request an id, logs it and counts it."""

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
        log_fields: dict[str, Any] = {}
        scope.setdefault("state", {}).update(request_id=request_id, log_fields=log_fields)
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
            if status:  # a part was sent; only a closed connection shows the failure
                raise
            self._metrics.count_error("failure")
            message = (
                f"the service failed on this request; its log has the reason under {request_id}"
            )
            await RequestError(500, message).response()(scope, receive, send_with_id)
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
                **log_fields,
            )


def _request_id(scope: Scope) -> str:
    """Return the id that the client sent, if it is safe in a log, or a new one."""
    client_id = next(iter(header_values(scope, HEADER.lower().encode())), "")
    return client_id if _SAFE_ID.fullmatch(client_id) else uuid.uuid4().hex


def _route(scope: Scope) -> str:
    """Return the route's pattern; with paths, each typing error would make a new time series."""
    return getattr(scope.get("route"), "path", None) or "other"
