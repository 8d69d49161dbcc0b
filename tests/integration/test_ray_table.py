"""Shards on a Ray cluster: what dies in it changes nothing in the output."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import moviegenre
from moviegenre.artifacts.export import export_model
from moviegenre.core.ray_cluster import ray_cluster
from moviegenre.inference.catalogue import predict_catalogue
from moviegenre.inference.catalogue_output import CatalogueSummary
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns
from moviegenre.inference.ray_engine import RayEngine
from tests.poisonous_model import POISON, PoisonousModel
from tests.tiny_checkpoints import POINT, tiny_checkpoint
from tests.tiny_movies import tiny_movies

pytest.importorskip("ray.data", reason="Ray is not installed: pip install '.[ray]'")

MEMORY = 100 << 20  # of a node's object store
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("ray") / "model"
    export_model(tiny_checkpoint("lstm", bert_folder), POINT, folder, scores={}, only="int8")
    return folder


@pytest.fixture
def _workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ray's workers import the tests, and let them have their share of a busy machine."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    monkeypatch.setenv("RAY_worker_niceness", "0")  # 15 would starve


@pytest.fixture
def cluster(_workers: None) -> Iterator[Any]:
    """Return three nodes with a processor each, to which this process is connected."""
    ray: Any = import_module("ray")
    Cluster: Any = import_module("ray.cluster_utils").Cluster
    node = {"num_cpus": 1, "object_store_memory": MEMORY, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=MEMORY)
    ray.init(cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def write_films(path: Path, count: int, poison: int | None = None) -> Catalogue:
    plots = tiny_movies(count).plots
    if poison is not None:
        plots[poison] = POISON
    lines = [f"tt{n},{plot}" for n, plot in enumerate(plots)]
    path.write_text("\n".join(["id,plot", *lines, ""]))
    return Catalogue(path, CatalogueColumns(), None)


def parts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("part-*")}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("_workers")
def test_a_row_that_kills_its_worker_is_an_error_row(model: Path, tmp_path: Path) -> None:
    table = write_films(tmp_path / "films.csv", 300, poison=120)
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    predictor = moviegenre.load(model, threads=1)
    engine = RayEngine(2, open_model=PoisonousModel(model, deaths))
    out = tmp_path / "out"
    with ray_cluster(None, num_cpus=2):
        summary = predict_catalogue(predictor, table, out, shard_rows=50, engine=engine)
    assert summary == CatalogueSummary(300, 1, 1)
    assert len(list(deaths.iterdir())) == 3
    predict_catalogue(predictor, table, tmp_path / "local", shard_rows=50)
    found, expected = (pq.read_table(folder).to_pylist() for folder in (out, tmp_path / "local"))
    assert found[120]["id"] == "tt120"
    assert found[120]["error"].startswith("reading or computing this row has ended the process")
    assert found[:120] + found[121:] == expected[:120] + expected[121:]
    names = [sorted(parts(folder)) for folder in (out, tmp_path / "local")]
    assert [a == b for a, b in zip(*names, strict=True)] == [True, True, False, True, True, True]


@pytest.mark.torture
@pytest.mark.filterwarnings("default")
def test_a_node_and_an_actor_are_killed(cluster: Any, model: Path, tmp_path: Path) -> None:
    table = write_films(tmp_path / "films.csv", 20_000)
    predictor = moviegenre.load(model, threads=1)
    predict_catalogue(predictor, table, tmp_path / "local", shard_rows=200)
    out = tmp_path / "out"
    killed: list[str] = []

    def when(share: float, kill: Callable[[], str]) -> None:
        while len(list(out.glob("part-*"))) < share * 100:
            time.sleep(0.05)
        killed.append(kill())

    def kill_node() -> str:
        cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
        return "node"

    def kill_actor() -> str:
        started = descendants(os.getpid())
        workers = [pid for pid, name in started if name.startswith("ray::MapWorker")]
        os.kill(random.choice(workers), signal.SIGKILL)
        return "actor"

    threads = [
        threading.Thread(target=when, args=(0.3, kill_actor)),
        threading.Thread(target=when, args=(0.5, kill_node)),
    ]
    for thread in threads:
        thread.start()
    summary = predict_catalogue(predictor, table, out, shard_rows=200, engine=RayEngine(3))
    for thread in threads:
        thread.join()
    assert killed == ["actor", "node"]
    assert summary == CatalogueSummary(20_000, 0, 0)
    assert parts(out) == parts(tmp_path / "local")
    ids = pq.read_table(out)["id"].to_pylist()
    assert ids == [f"tt{n}" for n in range(20_000)]


def descendants(of: int) -> list[tuple[int, str]]:
    """Return the processes that a process has started, with the names that they gave themselves."""
    found = []
    for thread in Path(f"/proc/{of}/task").iterdir():
        for child in map(int, (thread / "children").read_text().split()):
            with suppress(OSError):  # it has ended
                name = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                found += [(child, name), *descendants(child)]
    return found
