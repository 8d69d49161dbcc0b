"""The page on the service's app: at ``/``, with nothing from elsewhere and no more than it needs."""

from collections.abc import Sequence
from pathlib import Path

import gradio as gr
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moviegenre.apps.page.catalogue_tab import CatalogueTab
from moviegenre.apps.page.film_tab import FilmTab
from moviegenre.apps.page.layout import build_page
from moviegenre.apps.service.asking import Asking
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


def add_page(app: FastAPI, asking: Asking, model: ModelAnswer, files: Sequence[Path]) -> None:
    """Serve the page at ``/``, after every address of the service's own.

    Args:
        app: The service; ``app.state.stopping`` is called when it begins to stop.
        asking: The way to the model.
        model: What is known of it.
        files: The files that it was loaded from.
    """
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
        theme=gr.themes.Default(
            primary_hue="blue", font=list(_FONTS), font_mono=["ui-monospace", "monospace"]
        ),
        css_paths=_STYLE,
    )
    mounted = app.router.routes.pop()
    assert isinstance(mounted, Mount), "mount_gradio_app mounts last"
    app.router.routes.append(_PageRoute(mounted.app))
    # Browsers hold a connection open as long as they show the page; a stop must not wait for it.
    app.state.stopping = mounted.app.stop_event.set  # type: ignore[attr-defined]


class _PageRoute(Mount):
    """The page's addresses, and no others.

    Args:
        app: Gradio's.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__("/", app=_Guarded(app))

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
    """Adds headers that keep a browser from loading anything from elsewhere.

    Args:
        app: What is around.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)
