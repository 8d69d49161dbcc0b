"""The checks of a request's head, which run in order before its body is read."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from moviegenre.apps.service.errors import RequestError
from moviegenre.apps.service.metrics import ServiceMetrics


class Check(Protocol):
    """One condition that a request must meet.

    Attributes:
        reason: The word under which refusals are counted.
    """

    reason: str

    def check(self, scope: Scope) -> Awaitable[None] | None:
        """Check a request's head; an awaitable result is awaited.

        Raises:
            RequestError: The request does not meet the condition.
        """


class AccessChecks:
    """ASGI middleware that refuses a request with the error of the first check that fails."""

    def __init__(self, app: ASGIApp, checks: Sequence[Check], metrics: ServiceMetrics) -> None:
        self._app = app
        self._checks = tuple(checks)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            for check in self._checks:
                try:
                    pending = check.check(scope)
                    if pending is not None:
                        await pending
                except RequestError as error:
                    self._metrics.count_error(check.reason)
                    await error.response()(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def header_values(scope: Scope, name: bytes) -> list[str]:
    """Return every value of a header, in order; a name can be repeated by an attacker.

    Example:
        >>> header_values({"headers": [(b"host", b"a"), (b"host", b"b")]}, b"host")
        ['a', 'b']
    """
    return [value.decode("latin-1") for header, value in scope["headers"] if header == name]


class MetricsCheck:
    """Refuses ``/metrics`` where it may not be read, and all other paths on the metrics port.

    Args:
        port: The separate port of ``/metrics``; None if there is none.
        is_public: Whether everybody could read it on the port of the service.
    """

    reason = "metrics"

    def __init__(self, port: int | None, is_public: bool) -> None:
        self._port = port
        self._is_public = is_public

    def check(self, scope: Scope) -> None:
        """Check path and port.

        Raises:
            RequestError: The path is not served on this port.
        """
        is_metrics = scope["path"].rstrip("/") == "/metrics"
        if self._port is not None:
            if is_metrics != (scope["server"][1] == self._port):
                raise RequestError(404, "this port has nothing at this address")
        elif is_metrics and self._is_public:
            raise RequestError(
                404,
                "metrics are not public; serve with --metrics-port or --api-key-file",
            )
