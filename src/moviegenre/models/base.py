"""The base of every model: a config that builds it, and ``Batch`` in, logits out."""

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
        tokenizer: Gives plot models their vocabulary; None for poster models.
        label_frequencies: Share of positives of each label in the training split (L,); None
            where weights are loaded afterwards anyway.
        architectures: Architecture of each pretrained encoder by its attribute name, as a
            checkpoint keeps it. Given these, nothing pretrained is read and weights are random.
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

    Parameters of encoders are those under an attribute ending in ``_encoder``; they train at the
    encoder's rate, all others at the head's.

    Attributes:
        modalities: The modalities that the model reads.
        fitted: Whether it is fitted in one go by ``fit``, not by gradient steps. Such a model is a
            baseline, and is not exported.
        combiner: How an ensemble combines its members; None for all other models.
    """

    modalities: ClassVar[frozenset[Modality]]
    fitted: ClassVar[bool] = False
    combiner: Combiner | None = None

    @abstractmethod
    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L) for B movies."""

    def fit(self, movies: MovieTensors) -> None:
        """Fit the model to labelled movies in one go, if it is ``fitted``.

        Raises:
            DataError: The movies have nothing that the model could be fitted to.
            MissingExtraError: The solver is not installed.
        """
        raise NotImplementedError(f"{type(self).__name__} is trained by gradient steps")

    def num_parameters(self) -> tuple[int, int]:
        """Return how many parameters the model has, and how many of them are trained."""
        sizes = [(one.numel(), one.requires_grad) for one in self.parameters()]
        return sum(n for n, _ in sizes), sum(n for n, trained in sizes if trained)

    def frozen_head_weights(self) -> set[str]:
        """Return the names of frozen weights, which a trained model has to give."""
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
        """Read the training movies once before the first step, if the model's size depends on them.

        Raises:
            DataError: The movies do not have what the model needs.
        """

    def inner_layer(self, modality: Modality) -> nn.Module | None:
        """Return the layer whose gradients attribute a prediction to parts of a modality.

        Of plots, the layer whose output are the vectors of the tokens as such (B, T, D); of
        posters, the one whose output is a map of features (B, D, rows, columns). None where there
        is none, as in a model that is no network: explanations then leave parts out instead.
        """
        layers = (
            encoder.inner_layer() for _, encoder in self.encoders() if encoder.modality is modality
        )
        return next(layers, None)

    def embedding_head(self) -> nn.Module | None:
        """Return the head whose input (B, D) is the film's embedding; None if there is none.

        Exported files give that input as an output of their own.
        """
        head = getattr(self, "head", None)
        return head if isinstance(head, nn.Module) else None

    def encoded(self, batch: Batch, modality: Modality) -> Batch:
        """Return a batch that carries its encoder's vectors, with gradients even if it is frozen.

        Args:
            batch: Movies.
            modality: Whose encoder; a model without one gives the batch as it is.
        """
        for _, encoder in self.encoders():
            if encoder.modality is modality:
                return encoder.with_states(batch, encoder.encode(batch))
        return batch

    def architectures(self) -> Architectures:
        """Return the architecture of every pretrained encoder, for the checkpoint."""
        return {name: encoder.architecture() for name, encoder in self.encoders()}


class FittedModel(GenreModel):
    """A model that is fitted to the training movies in one go, not by gradient steps.

    What was fitted lies in buffers: a checkpoint holds it, and an optimiser has nothing to move.
    Before ``fit`` the model gives the label prior it was built with; an earlier fit is replaced.
    """

    fitted: ClassVar[bool] = True

    @abstractmethod
    def fit(self, movies: MovieTensors) -> None:
        """Fit the model to labelled movies; an earlier fit is replaced."""

    def num_parameters(self) -> tuple[int, int]:
        """Return how many numbers are fitted, twice."""
        num_fitted = sum(one.numel() for one in self.buffers() if one.is_floating_point())
        return num_fitted, num_fitted


def label_frequencies(labels: npt.NDArray[np.float32]) -> list[float]:
    """Return the share of positives of each label (L,), never quite 0 or 1.

    Args:
        labels: Multi-hot truth (N, L); NaN, unknown, counts for neither.
    """
    smallest = 1 / (len(labels) + 2)
    return [float(p) for p in np.nanmean(labels, axis=0).clip(smallest, 1 - smallest)]


class Encoder(nn.Module, ABC):
    """A pretrained network that turns one modality into a sequence of vectors.

    Args:
        frozen: Never trained, always in evaluation mode; its outputs may be cached.
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
        """Return the settings that build the network again, without its weights."""

    def inner_layer(self) -> nn.Module | None:
        """Return the layer for ``GenreModel.inner_layer``; None if there is none."""
        return None

    def check(self, config: DataConfig) -> None:
        """Raise an error for data settings that the network does not support.

        Raises:
            ConfigError: There is one; the message says which.
        """

    def num_states(self, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the number of vectors (N,) for inputs of these lengths; here one a token."""
        return lengths

    @abstractmethod
    def cache_key(self, config: DataConfig) -> str:
        """Return settings that change the vectors, besides weights and movies."""

    def cached(self, batch: Batch) -> Tensor | None:
        """Return the cached vectors of the batch, if any."""
        return batch.plot_states if self.modality is Modality.PLOT else batch.poster_states

    def with_states(self, batch: Batch, states: Tensor) -> Batch:
        """Return the batch with these vectors (B, T or R, D) in it."""
        if self.modality is Modality.PLOT:
            return replace(batch, plot_states=states)
        return replace(batch, poster_states=states)

    def forward(self, batch: Batch) -> Tensor:
        """Return vectors (B, S or R, D), from the batch if it carries them."""
        states = self.cached(batch)
        if states is not None:
            return states
        if self.frozen:
            with torch.no_grad():
                return self.encode(batch)
        return self.encode(batch)

    def apply_freezing(self) -> None:
        """Stop gradients into a frozen encoder; call it once the encoder is built."""
        if self.frozen:
            self.requires_grad_(False)
            self.train(False)

    def train(self, mode: bool = True) -> "Encoder":
        """Switch to training mode, unless frozen."""
        super().train(mode and not self.frozen)
        return self


MAX_WIDTH = 8192
"""Of a hidden layer; ten times that of any head that was useful here."""


class ModelConfig(Config, ABC):
    """The settings of one model; it builds the model and knows its title.

    Attributes:
        model_name: The name on the command line and in tables.
        title: The name in prose.
        modalities: The modalities that the model reads.
        family: The kind of model.
        fitted: Whether it builds a ``FittedModel``, on which neither loss nor ``training`` settings
            have an effect.
        starts_from_others: Whether it is meant to start from trained models, as ``started_from``
            lets it.
        baseline: The model without pretraining to compare with, if this one is pretrained.
        default_loss: The reference's loss for this model.
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
        """Return the model, pretrained parts loaded.

        Raises:
            PretrainedError: A pretrained part cannot be loaded.
        """

    def load_tokenizer(self, plots: Callable[[], Sequence[str]]) -> PlotTokenizer | None:
        """Return the tokenizer the model reads plots with; None if it reads none.

        Args:
            plots: Gives the training plots, for a vocabulary made from them.

        Raises:
            PretrainedError: The tokenizer cannot be loaded.
        """
        return None

    def initial_models(self) -> tuple[Path, dict[Modality, str]] | None:
        """Return a folder of trained models and, by modality, the model to start from.

        None where the model starts afresh.
        """
        return None

    def started_from(self, folder: Path) -> Self:
        """Return these settings with a folder of trained models to start from.

        They stay as they are if the model starts from none, or if they name a folder, or none.
        """
        return self

    def revisions(self) -> dict[str, str]:
        """Return the revision of each part from the Hub, by its name there."""
        return {}
