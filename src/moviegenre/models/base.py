"""The base classes of models, encoders and their configs: ``Batch`` in, logits out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from moviegenre.core.config import Config
from moviegenre.core.types import Architectures, Family, Modality
from moviegenre.data.batches import MovieTensors
from moviegenre.data.config import DataConfig
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.models.combiner import Combiner


@dataclass(frozen=True)
class BuildContext:
    """The inputs for building a model, besides its own config.

    Attributes:
        num_labels: L, the size of the genre vocabulary.
        tokenizer: The tokenizer of plot models; None for poster models.
        label_frequencies: Share of positives of each label in the training split (L,); None if
            weights are loaded afterwards.
        architectures: Architecture of each pretrained encoder by its attribute name, as stored in
            a checkpoint. With these, no pretrained weights are loaded and weights are random.
    """

    num_labels: int
    tokenizer: PlotTokenizer | None = None
    label_frequencies: Sequence[float] | None = None
    architectures: Architectures = field(default_factory=dict)

    @property
    def plot_tokenizer(self) -> PlotTokenizer:
        """The tokenizer of a model that reads plots."""
        assert self.tokenizer is not None, "the model's own config loads a tokenizer"
        return self.tokenizer


class GenreModel(nn.Module, ABC):
    """A model: takes a ``Batch``, returns logits, and declares its modalities.

    Parameters of modules named ``..._encoder`` have the learning rate ``encoder_lr``, all others
    ``head_lr``.

    Attributes:
        modalities: The modalities that the model reads.
        fitted: Whether ``fit`` fits it without gradient steps. Such a model is a baseline, and
            cannot be exported.
        combiner: The weights that combine an ensemble's members; None for other models.
    """

    modalities: ClassVar[frozenset[Modality]]
    fitted: ClassVar[bool] = False
    combiner: Combiner | None = None

    @abstractmethod
    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L) for B movies."""

    def fit(self, movies: MovieTensors) -> None:
        """Fit the model to labelled movies without gradient steps, if it is ``fitted``.

        Raises:
            DataError: The model cannot be fitted to the movies.
            MissingExtraError: The solver is not installed.
        """
        raise NotImplementedError(f"{type(self).__name__} is trained by gradient steps")

    def num_parameters(self) -> tuple[int, int]:
        """Return the number of parameters, and the number of trained parameters."""
        parameters = list(self.parameters())
        num_trained = sum(tensor.numel() for tensor in parameters if tensor.requires_grad)
        return sum(tensor.numel() for tensor in parameters), num_trained

    def frozen_head_weights(self) -> set[str]:
        """Return the names of frozen weights, which must come from a trained model."""
        return set()

    def encoders(self) -> Iterator[tuple[str, "Encoder"]]:
        """Yield the attribute name and module of every encoder."""
        for name, module in self.named_children():
            if isinstance(module, Encoder):
                yield name, module

    def check(self, config: DataConfig) -> None:
        """Raise an error for data settings that the model does not support.

        Raises:
            ConfigError: There is one; the message says which.
        """
        for _, encoder in self.encoders():
            encoder.check(config)

    def prepare(self, movies: MovieTensors) -> None:
        """Read the training movies before the first step, if the model's size depends on them.

        Raises:
            DataError: The movies do not have the data that the model needs.
        """

    def inner_layer(self, modality: Modality) -> nn.Module | None:
        """Return the layer whose gradients attribute a prediction to parts of a modality.

        For plots, it is the layer whose output is the token vectors (B, T, D); for posters, the
        layer whose output is a map of features (B, D, rows, columns). None if there is none:
        explanations then leave parts out instead.
        """
        layers = (
            encoder.inner_layer() for _, encoder in self.encoders() if encoder.modality is modality
        )
        return next(layers, None)

    def embedding_head(self) -> nn.Module | None:
        """Return the head whose input (B, D) is the film's embedding; None if there is none.

        Exported files have this input as an additional output.
        """
        head = getattr(self, "head", None)
        return head if isinstance(head, nn.Module) else None

    def encoded(self, batch: Batch, modality: Modality) -> Batch:
        """Return the batch with an encoder's vectors, with gradients even if it is frozen.

        Args:
            batch: Movies.
            modality: The encoder's modality; without such an encoder the batch is returned.
        """
        for _, encoder in self.encoders():
            if encoder.modality is modality:
                return encoder.with_states(batch, encoder.encode(batch))
        return batch

    def architectures(self) -> Architectures:
        """Return the architecture of every pretrained encoder, for the checkpoint."""
        return {name: encoder.architecture() for name, encoder in self.encoders()}


class FittedModel(GenreModel):
    """A model that is fitted to the training movies without gradient steps.

    The fitted values are buffers: a checkpoint has them, and an optimiser does not change them.
    Before ``fit``, the logits are the label prior of ``build``.
    """

    fitted: ClassVar[bool] = True

    @abstractmethod
    def fit(self, movies: MovieTensors) -> None:
        """Fit the model to labelled movies; an earlier fit is replaced."""

    def num_parameters(self) -> tuple[int, int]:
        """Return the number of fitted numbers, twice."""
        num_fitted = sum(tensor.numel() for tensor in self.buffers() if tensor.is_floating_point())
        return num_fitted, num_fitted


def label_frequencies(labels: npt.NDArray[np.float32]) -> list[float]:
    """Return the share of positives of each label (L,), limited to be above 0 and below 1.

    Args:
        labels: Labels (N, L), multi-hot; NaN (unknown) is not counted.
    """
    smallest = 1 / (len(labels) + 2)
    return [float(p) for p in np.nanmean(labels, axis=0).clip(smallest, 1 - smallest)]


class Encoder(nn.Module, ABC):
    """A pretrained network that turns one modality into a sequence of vectors.

    Args:
        frozen: Never train it, and keep it in evaluation mode; its outputs may be cached.
    """

    modality: ClassVar[Modality]

    def __init__(self, frozen: bool) -> None:
        super().__init__()
        self.frozen = frozen

    @property
    @abstractmethod
    def dim(self) -> int:
        """D, the size of the vectors."""

    @abstractmethod
    def encode(self, batch: Batch) -> Tensor:
        """Return vectors (B, S or R, D)."""

    @abstractmethod
    def architecture(self) -> dict[str, Any]:
        """Return the settings to build the network without its weights."""

    def inner_layer(self) -> nn.Module | None:
        """Return the layer for ``GenreModel.inner_layer``; None if there is none."""
        return None

    def check(self, config: DataConfig) -> None:
        """Raise an error for data settings that the network does not support.

        Raises:
            ConfigError: There is one; the message says which.
        """

    def num_states(self, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the number of vectors (N,) for inputs of these lengths; one for each token."""
        return lengths

    @abstractmethod
    def cache_key(self, config: DataConfig) -> str:
        """Return the settings that change the vectors, besides weights and movies."""

    def cached(self, batch: Batch) -> Tensor | None:
        """Return the cached vectors of the batch, if any."""
        return batch.plot_states if self.modality is Modality.PLOT else batch.poster_states

    def with_states(self, batch: Batch, states: Tensor) -> Batch:
        """Return the batch with these vectors (B, T or R, D)."""
        if self.modality is Modality.PLOT:
            return replace(batch, plot_states=states)
        return replace(batch, poster_states=states)

    def forward(self, batch: Batch) -> Tensor:
        """Return vectors (B, S or R, D), from the batch if it has them."""
        states = self.cached(batch)
        if states is not None:
            return states
        if self.frozen:
            with torch.no_grad():
                return self.encode(batch)
        return self.encode(batch)

    def apply_freezing(self) -> None:
        """Stop gradients into a frozen encoder; call this after the encoder is built."""
        if self.frozen:
            self.requires_grad_(False)
            self.train(False)

    def train(self, mode: bool = True) -> "Encoder":
        """Switch to training mode, unless frozen."""
        super().train(mode and not self.frozen)
        return self


MAX_WIDTH = 8192
"""The largest width of a hidden layer: ten times that of any useful head so far."""


class ModelConfig(Config, ABC):
    """The settings of one model, with its title and ``build``.

    Attributes:
        model_name: The name on the command line and in tables.
        title: The name in text.
        modalities: The modalities that the model reads.
        family: The kind of model.
        fitted: Whether it builds a ``FittedModel``; loss and ``training`` settings then have no
            effect.
        starts_from_others: Whether ``started_from`` can set trained models to start from.
        baseline: The model to compare with if this one starts from pretrained weights and that
            one does not; see ``is_pretrained``.
        default_loss: The name of the default loss.
    """

    model_name: ClassVar[str]
    title: ClassVar[str]
    modalities: ClassVar[frozenset[Modality]]
    family: ClassVar[Family]
    fitted: ClassVar[bool] = False
    starts_from_others: ClassVar[bool] = False
    baseline: ClassVar[str | None] = None
    default_loss: ClassVar[str] = "weighted_bce"

    @abstractmethod
    def build(self, context: BuildContext) -> GenreModel:
        """Return the model, with pretrained parts loaded.

        Raises:
            PretrainedError: A pretrained part cannot be loaded.
        """

    def load_tokenizer(self, plots: Callable[[], Sequence[str]]) -> PlotTokenizer | None:
        """Return the tokenizer for plots; None if the model reads no plots.

        Args:
            plots: Returns the training plots, for a vocabulary built from them.

        Raises:
            PretrainedError: The tokenizer cannot be loaded.
        """
        return None

    @property
    def is_pretrained(self) -> bool:
        """Whether training starts from weights that were learned on other data than movies."""
        return False

    def initial_models(self) -> tuple[Path, dict[Modality, str]] | None:
        """Return a folder of trained models and, by modality, the model to start from.

        None if it starts without trained models.
        """
        return None

    def started_from(self, folder: Path) -> Self:
        """Return these settings with a folder of trained models to start from.

        The settings stay as they are if the model uses no such folder, or if ``init_from`` is set.
        """
        return self

    def revisions(self) -> dict[str, str]:
        """Return the revision of each part from the Hub, by its name on the Hub."""
        return {}
