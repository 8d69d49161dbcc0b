"""A command in several processes: the first one runs it, the others only train."""

import os

from moviegenre.core.extras import require_training

_COMMANDS = ("train", "reproduce", "ablate")
"""The commands that train; each process runs other commands by itself."""


def run_as_worker(command: str | None) -> bool:
    """Train as a worker, unless this is a command's first process; return whether it is."""
    rank, node_rank = (int(os.environ.get(name, "0")) for name in ("RANK", "NODE_RANK"))
    if command not in _COMMANDS or not (rank or node_rank):
        return False
    require_training("training a model")
    from moviegenre.experiment.worker import train_along
    from moviegenre.training.launch import run_further_machine
    from moviegenre.training.processes import Place

    if (place := Place.of_environment()) is None:
        run_further_machine()
    elif place.number == 0:
        return False
    else:
        train_along(place)
    return True


def release_other_processes(command: str | None) -> None:
    """End the other processes that ``torchrun`` started, after a command of the first one."""
    if command not in _COMMANDS or "RANK" not in os.environ:
        return
    from moviegenre.training.launch import release_processes
    from moviegenre.training.processes import Place

    if (place := Place.of_environment()) is not None:
        release_processes(place)
