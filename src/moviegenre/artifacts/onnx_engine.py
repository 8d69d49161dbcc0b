"""The interface of a library that computes ONNX files."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Shape = list[int | str | None]
"""The shape of a value in an ONNX file; a size that varies has a name or is None."""


class Engine(Protocol):
    """A loaded ONNX file; several threads may compute with it at the same time.

    Attributes:
        inputs: The names of the file's inputs.
        outputs: The shapes of the file's outputs by their names.
    """

    inputs: list[str]
    outputs: dict[str, Shape]

    def run(
        self, names: Sequence[str], inputs: Mapping[str, npt.NDArray[Any]]
    ) -> list[npt.NDArray[np.float32]]:
        """Return outputs by their names, computed from all inputs."""
