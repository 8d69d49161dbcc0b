"""The page on the service's app: at ``/``, with nothing from elsewhere, no more than it needs."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import gradio as gr
from fastapi import FastAPI, Request
from starlette.datastructures import MutableHeaders
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moviegenre.apps.page.catalogue_tab import CatalogueTab
from moviegenre.apps.page.film_tab import FilmTab
from moviegenre.apps.page.layout import build_page
from moviegenre.apps.service.asking import Asking
from moviegenre.apps.service.refusals import BAD_REQUEST, TOO_LARGE, UNFIT, Refusal
from moviegenre.apps.service.schemas import ModelAnswer
from moviegenre.examples import FOLDER

_STYLE = Path(__file__).with_name("page.css")
_FONTS = ("ui-sans-serif", "system-ui", "sans-serif")

# Gradio's page has scripts in it and makes functions of text; what it may load is this service's.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' blob: data:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

# Gradio serves much more than a page needs: fetching for others, running events past the queue,
# monitoring. Only what the page asks for is let through; all else is answered as the service does.
_PATHS = frozenset({"/", "/config", "/theme.css", "/favicon.ico", "/manifest.json"})
_PREFIXES = ("/assets/", "/static/", "/gradio_api/queue/", "/gradio_api/heartbeat/")
_API = frozenset({"info", "upload", "upload_progress", "reset", "cancel", "startup-events"})
_API_PREFIX = "/gradio_api/"
_FILES = "/gradio_api/file="
_EVENTS = "/queue/join"


def add_page(app: FastAPI, asking: Asking, model: ModelAnswer, files: Sequence[Path]) -> None:
    """Serve the page at ``/``, after every address of the service's own.

    Args:
        app: The service; ``app.state.stopping`` is called when it begins to stop.
        asking: The way to the model.
        model: What is known of it.
        files: The files that it was loaded from.
    """

    async def inside() -> None:
        _add_page(app, asking, model, files)

    try:
        asyncio.get_running_loop()
    except RuntimeError:  # Gradio would then make a loop for each of its locks, and close none
        asyncio.run(inside())
    else:
        _add_page(app, asking, model, files)


def _add_page(app: FastAPI, asking: Asking, model: ModelAnswer, files: Sequence[Path]) -> None:
    film, catalogue = FilmTab(asking), CatalogueTab(asking, model.genres)
    blocks = build_page(film, catalogue, model, files, asking.settings)
    blocks.queue(api_open=False, max_size=asking.settings.max_queue)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        footer_links=[],
        run_history=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        allowed_paths=[str(FOLDER)],
        show_error=False,
        max_file_size=asking.settings.max_body_bytes,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=_theme(),
        css_paths=_STYLE,
    )
    mounted = app.router.routes.pop()
    assert isinstance(mounted, Mount), "mount_gradio_app mounts last"
    app.router.routes.append(_PageRoute(mounted.app, asking.settings.max_body_bytes))
    # Browsers hold a connection open as long as they show the page; a stop must not wait for it.
    app.state.stopping = mounted.app.stop_event.set  # type: ignore[attr-defined]


def _theme() -> gr.themes.Base:
    """Return Gradio's look in the reader's own fonts, with small print that can be read."""
    theme = gr.themes.Default(
        primary_hue="blue", font=list(_FONTS), font_mono=["ui-monospace", "monospace"]
    )
    return theme.set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_100",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
    )


class _PageRoute(Mount):
    """The page's addresses, and no others.

    Args:
        app: Gradio's.
        max_bytes: Of the body of an event.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        super().__init__("/", app=_Guarded(app, max_bytes))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether an address is the page's."""
        if scope["type"] != "http" or not is_page_path(scope["path"]):
            return Match.NONE, {}
        return super().matches(scope)


def is_page_path(path: str) -> bool:
    """Return whether the page needs an address.

    Example:
        >>> is_page_path("/"), is_page_path("/gradio_api/proxy=https://example.org")
        (True, False)
    """
    if path.startswith(_FILES):
        return "://" not in path
    if path.startswith(_API_PREFIX) and path.removeprefix(_API_PREFIX) in _API:
        return True
    return path in _PATHS or path.startswith(_PREFIXES)


class _Guarded:
    """Keeps browsers from loading anything from elsewhere, and Gradio from fetching it for them.

    Args:
        app: What is around.
        max_bytes: Of the body of an event.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        if scope["path"].endswith(_EVENTS):
            body = await self._event(Request(scope, receive))
            receive = _Again(body, receive)
        await self._app(scope, receive, send_with_headers)

    async def _event(self, request: Request) -> bytes:
        """Return an event's body.

        Raises:
            Refusal: It is too large, no JSON, or has a file that was not uploaded.
        """
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._max_bytes:
                raise Refusal(TOO_LARGE, f"expected at most {self._max_bytes:,} bytes")
        try:
            content = json.loads(body)
        except ValueError:
            raise Refusal(BAD_REQUEST, "the body is not valid JSON") from None
        if names_an_address(content):
            raise Refusal(UNFIT, "a file is an address; expected an upload")
        return body


def names_an_address(content: object) -> bool:
    """Return whether a file of an event is an address, which Gradio itself would fetch.

    Example:
        >>> names_an_address({"data": ["see http://a.org", {"path": "http://a.org/poster.png"}]})
        True
    """
    if isinstance(content, dict):
        if "://" in str(content.get("path", "")):
            return True
        content = list(content.values())
    return isinstance(content, list) and any(names_an_address(part) for part in content)


class _Again:
    """Gives a body that was read once more, and then what else there is.

    Args:
        body: What was read.
        receive: Where it was read from.
    """

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        """Return the next message."""
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}
