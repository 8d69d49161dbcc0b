"""What computes logits: PyTorch, or an ONNX file through onnxruntime."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import torch

from moviegenre.core.errors import CheckpointError
from moviegenre.core.types import Batch
from moviegenre.models.base import GenreModel

BackendName = Literal["auto", "torch", "onnx", "int8", "int4"]

GATE = "modality"
"""The attention of a model that weighs plot and poster, plot first."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """What a backend computes of a batch.

    Attributes:
        logits: One score per label (B, L).
        gate: Weights of plot and poster (B, 2), where the model has a gate.
    """

    logits: Floats
    gate: Floats | None = None


class Backend(Protocol):
    """Something that computes a model."""

    @property
    def name(self) -> str:
        """What it is called in ``--backend``."""

    @property
    def network(self) -> GenreModel | None:
        """The model, where gradients can be had of it."""

    def answer(self, batch: Batch) -> Answer:
        """Return logits (B, L), and the gate's weights (B, 2) if the model has one."""


class TorchBackend:
    """The model itself.

    Args:
        model: It is brought into evaluation mode.
    """

    name = "torch"

    def __init__(self, model: GenreModel) -> None:
        self.network = model.eval()

    def answer(self, batch: Batch) -> Answer:
        """Return logits (B, L), and the gate's weights (B, 2) if the model has one."""
        with torch.inference_mode():
            output = self.network(batch)
        gate = output.attention.get(GATE)
        return Answer(output.logits.float().numpy(), None if gate is None else gate.numpy())


class OnnxBackend:
    """An exported ONNX file.

    Args:
        path: The file.
        name: ``onnx``, ``int8`` or ``int4``.

    Raises:
        CheckpointError: The file is not there or damaged.
    """

    network = None

    def __init__(self, path: Path, name: str = "onnx") -> None:
        self.name = name
        if not path.is_file():
            raise CheckpointError(
                f"{path} does not exist; export the model with ONNX, or use --backend torch"
            )
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors; what it warns of is its own optimiser's business
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its errors have no common base but Exception
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(f"{path} cannot be read: {reason}; export it again") from None
        self._inputs = [node.name for node in self._session.get_inputs()]
        self._outputs = [node.name for node in self._session.get_outputs()]

    def answer(self, batch: Batch) -> Answer:
        """Return logits (B, L), and the gate's weights (B, 2) if the model has one."""
        feeds = {
            "input_ids": batch.input_ids,
            "attention_mask": batch.attention_mask.long(),
            "image": batch.image.contiguous(),
            "has_poster": batch.has_poster,
        }
        given = {name: feeds[name].numpy() for name in self._inputs}
        found = dict(zip(self._outputs, self._session.run(None, given), strict=True))
        return Answer(found["logits"], found.get(GATE))
