"""``TrainedModel``: a model that answers, whichever library computes it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.info import ModelInfo
from moviegenre.core.errors import CheckpointError
from moviegenre.core.types import Split
from moviegenre.data.batches import BatchArrays, MovieTensors
from moviegenre.data.config import DataConfig
from moviegenre.data.ragged import Ragged
from moviegenre.models.combiner import Combiner

if TYPE_CHECKING:
    from moviegenre.data.prepared import PreparedData
    from moviegenre.models.base import GenreModel

Backend = Literal["torch", "onnx", "int8", "int4"]
"""The library that computes a model: PyTorch, or ONNX Runtime with 32-, 8- or 4-bit weights."""

EXACT_FIRST: tuple[Backend, ...] = ("torch", "onnx", "int8", "int4")
FAST_FIRST: tuple[Backend, ...] = ("onnx", "torch", "int8", "int4")
"""The order in which ``backend`` auto takes the first that exists."""

GATE = "modality"
"""The attention of a model that weighs plot and poster, plot first."""

EMBEDDING = "embedding"
"""The input of a model's head for a film, D numbers."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """The output of a model for a batch.

    Attributes:
        logits: One score per label (B, L).
        gate: Weights of plot and poster (B, 2), where the model has a gate.
    """

    logits: Floats
    gate: Floats | None = None


class TrainedModel(ABC):
    """A trained model, ready to compute; made by ``artifacts.open.open_model``.

    Attributes:
        info: Its description, without its weights.
        file: The file whose hash identifies its weights.
        name: The library that computes it, see ``Backend``.
        network: The PyTorch model, if it has gradients.
        only_answers: Whether it can answer and nothing else. Its folder is then one that was
            exported to be passed on: nothing is put into it but scores and thresholds.
    """

    info: ModelInfo
    file: Path
    name: Backend
    network: "GenreModel | None" = None
    only_answers: ClassVar[bool] = False

    @property
    def members(self) -> Sequence["TrainedModel"]:
        """The models that an ensemble is made of; none for all others."""
        return ()

    @property
    def combiner(self) -> Combiner | None:
        """How the answers of ``members`` are combined; None for all but ensembles."""
        return None

    def movies(self, data: "PreparedData", split: Split, config: DataConfig) -> MovieTensors:
        """Return a split in the form that the model reads.

        Args:
            data: The prepared data.
            split: Which part.
            config: The model's own settings, or others that it can read.

        Raises:
            ConfigError: The model does not support the settings.
        """
        # These read Parquet, which answering does not.
        from moviegenre.data.caches import cached_movies
        from moviegenre.data.extra import read_each_plot

        tokenizer = self.info.tokenizer
        movies = cached_movies(data, split, config, tokenizer, self.info.modalities)
        if config.plot != "each" or tokenizer is None:
            return movies
        texts = read_each_plot(data, split, config)
        assert texts.movies is not None, "each text is of a movie"
        return movies.in_forms(
            Ragged.pack(tokenizer.encode(texts.plots, config.max_tokens)),
            texts.labels,
            texts.movies,
        )

    def on_device(self) -> AbstractContextManager[object]:
        """Return a context in which many batches are computed, on the GPU if there is one."""
        return nullcontext()

    def stay_on_device(self) -> None:  # noqa: B027 - ONNX Runtime computes on CPUs alone
        """Compute all films to come on the GPU, if there is one and PyTorch computes."""

    @abstractmethod
    def answer(self, batch: BatchArrays) -> Answer:
        """Return logits (B, L), and the gate's weights (B, 2) if the model has one.

        Raises:
            CheckpointError: The model cannot compute these films.
        """

    def logits(self, batch: BatchArrays) -> Floats:
        """Return logits (B, L) of B films.

        Raises:
            CheckpointError: The model cannot compute these films.
        """
        return self.answer(batch).logits

    def embed(self, batch: BatchArrays) -> tuple[Floats, Floats]:
        """Return logits (B, L) and embeddings (B, D), each film computed alone.

        Raises:
            CheckpointError: The model gives no embeddings, or cannot compute these films.
        """
        films = [self.embed_together(batch.film(row)) for row in range(batch.size)]
        logits, embeddings = zip(*films, strict=True)
        return np.concatenate(logits), np.concatenate(embeddings)

    def embed_together(self, batch: BatchArrays) -> tuple[Floats, Floats]:
        """Return logits (B, L) and embeddings (B, D), all films computed at once.

        That is quicker, and of weights in eight or four bits their last digits are others.

        Raises:
            CheckpointError: The model gives no embeddings, or cannot compute these films.
        """
        raise CheckpointError(
            f"{self.name} computes the model; embeddings come from an exported folder's ONNX "
            "file: export the model, or use the included one"
        )
