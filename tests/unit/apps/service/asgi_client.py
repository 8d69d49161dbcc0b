"""A client that speaks ASGI to an app, so that it can leave before its answer ends."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import httpx2
from starlette.types import ASGIApp, Message, Scope


class AsgiClient:
    """A client that sends a POST and stays until it leaves.

    Args:
        path: Where it sends it.
        address: Its own.
        content: The body, as httpx takes it.

    Attributes:
        left: Set, the client has left.
        sent: The messages that it got.
    """

    def __init__(self, path: str, *, address: str = "127.0.0.1", **content: Any) -> None:
        request = httpx2.Request("POST", f"http://localhost{path}", **content)
        self._body: bytes | None = request.read()
        self.left = asyncio.Event()
        self.sent: list[Message] = []
        self._scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [
                (name.lower().encode(), value.encode()) for name, value in request.headers.items()
            ],
            "client": (address, 1),
            "server": ("localhost", 80),
            "scheme": "http",
            "http_version": "1.1",
            "root_path": "",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
        }

    def call(self, app: ASGIApp) -> Awaitable[None]:
        """Send the request to an app."""
        return app(self._scope, self.receive, self.send)

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of the answer."""
        content = b"".join(message.get("body", b"") for message in self.sent)
        return [json.loads(line) for line in content.splitlines()]
