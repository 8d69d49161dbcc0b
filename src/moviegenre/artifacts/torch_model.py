"""A trained model that PyTorch computes, and that can be trained on, exported and combined."""

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
        info: Architectures and modalities in it are taken from the network.
        network: In evaluation mode, if it is to answer.
        file: The file of its weights, or where they are to be written.
        members: The models that an ensemble is made of.
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
        facts = {"architectures": network.architectures(), "modalities": network.modalities}
        self.info = info.model_copy(update=facts)
        self.network = network
        self.file = file
        self._members = tuple(members)

    @property
    def members(self) -> tuple["TorchModel", ...]:
        """The models that an ensemble is made of; none for all others."""
        return self._members

    @property
    def combiner(self) -> Combiner | None:
        """How the answers of ``members`` are combined; None for all but ensembles."""
        return self.network.combiner

    def movies(self, data: PreparedData, split: Split, config: DataConfig) -> MovieTensors:
        """Return a split in the form that the model reads, frozen encoders' outputs included."""
        return load_scored_movies(data, split, config, self.network, self.info.tokenizer)

    def on_device(self) -> AbstractContextManager[object]:
        """Return a context in which the network is on the GPU, if there is one."""
        return on_computing_device(self.network)

    def stay_on_device(self) -> None:
        """Move the network to the GPU, if there is one, for all films to come."""
        self.network.to(computing_device())

    def answer(self, batch: BatchArrays) -> Answer:
        """Return logits (B, L), and the gate's weights (B, 2) if the model has one.

        Raises:
            CheckpointError: The model's tokenizer is another model's.
        """
        try:
            with torch.inference_mode():
                output = self.network(to_batch(batch).to(device_of(self.network)))
        except IndexError as error:  # a token that the model has no embedding for
            raise CheckpointError(
                f"the model cannot read its own tokens ({error}); its tokenizer is another "
                "model's: train, export or fetch it again"
            ) from None
        gate = output.attention.get(GATE)
        logits = output.logits.float().cpu().numpy()
        return Answer(logits, None if gate is None else gate.cpu().numpy())
