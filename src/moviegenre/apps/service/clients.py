"""Who asks, and whether they are still there."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

T = TypeVar("T")


def client_of(request: Request) -> str:
    """Return the key by which work is shared out: what the middleware says, or the address."""
    known = getattr(request.state, "client", None)
    if known:
        return str(known)
    return request.client.host if request.client else ""


async def while_connected(request: Request, answering: Coroutine[Any, Any, T]) -> T:
    """Return an answer; stop working on it when its client leaves.

    Args:
        request: Its body was read in full.
        answering: What is cancelled then.

    Raises:
        ClientDisconnect: The client left.
    """
    answer = asyncio.create_task(answering)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait((answer, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() and leaving.exception() is None:
            raise ClientDisconnect
        return await answer
    finally:
        for task in (answer, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


async def _left(request: Request) -> None:
    """Return when the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
