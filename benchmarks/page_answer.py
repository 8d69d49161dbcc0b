"""How long the page takes from the click to the first answer, in a Chromium of this system's own.

    python -m benchmarks.page_answer --full

Serves the included model, opens the page, and presses example films in turn. The page's own clock
measures from the press to the first genre on the screen. With other work on the machine, only the
processor time of the server means much. Needs playwright and a chromium; there is no rival.
"""

import argparse
import importlib.util
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import harness
from benchmarks.harness import ROOT, AbsentError, Figures, Row
from benchmarks.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Page

_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]
_FILMS = {  # what is given of each, and its name on the page
    "plot and poster": "Dust on the Ledger",
    "plot alone": None,
}
_PLOT = (
    "A detective hunts a killer through the rainy streets of a corrupt city, and learns that the "
    "man he is after once saved his life."
)
_WATCH = """
() => {
  window.firstAnswer = new Promise((resolve) => {
    const answer = document.getElementById("answer");
    let pressed = 0;
    const press = () => { pressed = performance.now(); };
    addEventListener("click", press, { capture: true, once: true });
    const watch = new MutationObserver(() => {
      if (!pressed || !answer.querySelector(".chip")) return;
      watch.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - pressed), 0));
    });
    watch.observe(answer, { childList: true, subtree: true });
  });
}
"""


def cpu_seconds(process: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_answer(page: "Page", example: str | None) -> float:
    """Return the milliseconds from a press to the first genre, and wait for what follows."""
    if example is None:
        page.get_by_label("Plot", exact=True).fill(_PLOT)
    page.evaluate("document.getElementById('answer').replaceChildren()")
    page.evaluate(_WATCH)
    page.get_by_role("button", name=example or "Predict genres").click()
    milliseconds = float(page.evaluate("window.firstAnswer"))
    page.locator(".marked-plot").first.wait_for(timeout=120_000)
    page.get_by_role("button", name="Clear").click()
    return milliseconds


def cpu_of(process: int, address: str, film: dict[str, Any], rounds: int) -> float:
    """Return the processor milliseconds of the server for one question."""
    import httpx2

    with httpx2.Client(base_url=address, timeout=120) as client:
        client.post("/predict", **film).raise_for_status()
        start = cpu_seconds(process)
        for _ in range(rounds):
            client.post("/predict", **film).raise_for_status()
        return 1000 * (cpu_seconds(process) - start) / rounds


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield rows of what a person waits for, and of the server's processor time.

    Raises:
        AbsentError: There is no playwright, or no chromium.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None or importlib.util.find_spec("playwright") is None:
        raise AbsentError("it needs playwright (pip install playwright) and a chromium")
    from playwright.sync_api import sync_playwright

    rounds = 10 if given.full else given.rounds
    with (
        tempfile.TemporaryDirectory() as scratch,
        served([], Path(scratch, "service.log")) as (port, process),
        sync_playwright() as play,
    ):
        address = f"http://127.0.0.1:{port}"
        browser = play.chromium.launch(executable_path=path, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        begin = time.perf_counter()
        page.goto(address)
        page.locator("html[data-ready]").wait_for()
        yield _row("page: first page", [1000 * (time.perf_counter() - begin)])
        for name, example in _FILMS.items():
            times = [first_answer(page, example) for _ in range(rounds)]
            yield _row(f"page: from press to first genre, {name}", times)
        browser.close()
        poster = ROOT / "src" / "moviegenre" / "examples" / "dust.webp"
        requests: dict[str, dict[str, Any]] = {
            "plot and poster": {
                "data": {"plot": _PLOT},
                "files": {"poster": ("p", poster.read_bytes())},
            },
            "plot alone": {"json": {"plot": _PLOT}},
        }
        for name, film in requests.items():
            used = cpu_of(process, address, film, rounds)
            yield _row(f"page: processor time of the server for an answer, {name}", [used])


def _row(work: str, milliseconds: Figures) -> Row:
    return Row(work, "ms", milliseconds, better="lower")


if __name__ == "__main__":
    harness.main(run, harness.options(__doc__))
