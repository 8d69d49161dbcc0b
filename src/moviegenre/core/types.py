"""What travels between the floors: a batch of movies and a model's answer.

Shape letters, here and everywhere: B batch, T plot tokens, S vectors of a plot (one a token, or one
a window), R poster regions, D embedding, L labels, M modalities, H and W pixels (height first).
"""

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Literal

import torch
from torch import Tensor


class Modality(StrEnum):
    """A source of evidence about a movie."""

    PLOT = "plot"
    POSTER = "poster"


Track = Literal["closed", "open"]
"""Whether a model learned from the training split alone, or from further labelled plots as well."""


class Split(StrEnum):
    """A part of the data; MM-IMDb's ``dev`` is called ``val`` here."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


@dataclass(frozen=True)
class Batch:
    """Some movies as tensors; every model takes this and nothing else.

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
        """Return the same batch on another device."""
        moved: dict[str, Any] = {}
        for name in (f.name for f in fields(self)):
            tensor: Tensor | None = getattr(self, name)
            moved[name] = None if tensor is None else tensor.to(device)
        return Batch(**moved)

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
