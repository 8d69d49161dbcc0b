"""The service as replicas of Ray Serve, on a cluster of its own."""

import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from moviegenre.box import box_folder
from moviegenre.core.extras import is_installed
from tests.served_command import served_command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed("ray"), reason="Ray is missing; pip install '.[ray]'"),
]

psutil = pytest.importorskip("psutil", reason="psutil finds open ports")
JOIN = """
import sys
from moviegenre.core.ray_cluster import ray_cluster

with ray_cluster(sys.argv[1]):
    pass
"""
FILM = {"plot": "A detective hunts a killer."}


def listening(process: int) -> set[str]:
    """Return the addresses on which a process and its children can be reached."""
    parent = psutil.Process(process)
    return {
        connection.laddr.ip
        for one in (parent, *parent.children(recursive=True))
        for connection in one.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def test_replicas_answer_and_refuse_as_the_service_does(tmp_path: Path) -> None:
    few = (
        *("max_queue=2", "max_films=1", "max_queue_per_client=2"),
        *("requests_per_second=0.5", "request_burst=60"),
    )
    limits = [word for setting in few for word in ("--set", setting)]
    log = tmp_path / "log"
    with (
        served_command("--engine", "ray", *limits, log=log) as service,
        httpx2.Client(base_url=service.address, timeout=120) as client,
    ):

        def ask(_: int) -> httpx2.Response:
            return client.post("/predict", json=FILM)

        assert "change the model with --engine ray --address 127.0.0.1:" in service.line, (
            log.read_text()
        )
        addresses = listening(service.pid)
        assert addresses
        assert addresses <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
        first = ask(0)
        assert (first.status_code, first.json()["modalities"]) == (200, ["plot"])
        (cluster,) = re.findall(r"--address (\S+)", service.line)
        joined = subprocess.run([sys.executable, "-c", JOIN, cluster], check=False)
        assert joined.returncode == 0, "another process has the cluster's token"
        stranger = client.get("/readyz", headers={"Host": "evil.example"})
        assert stranger.status_code == 421

        with ThreadPoolExecutor(16) as clients:
            answers = list(clients.map(ask, range(32)))
        refused = [one for one in answers if one.status_code != 200]
        assert {one.status_code for one in refused} == {503}
        assert {one.headers["Retry-After"] for one in refused} == {"1"}
        assert {" films" in one.json()["error"] for one in refused} == {True}
        assert len(refused) < len(answers)

        numbers = client.get("/metrics").text
        found = re.findall(
            r'requests_total\{replica="\w+",route="/predict",status="200"} (\S+)', numbers
        )
        assert sum(map(float, found)) == 1 + len(answers) - len(refused)

        with ThreadPoolExecutor(8) as clients:
            many = Counter(clients.map(lambda _: client.get("/model").status_code, range(120)))
        assert set(many) == {200, 429}, "the rate of a client counts with Ray as well"


@pytest.mark.torture
def test_the_model_changes_under_load_without_a_failed_request(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served_command("--engine", "ray", "--replicas", "2", log=log) as service:
        statuses: Counter[int] = Counter()
        is_over = threading.Event()

        def keep_asking(_: int) -> None:
            with httpx2.Client(base_url=service.address, timeout=120) as client:
                while not is_over.is_set():
                    statuses[client.post("/predict", json=FILM).status_code] += 1

        copy = _copied_model(tmp_path / "copy")
        (address,) = re.findall(r"--address (\S+)", service.line)
        command = [sys.executable, "-m", "moviegenre.apps.cli", "serve", "--engine", "ray"]
        with ThreadPoolExecutor(3) as clients:
            asking = [clients.submit(keep_asking, n) for n in range(3)]
            try:
                done = subprocess.run(
                    [*command, "--address", address, "--replicas", "2", "--model", str(copy)],
                    capture_output=True,
                    text=True,
                    check=False,
                )
            finally:
                is_over.set()
            assert done.returncode == 0, done.stderr
            for one in asking:
                one.result()
        assert set(statuses) == {200}, statuses
        numbers = httpx2.get(f"{service.address}/metrics", timeout=60).text
        assert len(set(re.findall(r'moviegenre_processes\{replica="(\w+)"', numbers))) == 2
        about = httpx2.get(f"{service.address}/model", timeout=60).json()
        assert about["card"] == "# The other model"


def _copied_model(folder: Path) -> Path:
    """Return a copy of the included model with another card."""
    shutil.copytree(box_folder(), folder)
    (folder / "README.md").write_text("# The other model")
    return folder
