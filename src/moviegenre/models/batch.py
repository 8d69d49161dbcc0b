"""The input and the output of a model: movies as tensors, and logits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays, LengthBatchSampler, MovieTensors, by_movie
from moviegenre.nn.devices import computing_device


@dataclass(frozen=True)
class Batch:
    """Movies as tensors, the input of every model.

    Attributes:
        input_ids: Plot tokens (B, T), int64; one padding token without a plot.
        attention_mask: True at real tokens (B, T), bool.
        has_plot: Whether the movie has a plot (B,), bool.
        image: Posters (B, 3, H, W), uint8 RGB, not normalised; zeros without a poster.
        has_poster: Whether the movie has a poster (B,), bool.
        labels: Labels (B, L), multi-hot, float32; None if unknown.
        index: Row of each movie in its split (B,), int64.
        plot_states: A frozen plot encoder's cached output (B, S, D), a vector for each token or
            window; the encoder is then skipped.
        poster_states: A frozen poster encoder's cached output (B, R, D); the encoder is skipped.
    """

    input_ids: Tensor
    attention_mask: Tensor
    has_plot: Tensor
    image: Tensor
    has_poster: Tensor
    labels: Tensor | None
    index: Tensor
    plot_states: Tensor | None = None
    poster_states: Tensor | None = None

    @property
    def size(self) -> int:
        """The number of movies B."""
        return int(self.has_plot.shape[0])

    def to(self, device: torch.device | str) -> "Batch":
        """Return the same batch on another device; a GPU copies pinned memory without waiting."""
        in_background = torch.device(device).type == "cuda"
        return self._transformed(lambda tensor: tensor.to(device, non_blocking=in_background))

    def pin_memory(self) -> "Batch":
        """Return the same batch in pinned memory, which a GPU copies without waiting."""
        return self._transformed(Tensor.pin_memory)

    def _transformed(self, transform: Callable[[Tensor], Tensor]) -> "Batch":
        """Return the batch with each of its tensors transformed."""
        tensors: dict[str, Any] = {}
        for name in (f.name for f in fields(self)):
            tensor: Tensor | None = getattr(self, name)
            tensors[name] = None if tensor is None else transform(tensor)
        return Batch(**tensors)

    def without(self, modality: Modality) -> "Batch":
        """Return the batch as if every movie lacked ``modality``: the modality is masked."""
        if modality is Modality.PLOT:
            return replace(
                self,
                has_plot=torch.zeros_like(self.has_plot),
                attention_mask=torch.zeros_like(self.attention_mask),
            )
        return replace(self, has_poster=torch.zeros_like(self.has_poster))


@dataclass(frozen=True)
class EnsembleBatch(Batch):
    """Movies in the input form of each member of an ensemble.

    Members differ in tokenizer, plot rule and image size, so each has its own batch. The tensors of
    the ensemble batch only tell the modalities of each movie.

    Attributes:
        views: A batch of the same movies for each member, see ``BatchArrays.joint``.
    """

    views: tuple[Batch, ...] = ()

    @classmethod
    def of(cls, views: Sequence[Batch]) -> "EnsembleBatch":
        """Return the joint batch of the members' batches."""
        first = views[0]

        def has(name: str) -> Tensor:
            flags = [
                by_movie(getattr(view, name).cpu().numpy(), view.index.cpu().numpy())
                for view in views
            ]
            return torch.from_numpy(np.any(flags, axis=0)).to(first.index.device)

        return cls(
            input_ids=first.input_ids,
            attention_mask=first.attention_mask,
            has_plot=has("has_plot"),
            image=first.image,
            has_poster=has("has_poster"),
            labels=first.labels,
            index=first.index,
            views=tuple(views),
        )

    def to(self, device: torch.device | str) -> "EnsembleBatch":
        """Return the same batch on another device."""
        return EnsembleBatch.of([view.to(device) for view in self.views])

    def without(self, modality: Modality) -> "EnsembleBatch":
        """Return the batch as if every movie lacked ``modality``, for every member."""
        return EnsembleBatch.of([view.without(modality) for view in self.views])


@dataclass(frozen=True)
class ModelOutput:
    """The output of a model.

    Attributes:
        logits: One score per label (B, L); ``core.decisions`` turns it into a probability.
        modality_logits: The logits of each modality alone (B, L), if the model has them.
        attention: Named attention weights for inspection, each (B, ...); they sum to one over the
            attended positions.
    """

    logits: Tensor
    modality_logits: dict[Modality, Tensor] = field(default_factory=dict)
    attention: dict[str, Tensor] = field(default_factory=dict)


def to_batch(arrays: BatchArrays) -> Batch:
    """Return the same movies as tensors, which share the arrays' memory.

    Args:
        arrays: Movies; for an ensemble, with a view for each member.
    """
    if arrays.views:
        return EnsembleBatch.of([to_batch(view) for view in arrays.views])
    tensors: dict[str, Any] = {}
    for name in (f.name for f in fields(Batch)):
        array = getattr(arrays, name)
        tensors[name] = None if array is None else torch.from_numpy(array)
    return Batch(**tensors)


def batch_loader(
    movies: MovieTensors, batches: LengthBatchSampler | list[list[int]]
) -> DataLoader[Batch]:
    """Return a loader that yields ``Batch`` objects for the given rows.

    Args:
        movies: A split.
        batches: The rows of each batch. A batch of one row beyond the last has no movie: it gets
            row 0 with unknown labels, which no loss counts.
    """

    def collate(rows: list[int]) -> Batch:
        if rows != [len(movies)]:
            return to_batch(movies.batch(rows))
        batch = to_batch(movies.batch([0]))
        assert batch.labels is not None, "movies to train on are labelled"
        return replace(batch, labels=torch.full_like(batch.labels, torch.nan))

    rows: Any = range(len(movies) + 1)
    is_pinned = computing_device().type == "cuda"
    return DataLoader(rows, batch_sampler=batches, collate_fn=collate, pin_memory=is_pinned)
