"""The service as it is started: in one process, and in several behind one port."""

import json
import os
import re
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from moviegenre.box import box_folder
from tests.served_command import served_command

FILM = {"plot": "The secret of the ghost family"}


def events(log: Path) -> list[dict[str, object]]:
    """Return the lines of a log."""
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def test_a_served_model_answers_and_stops_politely(tmp_path: Path) -> None:
    log = tmp_path / "log"
    options = ("--model", str(box_folder()), "--no-page")
    with (
        served_command(*options, log=log) as service,
        httpx2.Client(base_url=service.address, timeout=60) as client,
    ):
        assert service.address.startswith("http://127.0.0.1:")
        assert client.get("/readyz").json() == {"status": "ready"}
        answer = client.post("/predict", json=FILM)
        assert answer.status_code == 200
        assert answer.json()["modalities"] == ["plot"]
        about = client.get("/model").json()
        assert set(answer.json()["probabilities"]) == set(about["genres"])
        assert about["backend"] == "int8"
        assert about["card"] == (box_folder() / "README.md").read_text("utf-8")
    lines = events(log)
    assert [line["path"] for line in lines if line["event"] == "request"] == [
        "/readyz",
        "/predict",
        "/model",
    ]
    assert "secret" not in log.read_text("utf-8")


def number(text: str, name: str) -> float:
    """Return a number of ``/metrics``."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, flags=re.M)
    return 0.0 if found is None else float(found[1])


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_workers_share_a_port_and_their_numbers_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served_command("--workers", "2", "--no-page", log=log) as service:
        assert "; 2 workers; " in service.line

        def ask(_: int) -> int:  # a connection each, for whichever worker takes it
            return httpx2.post(f"{service.address}/predict", json=FILM, timeout=60).status_code

        def numbers() -> str:
            return httpx2.get(f"{service.address}/metrics", timeout=60).text

        with ThreadPoolExecutor(6) as clients:
            assert Counter(clients.map(ask, range(12))) == {200: 12}
        answered = 'moviegenre_requests_total{route="/predict",status="200"}'
        before = numbers()
        assert number(before, answered) == 12
        assert number(before, "moviegenre_processes") == 2
        children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text().split()
        workers = [one for one in children if b"spawn_main" in _command(one)]
        assert len(workers) == 2
        os.kill(int(workers[0]), signal.SIGKILL)
        assert [ask(0) for _ in range(3)] == [200, 200, 200]
        end = time.monotonic() + 120
        while number(numbers(), "moviegenre_processes") < 2:
            assert time.monotonic() < end, "the worker is not replaced"
            time.sleep(0.1)
        assert number(numbers(), answered) == 15, "what the dead one counted counts"
    ended = [line for line in events(log) if "is replaced" in str(line["event"])]
    assert [(line["pid"], line["exit_code"]) for line in ended] == [(int(workers[0]), -9)]


def _command(pid: str) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
