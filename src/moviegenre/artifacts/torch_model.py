"""A trained model in PyTorch, which can also be trained further, exported and combined."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import torch

from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.trained import GATE, Answer, Backend, TrainedModel
from moviegenre.core.errors import CheckpointError
from moviegenre.core.types import Split
from moviegenre.data.batches import BatchArrays, MovieTensors
from moviegenre.data.config import DataConfig
from moviegenre.data.prepared import PreparedData
from moviegenre.models.base import GenreModel
from moviegenre.models.batch import to_batch
from moviegenre.models.combiner import Combiner
from moviegenre.models.inputs import load_scored_movies
from moviegenre.nn.devices import computing_device, device_of, on_computing_device


class TorchModel(TrainedModel):
    """A network and its description.

    Args:
        info: The description; its architectures and modalities are replaced by the network's.
        network: The network; in evaluation mode if it is used for predictions.
        file: The file of its weights, or the path where they will be written.
        members: The members of an ensemble.
    """

    name: Backend = "torch"
    network: GenreModel

    def __init__(
        self,
        info: ModelInfo,
        network: GenreModel,
        file: Path = Path(),
        members: Sequence["TorchModel"] = (),
    ) -> None:
        updates = {"architectures": network.architectures(), "modalities": network.modalities}
        self.info = info.model_copy(update=updates)
        self.network = network
        self.file = file
        self._members = tuple(members)

    @property
    def members(self) -> tuple["TorchModel", ...]:
        """The members of an ensemble; empty for other models."""
        return self._members

    @property
    def combiner(self) -> Combiner | None:
        """The weights that combine the members of an ensemble; None for other models."""
        return self.network.combiner

    def movies(self, data: PreparedData, split: Split, config: DataConfig) -> MovieTensors:
        """Return a split in the model's input form, with the outputs of frozen encoders."""
        return load_scored_movies(data, split, config, self.network, self.info.tokenizer)

    def on_device(self) -> AbstractContextManager[object]:
        """Return a context in which the network is on the GPU, if there is one."""
        return on_computing_device(self.network)

    def stay_on_device(self) -> None:
        """Move the network to the GPU, if there is one, and leave it there."""
        self.network.to(computing_device())

    def answer(self, batch: BatchArrays) -> Answer:
        """Return logits (B, L), and the gate's weights (B, 2) if the model has one.

        Raises:
            CheckpointError: The tokenizer belongs to another model.
        """
        try:
            with torch.inference_mode():
                output = self.network(to_batch(batch).to(device_of(self.network)))
        except IndexError as error:  # a token without an embedding
            raise CheckpointError(
                f"the model cannot read its own tokens ({error}); its tokenizer is another "
                "model's: train, export or fetch it again"
            ) from None
        gate = output.attention.get(GATE)
        logits = output.logits.float().cpu().numpy()
        return Answer(logits, None if gate is None else gate.cpu().numpy())
