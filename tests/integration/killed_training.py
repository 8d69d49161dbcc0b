"""Start a tiny training and kill it in the middle; run by ``test_training.py`` in a process."""

import os
import signal
import sys
from pathlib import Path

from torch import Tensor

from moviegenre.experiment.train import train
from moviegenre.models.batch import Batch
from moviegenre.training.task import GenreTask
from tests.tiny_training import tiny_experiment


def main(data: str, bert_folder: str, out: str, step: str) -> None:
    """Train ``attention_fusion`` until a step begins, then kill this process with SIGKILL."""
    original = GenreTask.training_step

    def training_step(task: GenreTask, batch: Batch, batch_idx: int) -> Tensor:
        if task.global_step == int(step):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(task, batch, batch_idx)

    setattr(GenreTask, "training_step", training_step)  # noqa: B010 - mypy forbids the other way
    experiment = tiny_experiment("attention_fusion", Path(data), Path(bert_folder))
    train(experiment, Path(out), progress=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
