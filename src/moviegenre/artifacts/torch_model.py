"""The PyTorch backend, for checkpoints, ensembles and exact weights."""

from pathlib import Path

import torch

from moviegenre.artifacts.folder import Description
from moviegenre.artifacts.onnx_model import GATE, Answer
from moviegenre.artifacts.open import load_trained
from moviegenre.artifacts.torch_folder import describe
from moviegenre.core.errors import CheckpointError
from moviegenre.data.batches import BatchArrays
from moviegenre.models.base import GenreModel
from moviegenre.models.batch import to_batch


class TorchBackend:
    """The model itself.

    Args:
        model: It is brought into evaluation mode.
    """

    name = "torch"

    def __init__(self, model: GenreModel) -> None:
        self.network = model.eval()

    def answer(self, batch: BatchArrays) -> Answer:
        """Return logits (B, L), and the gate's weights (B, 2) if the model has one."""
        try:
            with torch.inference_mode():
                output = self.network(to_batch(batch))
        except IndexError as error:  # a token that the model has no embedding for
            raise CheckpointError(
                f"the model cannot read its own tokens ({error}); its tokenizer is another "
                "model's: train, export or fetch it again"
            ) from None
        gate = output.attention.get(GATE)
        return Answer(output.logits.float().numpy(), None if gate is None else gate.numpy())


def open_trained(path: Path) -> tuple[Description, TorchBackend]:
    """Return the description of a trained model and its backend.

    Args:
        path: What ``locate`` returned.

    Raises:
        CheckpointError: There is no model, or it is damaged.
    """
    checkpoint = load_trained(path)
    return describe(checkpoint), TorchBackend(checkpoint.model)
