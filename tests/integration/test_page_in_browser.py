"""The page as somebody meets it: a served model and a Chromium of this system's own."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.models.exported import CARD_FILE, write_exported
from tests.tiny_checkpoints import POINT, tiny_checkpoint
from tests.tiny_models import write_bert_folder
from tests.tiny_movies import png_bytes, tiny_movies

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_MISSING = [name for name in ("gradio", "playwright") if importlib.util.find_spec(name) is None]
if CHROMIUM is None:
    _MISSING.append("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(_MISSING), reason=f"not installed here: {', '.join(_MISSING)}"),
]

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
_PATIENCE_MS = 60_000  # that nothing takes but on a machine with no time for us


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a tiny model that reads both, and stop it while a page is still open."""
    folder = tmp_path_factory.mktemp("page")
    checkpoint = tiny_checkpoint("early_fusion", write_bert_folder(folder / "bert"))
    write_exported(folder / "exported", checkpoint, {})
    POINT.write(folder / "exported" / THRESHOLDS_FILE)
    (folder / "exported" / CARD_FILE).write_text("# A tiny model", encoding="utf-8")
    command = [sys.executable, "-m", "moviegenre.apps.cli", "serve", "--port", "0", "--model"]
    with subprocess.Popen(
        [*command, str(folder / "exported"), "--set", "max_plot_chars=4000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "GRADIO_TEMP_DIR": str(folder / "uploads")},
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "open it in a browser" in line, line
            address = line.split(" answers at ")[1].partition(";")[0]
            yield address
            # What every open page holds; the server waits for half a minute for connections.
            with urllib.request.urlopen(f"{address}/gradio_api/heartbeat/open") as held:
                assert held.readline() == b"data: ALIVE\n"
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=20) == 0, "an open page does not hold it back"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    del address  # served for longer than the browser lives
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser", address: str) -> Iterator["Page"]:
    """Open the page in a window of a phone's width; nothing may come from elsewhere."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    page.get_by_role("button", name="Tell the genres").wait_for()
    yield page
    elsewhere = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    width = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert (elsewhere, faults) == ([], [])
    assert width <= 390, "nothing makes a phone scroll sideways"


def test_a_film_is_told_and_explained(page: "Page") -> None:
    page.get_by_label("Plot").fill("one old friend meets the ghost then finds a scream")
    poster = png_bytes(tiny_movies(1).posters[0])
    upload: FilePayload = {"name": "poster.png", "mimeType": "image/png", "buffer": poster}
    page.locator("#mg-poster-input input[type=file]").set_input_files(upload)
    page.get_by_role("img", name="The poster that was chosen").wait_for()
    page.get_by_role("button", name="Tell the genres").press("Enter")
    page.locator("#mg-regions img").wait_for()
    assert page.locator(".mg-bar").count() == 3
    assert "Poster alone" in page.locator("#mg-alone").inner_text()
    shown = page.get_by_label("What spoke for").input_value()
    other = page.locator(".mg-bar").nth(2)
    genre = str(other.get_attribute("data-genre"))
    assert genre != shown
    other.press("Enter")
    page.get_by_text(f"Words that spoke for {genre}").wait_for()
    assert page.get_by_label("What spoke for").input_value() == genre
    loaded = page.locator("#mg-regions img").evaluate("image => image.naturalWidth")
    assert loaded > 0, "the poster is shown below its regions"


def test_an_example_and_what_is_wrong(page: "Page") -> None:
    page.get_by_role("button", name="Tell the genres").click()
    problem = page.get_by_role("alert")
    problem.wait_for()
    assert "a film needs a plot or a poster; found neither" in problem.inner_text()
    page.get_by_role("button", name="Dust on the Ledger").click()
    page.locator("#mg-regions img").wait_for()
    assert page.get_by_label("Plot").input_value().startswith("A retired sheriff")
    page.get_by_label("Plot").fill("x" * 4001)
    page.get_by_role("button", name="Tell the genres").click()
    page.get_by_text("the plot has 4,001 characters; expected at most 4,000").wait_for()
    assert page.locator(".mg-bar").count() == 0, "an old answer does not stay"


def test_a_table_goes_up_and_comes_back(page: "Page") -> None:
    page.get_by_role("tab", name="Catalogue").click()
    table = b"id,plot,poster\na,the ghost,/etc/passwd\nb,,\n"
    upload: FilePayload = {"name": "films.csv", "mimeType": "text/csv", "buffer": table}
    page.locator("#mg-table input[type=file]").set_input_files(upload)
    page.get_by_text("Choose the columns").wait_for()
    page.get_by_role("button", name="Fill the table").click()
    page.get_by_text("All done.").wait_for()
    with page.expect_download() as download:
        page.locator("#mg-table-result a").first.click()
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert lines[0] == "id,genres,Drama,Horror,Comedy,error"
    assert lines[1].startswith("a,")
    assert lines[2] == "b,,,,,a film needs a plot or a poster; found neither"


def test_the_model_is_shown(page: "Page") -> None:
    page.get_by_role("tab", name="Model").click()
    page.get_by_role("heading", name="A tiny model").wait_for()
    assert "Drama" in page.locator(".mg-scores").inner_text()
