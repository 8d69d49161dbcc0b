"""A Chromium of this system's own on the page: what every test of it in a browser needs."""

import importlib.util
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Dialog, FilePayload, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = [name for name in ("playwright",) if importlib.util.find_spec(name) is None]
if CHROMIUM is None:
    MISSING.append("chromium")
NEEDS_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}"),
]
"""Marks of a module whose tests drive a browser."""

PATIENCE_MS = 60_000  # that nothing takes but on a machine with no time for us
PHONE = (360, 740)

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Start a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an app on a free port in a thread of this process; yield its address."""
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=PATIENCE_MS / 1000)


@contextmanager
def opened(
    browser: "Browser",
    address: str,
    size: tuple[int, int] = PHONE,
    *,
    dark: bool = True,
    calm: bool = True,
) -> Iterator["Page"]:
    """Open the page; in the end nothing came from elsewhere, failed, or is wider than the window.

    Args:
        browser: Where.
        address: The service's.
        size: Of the window, in pixels.
        dark: Whether the system is.
        calm: Whether the system wants no motion.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if calm else "no-preference",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))

    def dismiss(dialog: "Dialog") -> None:
        faults.append(dialog.message)
        dialog.dismiss()

    def listen(said: "ConsoleMessage") -> None:
        if said.type in ("error", "warning"):
            faults.append(said.text)

    page.on("dialog", dismiss)
    page.on("console", listen)
    page.goto(address)
    page.locator("html[data-ready]").wait_for()
    yield page
    elsewhere = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    width = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    # A refused request, which the browser reports although the page shows why.
    faults = [fault for fault in faults if "the server responded with a status" not in fault]
    assert (elsewhere, faults) == ([], [])
    assert width <= size[0], "nothing makes the window scroll sideways"


def payload(name: str, content: bytes, kind: str = "application/octet-stream") -> "FilePayload":
    """Return a file as it is chosen in the browser."""
    return {"name": name, "mimeType": kind, "buffer": content}


def violations(page: "Page") -> list[str]:
    """Return what axe finds wrong with the page as it stands, an element each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]
