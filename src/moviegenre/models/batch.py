"""The input and output of a model: movies as tensors, and logits."""

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
    """Some movies as tensors, the input of every model.

    Attributes:
        input_ids: Plot tokens (B, T), int64; one padding token where there is no plot.
        attention_mask: True at real tokens (B, T), bool.
        has_plot: Whether the movie has a plot (B,), bool.
        image: Posters (B, 3, H, W), uint8 RGB, not normalised; zeros where there is none.
        has_poster: Whether the movie has a poster (B,), bool.
        labels: Multi-hot truth (B, L), float32, or None where it is unknown.
        index: Row of each movie in its split (B,), int64.
        plot_states: A frozen plot encoder's cached output (B, S, D), a vector for each token or
            window; the encoder is then skipped.
        poster_states: A frozen poster encoder's cached output (B, R, D); likewise.
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
        return self._each(lambda tensor: tensor.to(device, non_blocking=in_background))

    def pin_memory(self) -> "Batch":
        """Return the same batch in memory that a GPU copies without waiting; loaders call it."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        """Return the batch with each of its tensors changed."""
        changed: dict[str, Any] = {}
        for name in (f.name for f in fields(self)):
            tensor: Tensor | None = getattr(self, name)
            changed[name] = None if tensor is None else change(tensor)
        return Batch(**changed)

    def without(self, modality: Modality) -> "Batch":
        """Return the batch as if every movie lacked ``modality``: masked, not blackened."""
        if modality is Modality.PLOT:
            return replace(
                self,
                has_plot=torch.zeros_like(self.has_plot),
                attention_mask=torch.zeros_like(self.attention_mask),
            )
        return replace(self, has_poster=torch.zeros_like(self.has_poster))


@dataclass(frozen=True)
class EnsembleBatch(Batch):
    """Some movies in the form that each member of an ensemble reads.

    Members differ in tokenizer, in plot rule and in image size, so each has a batch of its own. The
    tensors of the batch itself only state the modalities of each movie.

    Attributes:
        views: The same movies, a batch for each member, see ``BatchArrays.joint``.
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
    """A model's answer.

    Attributes:
        logits: One score per label (B, L); ``core.decisions`` turns it into a probability.
        modality_logits: What each modality alone would say (B, L), where the model can tell.
        attention: Named attention weights for inspection, each (B, ...), summing to one over
            what is attended to.
    """

    logits: Tensor
    modality_logits: dict[Modality, Tensor] = field(default_factory=dict)
    attention: dict[str, Tensor] = field(default_factory=dict)


def to_batch(arrays: BatchArrays) -> Batch:
    """Return the same movies as tensors, which share the arrays' memory.

    Args:
        arrays: Movies; those of an ensemble have a view for each of its members.
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
        batches: The rows of each batch. One row beyond the last stands for no movie: it is read
            as row 0 with unknown labels, which count for nothing.
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
