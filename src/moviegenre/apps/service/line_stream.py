"""A response of many lines, which ends when its client leaves or no longer reads."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

MEDIA_TYPE = "application/x-ndjson"

_MIN_RATE = 16_000  # bytes a second, twice a modem; slower clients would hold places for hours


def line(values: Mapping[str, Any]) -> bytes:
    """Return a JSON object as one line."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class LineStream(StreamingResponse):
    """Sends lines as soon as they are made, on any server.

    Args:
        lines: Yields the lines; it is always closed, so it may hold resources.
        patience_seconds: How long a client may take to read a part of the answer, and how much
            longer it may take for all of it than at 16 kB a second.
    """

    def __init__(self, lines: AsyncGenerator[bytes, None], patience_seconds: float) -> None:
        # Buffering proxies would delay the lines.
        super().__init__(lines, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        self._lines = lines
        self._patience = patience_seconds
        self._waited_seconds = 0.0  # for the client
        self._sent_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer.

        Raises:
            ClientDisconnect: The client left before the end, or does not read.
        """

        async def send_in_time(message: Message) -> None:
            loop = asyncio.get_running_loop()
            start = loop.time()
            remaining = self._patience + self._sent_bytes / _MIN_RATE - self._waited_seconds
            try:
                async with asyncio.timeout(min(remaining, self._patience)):
                    await send(message)
            except (TimeoutError, OSError):
                raise ClientDisconnect from None
            self._waited_seconds += loop.time() - start
            self._sent_bytes += len(message.get("body", b""))

        streaming = asyncio.create_task(self.stream_response(send_in_time))
        disconnection = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait({streaming, disconnection}, return_when=asyncio.FIRST_COMPLETED)
            if not streaming.done():
                raise ClientDisconnect
            await streaming
        finally:
            for task in (streaming, disconnection):
                task.cancel()
            await asyncio.gather(streaming, disconnection, return_exceptions=True)
            await self._lines.aclose()
