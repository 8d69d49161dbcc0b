"""Starting and stopping the server."""

import asyncio
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from moviegenre.apps.service.access.clients import is_within, networks
from moviegenre.apps.service.access.exposure import Access
from moviegenre.apps.service.access.hosts import is_loopback
from moviegenre.apps.service.server.connections import (
    ACCEPT_BATCH,
    ConnectionLimits,
    ConnectionTable,
    total_connections,
)
from moviegenre.apps.service.server.protocol import GuardedProtocol, GuardedState
from moviegenre.apps.service.settings import ServiceSettings

_SWEEP_SECONDS = 0.5
_KERNEL_BACKLOG = 1024  # connections that wait to be accepted; they cost no descriptor


class GuardedServer(uvicorn.Server):
    """uvicorn with limits on connections.

    uvicorn limits neither the connections of a client nor the time of a head. It answers 503 to all
    once idle connections fill its ``limit_concurrency``; see docs/reliability.md. The server calls
    ``app.state.stopping`` when it begins to stop.
    """

    def __init__(
        self,
        app: FastAPI,
        settings: ServiceSettings,
        access: Access,
        *,
        accept_batch: int = ACCEPT_BATCH,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",  # the backlog bounds how many it accepts at once
                http=GuardedProtocol,
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(access.proxies),
                forwarded_allow_ips=list(access.proxies),
                backlog=accept_batch,
                timeout_keep_alive=settings.idle_seconds,
                timeout_graceful_shutdown=settings.stop_seconds,
            )
        )
        self._app = app
        limits = ConnectionLimits(
            total=total_connections(settings.max_connections),
            per_client=settings.max_client_connections,
            header_seconds=settings.header_seconds,
            idle_seconds=settings.idle_seconds,
            send_seconds=settings.send_seconds,
            is_exempt=_exempt(access),
        )
        self._guard = GuardedState(ConnectionTable(limits))
        self.server_state = self._guard
        self._sweeper: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and to close connections that wait too long."""
        await super().startup(sockets)
        for listener in sockets or []:
            # asyncio listens with the small number of connections that it accepts at once.
            listener.listen(_KERNEL_BACKLOG)
        self._sweeper = asyncio.create_task(self._sweep())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish accepted requests, and close all other connections."""
        self._guard.stopping_since = asyncio.get_running_loop().time()
        try:
            await super().shutdown(sockets)
        finally:
            if self._sweeper is not None:
                self._sweeper.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Notify the app at once that the server stops."""
        if stopping := getattr(self._app.state, "stopping", None):
            stopping()
        super().handle_exit(sig, frame)

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            for connection in list(self._guard.connections):
                if isinstance(connection, GuardedProtocol):
                    connection.close_if_overdue(loop.time())


def _exempt(access: Access) -> Callable[[str], bool]:
    """Return a test for clients without a limit of their own: this machine and known proxies."""
    proxies = networks(access.proxies)

    def is_exempt(network: str) -> bool:
        return is_loopback(network.partition("/")[0]) or is_within(network, proxies)

    return is_exempt
