"""An answer of many lines, which ends when its client leaves or no longer reads."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

MEDIA_TYPE = "application/x-ndjson"

_MIN_RATE = (
    16_000  # bytes a second, twice a modem's: whoever reads more slowly holds a place for hours
)


def line(values: Mapping[str, Any]) -> bytes:
    """Return a JSON object as one line."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class LineStream(StreamingResponse):
    """Sends lines as they are made, whatever server runs the app.

    Args:
        lines: What makes them; it is closed in any case, so that it may hold something.
        patience_seconds: How long a client may take to read a part of the answer, and how much
            longer it may take for all of it than at 16 kB a second.
    """

    def __init__(self, lines: AsyncGenerator[bytes, None], patience_seconds: float) -> None:
        # Buffering proxies would hold the progress back.
        super().__init__(lines, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        self._lines = lines
        self._patience = patience_seconds
        self._waited = 0.0  # for the client, in seconds
        self._sent = 0  # bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer.

        Raises:
            ClientDisconnect: The client left before its end, or does not read.
        """

        async def send_in_time(message: Message) -> None:
            now = asyncio.get_running_loop().time
            start = now()
            left = self._patience + self._sent / _MIN_RATE - self._waited
            try:
                async with asyncio.timeout(min(left, self._patience)):
                    await send(message)
            except (TimeoutError, OSError):
                raise ClientDisconnect from None
            self._waited += now() - start
            self._sent += len(message.get("body", b""))

        streaming = asyncio.create_task(self.stream_response(send_in_time))
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not streaming.done():
                raise ClientDisconnect
            await streaming
        finally:
            for task in (streaming, leaving):
                task.cancel()
            await asyncio.gather(streaming, leaving, return_exceptions=True)
            await self._lines.aclose()
