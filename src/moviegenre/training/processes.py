"""Connect the processes of a distributed training, and run the jobs of the first process.

The first process runs the command. Each other process waits for jobs from the first one, runs them
too, and writes no files.
"""

import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, Self

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.plugins.io import CheckpointIO
from torch import distributed
from torch.distributed.rendezvous import rendezvous

from moviegenre.core.cores import num_cores
from moviegenre.nn.devices import computing_device
from moviegenre.nn.processes import num_processes, together

# Long, because the others wait while the first process evaluates; losses are noticed sooner.
TIMEOUT = timedelta(days=30)
NOTICE_SECONDS = 20.0
"""The time in which a training should notice a lost process; on GPUs it may hang instead."""

_THREADS = "OMP_NUM_THREADS"
_NETWORK_ERRORS = (distributed.DistBackendError, distributed.DistNetworkError)
_NETWORK_WORDS = ("gloo", "NCCL", "Connection closed by peer", "Connection reset by peer")


@dataclass(frozen=True)
class Place:
    """The rank of a process in a distributed training.

    Attributes:
        number: Its number; the first process has 0.
        local: Its number on its machine.
        devices: The number of processes on each machine.
        size: The number of all processes.
    """

    number: int
    local: int
    devices: int
    size: int

    @classmethod
    def of_environment(cls) -> Self | None:
        """Return the rank that ``torchrun`` gave this process; None if it did not start several."""
        if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
            return None
        size = int(os.environ["WORLD_SIZE"])
        devices = int(os.environ.get("LOCAL_WORLD_SIZE", size))
        place = cls(int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"]), devices, size)
        return place if size > 1 else None

    def to_environment(self) -> dict[str, str]:
        """Return the variables that ``torchrun`` sets."""
        values = (self.number, self.local, self.devices, self.size)
        names = ("RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "WORLD_SIZE")
        return {name: str(value) for name, value in zip(names, values, strict=True)}


class Store(Protocol):
    """The key-value store of all processes; the first process or ``torchrun`` serves it."""

    def set(self, key: str, value: str, /) -> None:
        """Write a value."""

    def get(self, key: str, /) -> bytes:
        """Return a value; wait until it exists."""

    def check(self, keys: list[str], /) -> bool:
        """Return whether all keys have a value."""


_connected: list[Place] = []  # the rank of this process, while it is connected


def connect(place: Place, store: Store | None = None) -> Store:
    """Connect to the other processes: with gloo for CPU tensors, and NCCL for GPU tensors.

    Args:
        place: The rank of this process.
        store: The store of all processes; None takes the store of ``torchrun``.
    """
    if store is None:
        store = next(rendezvous("env://", timeout=TIMEOUT))[0]
    on_gpu = computing_device().type == "cuda"
    if on_gpu:
        torch.cuda.set_device(place.local)
    untyped_store: Any = store
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if on_gpu else "gloo",
        store=untyped_store,
        rank=place.number,
        world_size=place.size,
        timeout=TIMEOUT,
    )
    _connected.append(place)
    return store


def disconnect() -> None:
    """Close the connection to the other processes."""
    _connected.clear()
    distributed.destroy_process_group()


@contextmanager
def threads_shared(processes: int) -> Iterator[None]:
    """Let this process use its share of the cores, unless ``OMP_NUM_THREADS`` is set.

    Args:
        processes: The number of processes on this machine.
    """
    if _THREADS in os.environ:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, num_cores() // processes))
    try:
        yield
    finally:
        torch.set_num_threads(before)
        os.environ.pop(_THREADS, None)  # Lightning sets it


def trainer_processes(checkpoints: CheckpointIO) -> dict[str, Any]:
    """Return the arguments of Lightning's Trainer for devices and processes.

    Args:
        checkpoints: Writes the checkpoints.
    """
    accelerator = "gpu" if computing_device().type == "cuda" else "cpu"
    if num_processes() == 1:
        return {"accelerator": accelerator, "devices": 1, "plugins": [checkpoints]}
    (place,) = _connected
    return {
        "accelerator": accelerator,
        "devices": place.devices,
        "num_nodes": place.size // place.devices,
        "strategy": "ddp",
        "plugins": [checkpoints, _Connected(place)],
    }


class _Connected(LightningEnvironment):
    """An environment for Lightning in which all processes run and are connected.

    Args:
        place: The rank of this process.
    """

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    @property
    def creates_processes_externally(self) -> bool:
        """Return True."""
        return True

    def local_rank(self) -> int:
        """Return the number of this process on its machine."""
        return self._place.local

    def node_rank(self) -> int:
        """Return the number of this machine."""
        return self._place.number // self._place.devices

    def teardown(self) -> None:
        """Leave the environment as it is."""


def jobs(place: Place) -> Iterator[Any]:
    """Yield the jobs of the first process in another process, until the first one ends.

    The caller runs each job. An error ends this process; the first process reports it.

    Args:
        place: The rank of this process.
    """
    warnings.simplefilter("ignore")  # only the first process prints, and handles Ctrl-C
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    store = connect(place)
    try:
        with threads_shared(place.devices), together():
            while True:
                received: list[Any] = [None]
                distributed.broadcast_object_list(received)
                if received[0] is None:
                    break
                yield received[0]
    except Exception as error:
        _report(error, store, place)
        os._exit(1)  # at once: threads of a lost connection may hang
    disconnect()


def _report(error: Exception, store: Store, place: Place) -> None:
    """Report an error to the first process; if that is lost, the second one prints a message."""
    reason = " ".join(str(error).split()) or type(error).__name__
    try:
        store.set(error_key(place.number), "" if is_lost_connection(error) else reason)
    except RuntimeError:
        if place.number == 1:
            line = lost_message("the first process of this training was lost")
            sys.stderr.write(f"error: {line}\n")


def error_key(number: int) -> str:
    """Return the key of a process's error message in the store."""
    return f"error/{number}"


def lost_message(reason: str) -> str:
    """Return the message for a training that ended because a process was lost."""
    return (
        f"{reason}, so all were ended; finished intervals are kept: run the same command again "
        "(moviegenre train goes on with --resume)"
    )


def is_lost_connection(error: BaseException) -> bool:
    """Return whether an error is due to a lost process."""
    if isinstance(error, _NETWORK_ERRORS):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in _NETWORK_WORDS)


def exit_with_parent(parent: int) -> None:
    """End this process after its parent ended, because it might wait forever for the training.

    Args:
        parent: The process id of the parent.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        time.sleep(NOTICE_SECONDS)  # the training may notice first, and report it
        os._exit(1)

    threading.Thread(target=watch, name="watch parent", daemon=True).start()
