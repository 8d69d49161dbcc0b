"""How long the page takes from the click to the first answer, in a Chromium of this system's own.

    python benchmarks/page_answer.py --rounds 10

Serves a model (the included one by default), opens the page, and presses example films in turn. The
page's own clock measures from the press to the first genre on the screen. Printed are the medians,
the processor time of the server for each kind of question, and the load of the machine: with other
work on it, only the processor time means much. Needs playwright and a chromium.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess  # starts the service  # nosec B404
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

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


def first_answer(page: Page, example: str | None) -> float:
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--model", help="default: the included one")
    given = parser.parse_args()
    command = [sys.executable, "-m", "moviegenre.apps.cli", "serve", "--port", "0"]
    command += ["--model", given.model] if given.model else []
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdout=pipe, stderr=nowhere, text=True) as server:  # nosec B603
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split(" answers at ")[1].partition(";")[0]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=browser_path, args=_FLAGS)
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                begin = time.perf_counter()
                page.goto(address)
                page.locator("html[data-ready]").wait_for()
                print(f"first page: {1000 * (time.perf_counter() - begin):.0f} ms")
                for name, example in _FILMS.items():
                    times = [first_answer(page, example) for _ in range(given.rounds)]
                    print(
                        f"{name}: median {statistics.median(times):.0f} ms of {given.rounds}, "
                        f"{min(times):.0f} to {max(times):.0f} ms"
                    )
                browser.close()
            poster = Path(__file__).parents[1] / "src/moviegenre/examples/dust.webp"
            files = {"poster": ("p", poster.read_bytes())}
            films: dict[str, dict[str, Any]] = {
                "plot and poster": {"data": {"plot": _PLOT}, "files": files},
                "plot alone": {"json": {"plot": _PLOT}},
            }
            for name, film in films.items():
                used = cpu_of(server.pid, address, film, given.rounds)
                print(f"{name}: {used:.0f} ms of processor time in the server for an answer")
            server.send_signal(signal.SIGTERM)
            server.wait(60)
        finally:
            server.kill()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
