"""What a command does that runs in several processes: one runs it, the others train along."""

import os

from moviegenre.core.extras import require_training

_COMMANDS = ("train", "reproduce", "ablate")
"""The commands that train; any other runs in each process by itself."""


def trained_along(command: str | None) -> bool:
    """Train along with the first process of a command, if this is another one.

    Args:
        command: Its name.

    Returns:
        Whether this is another process; the command is then over.
    """
    number, node = (int(os.environ.get(name, "0")) for name in ("RANK", "NODE_RANK"))
    if command not in _COMMANDS or not (number or node):
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


def dismiss_others(command: str | None) -> None:
    """Let the processes that ``torchrun`` started end, after the command of the first one.

    Args:
        command: Its name.
    """
    if command not in _COMMANDS or "RANK" not in os.environ:
        return
    from moviegenre.training.launch import release_processes
    from moviegenre.training.processes import Place

    if (place := Place.of_environment()) is not None:
        release_processes(place)
