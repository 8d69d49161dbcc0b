"""The page at ``/docs`` in a real browser: it works under its strict policy."""

import importlib.util
import shutil

import pytest

from tests.security.served import served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None or importlib.util.find_spec("playwright") is None,
        reason="chromium or playwright is not installed here",
    ),
]


def test_a_film_is_tried_out_and_nothing_is_blocked() -> None:
    from playwright.sync_api import sync_playwright

    complaints: list[str] = []
    with served() as running, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{running.port}/docs")
        page.click("#operations-default-predict_predict_post", timeout=60_000)
        page.click("text=Try it out")
        page.click("text=Execute")
        status = page.inner_text(".live-responses-table .response-col_status >> nth=1")
        browser.close()
    assert status.split()[0] == "200"
    assert complaints == []
