"""Join the processes of a distributed training, and train along in all but the first.

The first process runs the command. Each other one waits for what the first one sends, trains along,
and writes nothing.
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

# The others wait while the first process evaluates; a lost process is noticed sooner.
TIMEOUT = timedelta(days=30)
NOTICE_SECONDS = 20.0
"""How long a training has to notice a lost process itself; on GPUs it may hang instead."""

_THREADS = "OMP_NUM_THREADS"
_NETWORK_ERRORS = (distributed.DistBackendError, distributed.DistNetworkError)
_NETWORK_WORDS = ("gloo", "NCCL", "Connection closed by peer", "Connection reset by peer")


@dataclass(frozen=True)
class Place:
    """The place of a process among all.

    Attributes:
        number: Its number; the first has 0.
        local: Its number on its machine.
        devices: Processes on each machine.
        size: Processes in all.
    """

    number: int
    local: int
    devices: int
    size: int

    @classmethod
    def of_environment(cls) -> Self | None:
        """Return the place that ``torchrun`` gave this process; None if it started none."""
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
    """Where processes meet; the first one, or ``torchrun``, keeps it."""

    def set(self, key: str, value: str, /) -> None:
        """Write a value."""

    def get(self, key: str, /) -> bytes:
        """Return a value; wait until there is one."""

    def check(self, keys: list[str], /) -> bool:
        """Return whether all keys have a value."""


_joined: list[Place] = []  # the place of this process, while it is connected


def connect(place: Place, store: Store | None = None) -> Store:
    """Join the other processes: gloo carries what is on CPUs, NCCL what is on GPUs.

    Args:
        place: Of this process.
        store: Where processes meet; None takes the one that ``torchrun`` named.
    """
    if store is None:
        store = next(rendezvous("env://", timeout=TIMEOUT))[0]
    on_gpu = computing_device().type == "cuda"
    if on_gpu:
        torch.cuda.set_device(place.local)
    meeting: Any = store
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if on_gpu else "gloo",
        store=meeting,
        rank=place.number,
        world_size=place.size,
        timeout=TIMEOUT,
    )
    _joined.append(place)
    return store


def disconnect() -> None:
    """Leave the other processes."""
    _joined.clear()
    distributed.destroy_process_group()


@contextmanager
def threads_shared(processes: int) -> Iterator[None]:
    """Give this process its share of the cores, unless ``OMP_NUM_THREADS`` says how many.

    Args:
        processes: How many there are on this machine.
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
        os.environ.pop(_THREADS, None)  # which Lightning sets


def trainer_processes(checkpoints: CheckpointIO) -> dict[str, Any]:
    """Return the arguments of Lightning's Trainer that say where it computes.

    Args:
        checkpoints: Writes its checkpoints.
    """
    accelerator = "gpu" if computing_device().type == "cuda" else "cpu"
    if num_processes() == 1:
        return {"accelerator": accelerator, "devices": 1, "plugins": [checkpoints]}
    (place,) = _joined
    return {
        "accelerator": accelerator,
        "devices": place.devices,
        "num_nodes": place.size // place.devices,
        "strategy": "ddp",
        "plugins": [checkpoints, _Connected(place)],
    }


class _Connected(LightningEnvironment):
    """Tells Lightning that all processes run and are connected.

    Args:
        place: Of this process.
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
    """Yield, in another process than the first, what the first one sends until it ends.

    The caller trains along with each. An error ends this process; the first one reports it.

    Args:
        place: Of this process.
    """
    warnings.simplefilter("ignore")  # what is said, and Ctrl-C, are left to the first process
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
    """Return the key under which a process says why it ends."""
    return f"error/{number}"


def lost_message(reason: str) -> str:
    """Return the line for a training that the loss of a process ended."""
    return (
        f"{reason}, so all were ended; finished intervals are kept: run the same command again "
        "(moviegenre train goes on with --resume)"
    )


def is_lost_connection(error: BaseException) -> bool:
    """Return whether an error came from a process that was lost."""
    if isinstance(error, _NETWORK_ERRORS):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in _NETWORK_WORDS)


def exit_with_parent(parent: int) -> None:
    """End this process after its parent ended, as it may wait in vain for the training.

    Args:
        parent: The number of the process that started this one.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        time.sleep(NOTICE_SECONDS)  # the training may notice first, and say so
        os._exit(1)

    threading.Thread(target=watch, name="watch parent", daemon=True).start()
