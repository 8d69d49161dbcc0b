"""Work for a client that is connected, or that leaves."""

import asyncio
from typing import Any

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect

from moviegenre.apps.service.app import cancel_on_disconnect


def request(messages: "asyncio.Queue[dict[str, Any]]") -> Request:
    return Request({"type": "http"}, messages.get)


def test_an_answer_is_returned_while_the_client_is_there() -> None:
    async def inside() -> int:
        async def answer() -> int:
            await asyncio.sleep(0)
            return 7

        return await cancel_on_disconnect(request(asyncio.Queue()), answer())

    assert asyncio.run(inside()) == 7


def test_an_error_is_raised_while_the_client_is_there() -> None:
    async def inside() -> None:
        async def answer() -> None:
            raise ValueError("unlucky")

        await cancel_on_disconnect(request(asyncio.Queue()), answer())

    with pytest.raises(ValueError, match="unlucky"):
        asyncio.run(inside())


def test_an_answer_is_awaited_though_nobody_can_say_whether_the_client_is_there() -> None:
    async def receive() -> dict[str, Any]:
        raise RuntimeError("read to its end")

    async def inside() -> int:
        async def answer() -> int:
            await asyncio.sleep(0.01)
            return 7

        return await cancel_on_disconnect(Request({"type": "http"}, receive), answer())

    assert asyncio.run(inside()) == 7


def test_work_is_cancelled_when_the_client_leaves() -> None:
    cancelled = False

    async def inside() -> None:
        messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        async def answer() -> None:
            nonlocal cancelled
            messages.put_nowait({"type": "http.disconnect"})
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled = True
                raise

        await cancel_on_disconnect(request(messages), answer())

    with pytest.raises(ClientDisconnect):
        asyncio.run(inside())
    assert cancelled
