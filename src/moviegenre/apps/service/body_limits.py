"""Limits of request bodies: how slowly they may arrive, and how much memory they use in total."""

import asyncio
import ctypes
from collections import Counter
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moviegenre.apps.service.access.clients import client_of
from moviegenre.apps.service.access.keys import key_of
from moviegenre.apps.service.errors import RequestError
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.apps.service.settings import ServiceSettings

FREE_BYTES = 65_536  # not counted of each body, so that a plot always finds room
_TRIM_BYTES = 33_554_432
_TRIM_SECONDS = 1.0


@dataclass(eq=False)
class _Body:
    """A request body: its size so far, its state, and the timeout of its next part."""

    client: str
    size: int = 0
    is_complete: bool = False
    is_dropped: bool = False
    timeout: asyncio.Timeout | None = None

    @property
    def counted(self) -> int:
        """Bytes that count towards the limit."""
        return max(0, self.size - FREE_BYTES)

    def drop(self) -> None:
        """Have the request refused, at once if it waits for its next part."""
        self.is_dropped = True
        if self.timeout is not None:
            self.timeout.reschedule(asyncio.get_running_loop().time())


@dataclass
class BodyMemory:
    """The memory that all bodies of one event loop use.

    Attributes:
        max_bytes: The most counted bytes.
        held: The counted bytes now.
        most: The most counted bytes since freed memory was last returned to the system.
    """

    max_bytes: int
    held: int = 0
    most: int = 0
    _bodies: set[_Body] = field(default_factory=set)

    def enter(self, client: str) -> _Body:
        """Return a new, empty body."""
        body = _Body(client)
        self._bodies.add(body)
        return body

    def grow(self, body: _Body, size: int) -> bool:
        """Count bytes that have arrived and return whether the body may stay.

        If there is no room, the client with the most unfinished bytes loses its largest body.
        """
        counted_before = body.counted
        body.size += size
        self._count(body.counted - counted_before)
        while self.held > self.max_bytes:
            largest = self._largest()
            if largest is None or largest is body or largest.counted == 0:
                return False
            self.leave(largest)
            largest.drop()
        return not body.is_dropped

    def leave(self, body: _Body) -> None:
        """Stop counting a body."""
        if body in self._bodies:
            self._bodies.remove(body)
            self._count(-body.counted)

    def _count(self, size: int) -> None:
        self.held += size
        self.most = max(self.most, self.held)

    def _largest(self) -> _Body | None:
        unfinished = [body for body in self._bodies if not body.is_complete]
        held: Counter[str] = Counter()
        for body in unfinished:
            held[body.client] += body.counted
        return max(unfinished, key=lambda body: (held[body.client], body.counted), default=None)


class BodyLimits:
    """ASGI middleware: deadlines for every body, and a limit on the memory of all bodies.

    A body counts until the end of its answer, because films wait together with their posters.
    """

    def __init__(self, app: ASGIApp, settings: ServiceSettings, metrics: ServiceMetrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._memory = BodyMemory(settings.max_inflight_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; ``request.state.client`` names the client for the fair queues."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = key_of(scope) or client_of(scope)
        scope.setdefault("state", {})["client"] = client
        body = self._memory.enter(client)
        deadline = asyncio.get_running_loop().time() + self._settings.upload_seconds

        async def receive_in_time() -> Message:
            if body.is_complete:
                return await receive()
            message = await self._receive(body, receive, deadline)
            if message["type"] != "http.request":
                return message
            if not self._memory.grow(body, len(message.get("body", b""))):
                raise self._no_room()
            body.is_complete = not message.get("more_body", False)
            return message

        try:
            await self._app(scope, receive_in_time, send)
        finally:
            self._memory.leave(body)
            self._schedule_trim()

    async def _receive(self, body: _Body, receive: Receive, deadline: float) -> Message:
        """Wait for the next part of a body.

        Raises:
            RequestError: It does not arrive in time, or another client got its room.
        """
        if body.is_dropped:
            raise self._no_room()
        stall_deadline = asyncio.get_running_loop().time() + self._settings.stall_seconds
        try:
            async with asyncio.timeout_at(min(deadline, stall_deadline)) as body.timeout:
                return await receive()
        except TimeoutError:
            if body.is_dropped:
                raise self._no_room() from None
            self._metrics.count_error("slow_body")
            message = f"the body did not arrive within {self._settings.upload_seconds:g} seconds"
            if stall_deadline < deadline:
                seconds = self._settings.stall_seconds
                message = f"no part of the body arrived for {seconds:g} seconds"
            raise RequestError(408, message) from None
        finally:
            body.timeout = None

    def _no_room(self) -> RequestError:
        self._metrics.count_error("bodies_full")
        return RequestError(
            503,
            "the service holds too many unfinished uploads; try again later",
            self._settings.retry_after,
        )

    def _schedule_trim(self) -> None:
        if self._memory.held == 0 and self._memory.most >= _TRIM_BYTES:
            self._memory.most = 0
            loop = asyncio.get_running_loop()
            loop.call_later(_TRIM_SECONDS, loop.run_in_executor, None, _trim)


def _trim() -> None:
    """Return freed memory to the system; glibc otherwise keeps it for later."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
