"""Work of clients that leave, and innocent clients among greedy ones, over real sockets."""

import json
import socket
import time
from typing import Any

import httpx2
import numpy as np
import pytest

import moviegenre
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.box import box_folder
from moviegenre.inference.slices import WHOLE, Slices
from tests.security.served import PATIENCE, Served, read_answer, served, wait_until
from tests.unit.apps.service.fake_predictor import FakePredictor


def sent(running: Served, path: str, body: object, source: str = "127.0.0.1") -> socket.socket:
    """Return a connection on which a request was sent in full."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    connection = socket.create_connection(
        ("127.0.0.1", running.port), PATIENCE, source_address=(source, 0)
    )
    connection.sendall(head.encode() + content)
    return connection


def waiting(running: Served) -> float:
    """Return how many films wait, as the service says."""
    lines = running.ask("/metrics").body.decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("moviegenre_queue_f")))


@pytest.mark.parametrize(
    ("path", "body", "number"),
    [
        ("/predict", {"plot": "nobody waits"}, 1),
        ("/predict/batch", [{"plot": f"nobody waits {n}"} for n in range(20)], 20),
    ],
    ids=["a film", "a batch"],
)
def test_a_client_that_closes_its_connection_has_nothing_computed(
    path: str, body: object, number: int
) -> None:
    predictor = FakePredictor()
    predictor.gate.clear()
    with served(predictor=predictor) as running:
        first = sent(running, "/predict", {"plot": "first"})
        assert predictor.entered.wait(PATIENCE)
        leaving = sent(running, path, body)
        wait_until(lambda: waiting(running) == number)
        leaving.close()
        wait_until(lambda: waiting(running) == 0)
        predictor.gate.set()
        assert running.predict().status == 200
        assert read_answer(first).status == 200
        first.close()
    assert predictor.batches == [["first"], ["A ghost."]]


class ExplainingPredictor(FakePredictor):
    """Explains in many slices."""

    def __init__(self) -> None:
        super().__init__()
        self.slices = 0

    def _slice(self) -> None:
        self.slices += 1
        time.sleep(0.01)

    def explain(self, film: Any, attribute: Any = (), *, slices: Slices = WHOLE) -> Any:
        for _ in range(2000):
            slices.run(self._slice)
        return super().explain(film, attribute)


def test_an_explanation_gives_way_and_stops_when_its_client_leaves() -> None:
    predictor = ExplainingPredictor()
    with served(predictor=predictor) as running:
        leaving = sent(running, "/predict", {"plot": "why", "explain": True}, "127.0.0.2")
        wait_until(lambda: predictor.slices >= 3)
        start = time.monotonic()
        assert running.predict().status == 200
        waited = time.monotonic() - start
        assert predictor.slices < 2000, "the explanation was still being computed"
        leaving.close()

        def stands_still() -> bool:
            before = predictor.slices
            time.sleep(0.1)
            return predictor.slices == before

        wait_until(stands_still)
        assert predictor.slices < 2000
    assert waited < 5, "the whole explanation takes 20 seconds"


@pytest.mark.torture
def test_an_innocent_plot_is_answered_in_time_beside_large_posters_and_batches() -> None:
    from benchmarks.overload import film, image, plot

    poster = json.loads(film(poster=image("RGBA", "PNG")))
    films = [{"plot": plot(300, seed)} for seed in range(64)]
    statuses: set[int] = set()
    with (
        served(ServiceSettings(), model=moviegenre.load(box_folder())) as running,
        httpx2.Client(base_url=f"http://127.0.0.1:{running.port}", timeout=PATIENCE) as client,
    ):

        def ask(seconds: float) -> list[float]:
            waits: list[float] = []
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                start = time.perf_counter()
                statuses.add(client.post("/predict", json={"plot": plot(100)}).status_code)
                waits.append(time.perf_counter() - start)
                time.sleep(0.05)
            return waits

        usual = float(np.median(ask(3)))
        greedy = [sent(running, "/predict", poster, "127.0.0.2") for _ in range(20)]
        greedy += [sent(running, "/predict/batch", films, f"127.0.0.{3 + n}") for n in range(4)]
        waits = ask(15)
        for connection in greedy:
            connection.close()
    assert statuses == {200}
    # The goal is a second where nothing else runs; on a busy machine even an idle service is slow.
    assert np.percentile(waits, 95) < max(1.0, 10 * usual)
