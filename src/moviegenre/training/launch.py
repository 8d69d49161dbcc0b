"""Start the other processes of a distributed training, and end all processes together.

``torchrun`` starts all processes. Without it, the first process starts those of its machine, and
the same command on each further machine starts the processes there.
"""

import logging
import os
import signal
import subprocess  # starts this program itself # nosec B404
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import distributed
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from moviegenre.core.errors import ConfigError, ProcessError
from moviegenre.nn.devices import computing_device
from moviegenre.nn.processes import together
from moviegenre.training.config import TrainingConfig
from moviegenre.training.processes import (
    NOTICE_SECONDS,
    TIMEOUT,
    Place,
    connect,
    disconnect,
    error_key,
    is_lost_connection,
    lost_message,
    threads_shared,
)

logger = logging.getLogger(__name__)

WORKER = "moviegenre.experiment.worker"
"""The module that a started process runs."""

_ADDRESS, _PORT, NODE = "MASTER_ADDR", "MASTER_PORT", "NODE_RANK"
_SIZES = "sizes"
_END_SECONDS = 60.0


@contextmanager
def all_processes(config: TrainingConfig, job: Any) -> Iterator[None]:  # noqa: ANN401
    """Run a job in the other processes, if there are any, while this first process runs the block.

    Args:
        config: Has the number of processes, unless ``torchrun`` started them.
        job: The value that ``jobs`` yields in the other processes.

    Raises:
        ConfigError: The number of processes does not fit this machine or ``torchrun``.
        ProcessError: Another process was lost.
    """
    place = Place.of_environment()
    _check(config, place)
    if place is None and config.devices * config.num_nodes == 1:
        yield
        return
    other_processes = _TorchrunProcesses(place) if place else _OwnProcesses(config)
    with threads_shared(other_processes.place.devices), other_processes.connected():
        try:
            with together():
                distributed.broadcast_object_list([job])
                yield
        except RuntimeError as error:
            if not is_lost_connection(error):
                raise
            raise ProcessError(other_processes.reason()) from None


def _check(config: TrainingConfig, place: Place | None) -> None:
    devices, nodes = config.devices, config.num_nodes
    if place is not None:
        started = (place.devices, place.size // place.devices)
        if (devices, nodes) not in ((1, 1), started):
            raise ConfigError(
                f"training.devices is {devices} and training.num_nodes {nodes}, but torchrun "
                f"started {started[0]} processes on each of {started[1]} machines; leave both out"
            )
        return
    if computing_device().type == "cuda" and devices > torch.cuda.device_count():
        raise ConfigError(
            f"training.devices is {devices}, but this machine has {torch.cuda.device_count()} "
            "GPU(s); lower it"
        )
    if nodes > 1 and not {_ADDRESS, _PORT} <= set(os.environ):
        raise ConfigError(
            f"training.num_nodes is {nodes}, but {_ADDRESS} and {_PORT} are not set; run the same "
            f"command on each machine with both, and with {NODE}=0, 1, ..., or use torchrun"
        )


class _TorchrunProcesses:
    """The other processes, started by ``torchrun``, which ends all if one is lost.

    Args:
        place: The rank of this process.
    """

    def __init__(self, place: Place) -> None:
        self.place = place

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect to them; the connection stays for later trainings."""
        if not distributed.is_initialized():
            connect(self.place)
        yield

    def reason(self) -> str:
        """Return why one of them was lost."""
        return lost_message("another process was lost")


class _OwnProcesses:
    """The other processes; this process starts those of its machine.

    Args:
        config: Has the number of processes.
    """

    def __init__(self, config: TrainingConfig) -> None:
        devices, nodes = config.devices, config.num_nodes
        self.place = Place(0, 0, devices, devices * nodes)
        address = os.environ[_ADDRESS] if nodes > 1 else "127.0.0.1"
        port = int(os.environ[_PORT]) if nodes > 1 else 0  # 0 takes a free port
        self._store = TCPStore(
            address, port, is_master=True, wait_for_workers=False, timeout=TIMEOUT
        )
        self._store.set(_SIZES, f"{devices} {devices * nodes}")
        self._processes = _start(0, self.place, address, self._store.port)
        self._is_over = threading.Event()

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect to them for one training; they have ended afterwards."""
        threading.Thread(target=self._watch, name="watch processes", daemon=True).start()
        wait = 0.0
        try:
            connect(self.place, self._store)
            yield
            with together():
                distributed.broadcast_object_list([None])
            wait = _END_SECONDS
        finally:
            self._is_over.set()
            for process in self._processes.values():
                try:
                    process.wait(wait)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if distributed.is_initialized():
                disconnect()

    def reason(self) -> str:
        """Return why a process was lost; it may end shortly after its connection is lost."""
        deadline = time.monotonic() + NOTICE_SECONDS
        while (failure := self._failure()) is None and time.monotonic() < deadline:
            time.sleep(0.1)
        return lost_message(failure or "another process was lost")

    def _failure(self) -> str | None:
        for number in range(1, self.place.size):
            process = self._processes.get(number)
            status = process.poll() if process else None
            key = error_key(number)
            error = self._store.get(key).decode() if self._store.check([key]) else ""
            name = f"process {number + 1} of {self.place.size}"
            if error:
                return f"{name} failed ({error})"
            if status is not None and status < 0:
                return f"{name} was killed ({signal.Signals(-status).name})"
        return None

    def _watch(self) -> None:
        """End this process if another process is lost and the training does not notice."""
        while not self._is_over.wait(1.0):
            statuses = [process.poll() for process in self._processes.values()]
            if any(statuses) and not self._is_over.wait(NOTICE_SECONDS):
                logger.error("error: %s", self.reason())
                for process in self._processes.values():
                    process.kill()
                os._exit(2)


def _start(first: int, place: Place, address: str, port: int) -> dict[int, subprocess.Popen[bytes]]:
    """Start the processes of this machine, except the first of all; return them by number."""
    processes = {}
    for local in range(place.devices):
        process_place = Place(first + local, local, place.devices, place.size)
        if process_place.number == 0:
            continue
        variables = {_ADDRESS: address, _PORT: str(port), **process_place.to_environment()}
        processes[process_place.number] = subprocess.Popen(  # this program # nosec B603
            [sys.executable, "-m", WORKER, str(os.getpid())], env={**os.environ, **variables}
        )
    return processes


def run_further_machine() -> None:
    """Start the processes of a further machine and wait until they end.

    Raises:
        ConfigError: The address of the first machine is not set.
        ProcessError: The training failed.
    """
    if not {_ADDRESS, _PORT} <= set(os.environ):
        raise ConfigError(
            f"{NODE} is {os.environ[NODE]}, but {_ADDRESS} and {_PORT} are not set; set both to "
            "those of the first machine"
        )
    address, port = os.environ[_ADDRESS], int(os.environ[_PORT])
    store = TCPStore(address, port, is_master=False, timeout=TIMEOUT)
    devices, size = (int(part) for part in store.get(_SIZES).split())
    first = int(os.environ[NODE]) * devices
    processes = _start(first, Place(first, 0, devices, size), address, port)
    statuses = [process.wait() for process in processes.values()]
    if any(statuses):
        raise ProcessError(lost_message("the training on the first machine failed"))


def release_processes(place: Place) -> None:
    """End the other processes that ``torchrun`` started, after the command of the first process.

    Args:
        place: The rank of this process.
    """
    if not distributed.is_initialized():
        connect(place)
    with together():
        distributed.broadcast_object_list([None])
    disconnect()
