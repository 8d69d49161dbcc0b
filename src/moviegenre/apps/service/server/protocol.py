"""uvicorn's protocol of a connection, with the phase that the connection is in and since when."""

import asyncio
import json
import socket
import sys
from collections.abc import Mapping
from typing import Any, cast

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from moviegenre.apps.service.access.clients import network_of
from moviegenre.apps.service.access.headers import SECURITY_HEADERS
from moviegenre.apps.service.server.connections import ConnectionTable, Phase

_LINGER_SECONDS = 5.0  # for the rest of an unwanted body, so that the client reads the error
_STOP_SECONDS = 3.0  # for unfinished requests once the server stops
_DONE = {Phase.IDLE, Phase.HEAD, Phase.LINGER, Phase.CLOSING}

_MAX_HEAD = 16_384  # bytes; no browser sends so many
_HEAD_TOO_LARGE = 431
_FREE_PIECES, _MIN_PIECE = 128, 128  # a body in single bytes costs a hundred times more to parse


class GuardedState(ServerState):
    """The shared state of uvicorn's connections, with their table and the time of the stop."""

    def __init__(self, table: ConnectionTable) -> None:
        super().__init__()
        self.table = table
        self.stopping_since: float | None = None


class _GuardedParser(h11.Connection):
    """h11's parser, which refuses a body in too many tiny pieces."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, _MAX_HEAD)
        self._pieces = 0
        self._size = 0

    def next_event(self) -> Any:  # noqa: ANN401 - the type of h11
        """Return the next event.

        Raises:
            h11.RemoteProtocolError: The client sends invalid HTTP, or too many tiny pieces.
        """
        event = super().next_event()
        if isinstance(event, h11.Data):
            self._pieces += 1
            self._size += len(event.data)
            if self._pieces > _FREE_PIECES and self._size < _MIN_PIECE * self._pieces:
                raise h11.RemoteProtocolError("the body comes in too many tiny pieces")
        elif isinstance(event, h11.Request):
            self._pieces = self._size = 0
            # h11 itself checks the size only while a head is incomplete.
            if sum(len(name) + len(value) for name, value in event.headers) > _MAX_HEAD:
                raise h11.RemoteProtocolError(
                    f"expected a head of at most {_MAX_HEAD:,} bytes", _HEAD_TOO_LARGE
                )
            _check_length(event)
        return event


def _check_length(request: h11.Request) -> None:
    """Refuse a body with an ambiguous end: a proxy could take a part of it for another request.

    Raises:
        h11.RemoteProtocolError: Two headers state its length, or one that HTTP/1.0 lacks.
    """
    names = {name for name, _value in request.headers}
    if b"transfer-encoding" not in names:
        return
    if b"content-length" in names:
        raise h11.RemoteProtocolError("expected Content-Length or Transfer-Encoding, found both")
    if request.http_version < b"1.1":
        raise h11.RemoteProtocolError("HTTP/1.0 has no Transfer-Encoding")


class GuardedProtocol(H11Protocol):
    """A connection with a phase, which is closed if it is overdue or to make room.

    Attributes:
        network: The network of its client; see ``network_of``.
        opened: The time when it was opened.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = _GuardedParser()
        self.network = ""
        self.opened = self.loop.time()
        self._guard = cast("GuardedState", server_state)
        self._phase = Phase.HEAD
        self._phase_cycle: object = None
        self._phase_since = self.opened
        self._unread_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, or refuse it if there is no room."""
        super().connection_made(transport)
        tcp_socket = transport.get_extra_info("socket")
        if tcp_socket is not None and tcp_socket.family in (socket.AF_INET, socket.AF_INET6):
            # asyncio sets it only if the listening socket was made with the protocol's number.
            tcp_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.network = network_of(self.client[0]) if self.client else ""
        if not self._guard.table.admit(self, self.opened):
            self._answer(503, "too many connections; try again later", {"retry-after": "1"})

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the table."""
        self._guard.table.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes; after an error, ignore them."""
        if not self.transport.is_closing():
            super().data_received(data)

    def update_phase(self, now: float) -> Phase:
        """Update and return the phase, and record since when it lasts."""
        phase = self._current_phase()
        if phase is not self._phase or self.cycle is not self._phase_cycle:
            self._phase, self._phase_cycle, self._phase_since = phase, self.cycle, now
        if self.transport.get_write_buffer_size() == 0:
            self._unread_since = None
        elif self._unread_since is None:
            self._unread_since = now
        return phase

    def has_stalled(self) -> bool:
        """Return whether the client leaves its answer unread."""
        return self._unread_since is not None and self.flow.write_paused

    def close_if_overdue(self, now: float) -> None:
        """Close the connection if it has waited for its client too long."""
        phase = self.update_phase(now)
        phase_seconds = now - self._phase_since
        unread_seconds = 0.0 if self._unread_since is None else now - self._unread_since
        limits = self._guard.table.limits
        max_seconds = {
            Phase.HEAD: limits.header_seconds,
            Phase.IDLE: limits.idle_seconds,
            Phase.LINGER: _LINGER_SECONDS,
        }
        stopping_since = self._guard.stopping_since
        if stopping_since is not None and phase is not Phase.WORK:
            is_overdue = now - stopping_since > _STOP_SECONDS
        else:
            is_overdue = phase_seconds > max_seconds.get(phase, now)
        if is_overdue or unread_seconds > limits.send_seconds:
            self.drop()

    def drop(self) -> None:
        """Close the connection at once, in any phase."""
        self.transport.abort()

    def resume_writing(self) -> None:
        """Record that the client has read a part of its answer."""
        self._unread_since = None
        super().resume_writing()

    def shutdown(self) -> None:
        """Close the connection, or let it finish its answer, when the server stops."""
        if self._current_phase() in _DONE:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """Answer invalid HTTP with JSON of the same form as other errors."""
        error = sys.exc_info()[1]
        status = getattr(error, "error_status_hint", 400)
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            reason = str(error or msg).partition(": bytearray(")[0]  # h11 repeats the bytes
            self._answer(status, f"the request is not valid HTTP: {reason}")
        else:  # a part of an answer was sent already
            self.transport.close()

    def _current_phase(self) -> Phase:
        if self.transport.is_closing():
            return Phase.CLOSING
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None:
            return Phase.HEAD
        if not cycle.response_complete:
            return Phase.BODY if cycle.more_body else Phase.WORK
        if self.conn.their_state is h11.SEND_BODY:
            return Phase.LINGER
        return Phase.HEAD if self.conn.trailing_data[0] else Phase.IDLE

    def _answer(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Send an error without calling the app, and close the connection."""
        body = json.dumps({"error": message}).encode()
        all_headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
            **SECURITY_HEADERS,
            **(headers or {}),
        }
        head = [f"HTTP/1.1 {status} {STATUS_PHRASES.get(status, b'').decode()}"]
        head += [f"{name.lower()}: {value}" for name, value in all_headers.items()]
        self.transport.write("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        self.transport.close()
