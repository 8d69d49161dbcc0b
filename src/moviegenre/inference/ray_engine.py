"""Shards on a Ray cluster, through Ray Data: one model for each actor.

Ray gets the numbers of shards and returns the numbers of finished rows. This package decides the
rows of a shard and the name of its part, and checks all ids. So the output stays the same if an
actor dies, a task runs twice, or the cluster has another size.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import numpy as np

from moviegenre.core.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    MovieGenreError,
)
from moviegenre.core.extras import is_installed
from moviegenre.core.files import file_sha256
from moviegenre.core.ray_cluster import ray_cluster
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.shard_work import MANIFEST_FILE, ShardWork, ShardWorker
from moviegenre.inference.shards import Shard

_MAX_BLOCKS = 10_000  # blocks of a dataset; Ray's scheduler keeps a record of each


class ShardActor:
    """One of the workers; Ray Data calls it with the numbers of shards.

    Args:
        work: Its work, without the model.
        shards: All shards; each call computes some of them.
        open_model: Opens the model with a number of threads.
        threads: The number of processors that Ray assigned.
    """

    def __init__(
        self,
        work: ShardWork,
        shards: Sequence[Shard],
        open_model: Callable[[int], Predictor],
        threads: int,
    ) -> None:
        self._shards = shards
        self._worker: ShardWorker | None = None
        self._fault = ""
        try:
            if not work.folder.has(MANIFEST_FILE):
                raise DataError(
                    f"a worker cannot access {work.folder.address}; name a folder with `out` that "
                    "all machines share, or an address in an object store"
                )
            self._worker = ShardWorker(work, open_model(threads))
        except MovieGenreError as error:  # Ray would retry it for ever
            self._fault = str(error)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Compute some shards.

        Args:
            batch: Their numbers, in the column ``shard``.
        """
        num_rows, faults = [], []
        for number in batch["shard"].tolist():
            shard, fault = self._shards[number], self._fault
            if self._worker is not None:
                try:
                    for _ in self._worker.run([shard]):
                        pass
                except MovieGenreError as error:
                    fault = str(error)
            num_rows.append(0 if fault else shard.rows)
            faults.append(fault)
        return {"rows": np.array(num_rows), "fault": np.array(faults, dtype=object)}


class RayEngine:
    """Computes shards on a Ray cluster, see ``catalogue.Engine``.

    Args:
        workers: The number of actors; None takes one for each processor.
        address: ``HOST:PORT`` of the cluster; None starts one on this machine.
        open_model: Opens the model with a number of threads; None opens the predictor's own again,
            from the same path on every machine.
    """

    def __init__(
        self,
        workers: int | None = None,
        address: str | None = None,
        open_model: Callable[[int], Predictor] | None = None,
    ) -> None:
        self._workers = workers
        self._address = address
        self._open_model = open_model

    def __call__(
        self,
        work: ShardWork,
        predictor: Predictor,
        shards: Sequence[Shard],
        on_rows: Callable[[int], None],
    ) -> None:
        """Compute shards and write their parts.

        Raises:
            ConfigError: The cluster cannot be reached, or is too small.
            MissingExtraError: Ray is not installed.
            DataError: A worker cannot compute a shard; the message says why.
        """
        is_connected = is_installed("ray") and import_module("ray").is_initialized()
        with nullcontext() if is_connected else ray_cluster(self._address):
            self._compute(work, predictor, shards, on_rows)

    def _compute(
        self,
        work: ShardWork,
        predictor: Predictor,
        shards: Sequence[Shard],
        on_rows: Callable[[int], None],
    ) -> None:
        data: Any = import_module("ray.data")  # only partly typed
        logging.getLogger("ray.data").setLevel(logging.ERROR)  # do not log its plan
        data.DataContext.get_current().enable_progress_bars = False
        actors, cpus = _actors_and_cpus(self._workers, len(shards))
        open_model = self._open_model or _Reopen(predictor)
        dataset = data.from_items(
            [{"shard": number} for number in range(len(shards))],
            override_num_blocks=min(len(shards), _MAX_BLOCKS),
        ).map_batches(
            ShardActor,
            fn_constructor_args=(work, shards, open_model, cpus),
            batch_size=1,
            num_cpus=cpus,
            compute=data.ActorPoolStrategy(size=actors, max_tasks_in_flight_per_actor=2),
        )
        for row in dataset.iter_rows():
            if row["fault"]:
                raise DataError(row["fault"])
            on_rows(int(row["rows"]))


class _Reopen:
    """Opens the model of a predictor on another machine.

    Args:
        predictor: A predictor from ``moviegenre.load``.
    """

    def __init__(self, predictor: Predictor) -> None:
        if predictor.source is None:
            raise ConfigError(
                "the model was not opened by moviegenre.load, so no worker can open it"
            )
        self._source = predictor.source
        self._files = _file_hashes(predictor)
        self._takes_threads = predictor.backend.name != "torch"  # PyTorch asks OMP_NUM_THREADS

    def __call__(self, threads: int) -> Predictor:
        """Return the model, which computes with ``threads`` threads.

        Raises:
            CheckpointError: The model does not exist here, or is another one.
        """
        predictor = self._source.open(threads if self._takes_threads else None, bulk=True)
        if _file_hashes(predictor) != self._files:
            raise CheckpointError(
                f"{predictor.files[0]} is not the same model on a worker as where the job "
                "started; copy it, or name a folder that all machines share"
            )
        return predictor


def _file_hashes(predictor: Predictor) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in predictor.files if path.is_file()}


def _actors_and_cpus(workers: int | None, shards: int) -> tuple[int, int]:
    """Return the number of actors, and the number of processors for each.

    Raises:
        ConfigError: The cluster has fewer processors than workers.
    """
    ray: Any = import_module("ray")
    nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    total = sum(nodes)
    if workers is None:
        return min(total, shards), 1
    if workers > total:
        raise ConfigError(
            f"`workers` is {workers}, but the Ray cluster has {total} processors; use {total} "
            "at most"
        )
    # The maximum number of processors with which all actors fit, each on one machine.
    cpus = max(
        count for count in range(1, total + 1) if sum(node // count for node in nodes) >= workers
    )
    return min(workers, shards), cpus
