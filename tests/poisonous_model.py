"""A model that one plot kills; workers of a cluster import this, and so not PyTorch."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import moviegenre
from moviegenre.inference.predictor import Predictor

POISON = "a fatal film"


@dataclass(frozen=True)
class PoisonousModel:
    """Opens a model that ends its process when it reads a certain plot.

    Attributes:
        model: The model's folder.
        deaths: The folder in which each death leaves a file.
    """

    model: Path
    deaths: Path

    def __call__(self, threads: int) -> Predictor:
        """Return the model."""
        predictor = moviegenre.load(self.model, threads=threads)
        read = predictor.reader.read

        def read_or_die(plot: Any, *rest: Any) -> Any:
            if plot == POISON:
                (self.deaths / str(time.monotonic_ns())).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return read(plot, *rest)

        setattr(predictor.reader, "read", read_or_die)  # noqa: B010 - mypy forbids the other way
        return predictor
