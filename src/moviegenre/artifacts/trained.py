"""``TrainedModel``: the interface of a trained model, with any backend."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

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

T = TypeVar("T")

Backend = Literal["torch", "onnx", "openvino", "int8", "int4"]
"""The library that computes a model: PyTorch, ONNX Runtime or OpenVINO with 32-bit weights, or
ONNX Runtime with 8- or 4-bit weights."""

EXACT_FIRST: tuple[Backend, ...] = ("torch", "onnx", "int8", "int4")
FAST_FIRST: tuple[Backend, ...] = ("onnx", "openvino", "torch", "int8", "int4")
"""The order of backends for ``backend`` auto; the first one whose file exists is used. Of ``onnx``
and ``openvino``, which have the same file, the faster one is used."""

GATE = "modality"
"""The name of the attention weights of plot and poster, in this order."""

EMBEDDING = "embedding"
"""The name of a film's embedding (D,), the input of the model's head."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """The output of a model for a batch.

    Attributes:
        logits: One score per label (B, L).
        gate: Weights of plot and poster (B, 2); None if the model has no gate.
    """

    logits: Floats
    gate: Floats | None = None


class TrainedModel(ABC):
    """A trained model, ready to compute; made by ``artifacts.open.open_model``.

    Attributes:
        info: Its description, without its weights.
        file: The file whose hash identifies its weights.
        name: The backend, see ``Backend``.
        network: The PyTorch model; None for other backends.
        only_answers: Whether it can only predict. Its folder was then exported for distribution:
            only scores and thresholds are written into it.
    """

    info: ModelInfo
    file: Path
    name: Backend
    network: "GenreModel | None" = None
    only_answers: ClassVar[bool] = False

    @property
    def members(self) -> Sequence["TrainedModel"]:
        """The members of an ensemble; empty for other models."""
        return ()

    @property
    def combiner(self) -> Combiner | None:
        """The weights that combine the members of an ensemble; None for other models."""
        return None

    def movies(self, data: "PreparedData", split: Split, config: DataConfig) -> MovieTensors:
        """Return a split in the model's input form.

        Args:
            data: The prepared data.
            split: The split.
            config: The data settings: the model's, or others that it supports.

        Raises:
            ConfigError: The model does not support the settings.
        """
        # These modules read Parquet, which predictions do not need.
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
        """Return a context in which batches are computed on the GPU, if there is one."""
        return nullcontext()

    def stay_on_device(self) -> None:  # noqa: B027 - ONNX Runtime computes on CPUs alone
        """Compute all later films on the GPU, if there is one and the backend is PyTorch."""

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
            CheckpointError: The model has no embeddings, or cannot compute these films.
        """
        logits, embeddings = zip(*self.each_film(self.embed_together, batch), strict=True)
        return np.concatenate(logits), np.concatenate(embeddings)

    def each_film(self, compute: Callable[[BatchArrays], T], batch: BatchArrays) -> list[T]:
        """Return the results of a function for batches of one film each."""
        return [compute(batch.film(row)) for row in range(batch.size)]

    def embed_together(self, batch: BatchArrays) -> tuple[Floats, Floats]:
        """Return logits (B, L) and embeddings (B, D), all films computed at once.

        This is faster. With 8- or 4-bit weights, the last digits differ from ``embed``.

        Raises:
            CheckpointError: The model has no embeddings, or cannot compute these films.
        """
        raise CheckpointError(
            f"{self.name} computes the model; embeddings come from an exported folder's ONNX "
            "file: export the model, or use the included one"
        )
