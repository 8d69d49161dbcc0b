"""What the three fusions share: two encoders, their settings, and hiding a modality in training.

Early fusion joins embeddings before one head; late fusion lets each modality decide and combines
the decisions; attention fusion cross-attends tokens and regions and weighs the modalities per
movie. Reference for the terms: Baltrušaitis, Ahuja and Morency, "Multimodal machine learning: a
survey and taxonomy", https://arxiv.org/abs/1705.09406.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from moviegenre.core.types import Batch, Modality, ModelOutput
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import Family, ModelConfig
from moviegenre.models.plot_encoder import PlotEncoderConfig
from moviegenre.models.poster_encoder import PosterEncoderConfig
from moviegenre.nn.heads import ClassificationHead

BOTH = frozenset({Modality.PLOT, Modality.POSTER})


class FusionConfig(ModelConfig):
    """Settings that every fusion has.

    Attributes:
        plot_encoder: The pretrained encoder for plots.
        poster_encoder: The encoder for posters.
        init_from: A folder of trained checkpoints; parameters of the same name are copied from
            ``init_plot`` and ``init_poster`` in it. None starts from the pretrained encoders.
        init_plot: The plot model to start from; None for the pretrained plot encoder.
        init_poster: The poster model to start from; None for the pretrained poster encoder.
        modality_dropout: Share of training movies that lose one modality, each as often.
        dropout: Before each layer of the heads.
    """

    modalities = BOTH
    family: ClassVar[Family] = "fusion"

    plot_encoder: PlotEncoderConfig = PlotEncoderConfig()
    poster_encoder: PosterEncoderConfig = PosterEncoderConfig()
    init_from: Path | None = None
    init_plot: str | None = "bert"
    init_poster: str | None = "resnet"
    modality_dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _refuse_an_untrained_encoder(self) -> Self:
        self.poster_encoder.refuse_untrained(bool(self.init_from and self.init_poster))
        return self

    def load_tokenizer(self, plots: Callable[[], Sequence[str]]) -> PlotTokenizer:
        """Return the plot encoder's own tokenizer."""
        return self.plot_encoder.load_tokenizer()

    def initial_models(self) -> tuple[Path, dict[Modality, str]] | None:
        """Return the folder of trained models, and which of them each modality starts from."""
        if self.init_from is None:
            return None
        named = {Modality.PLOT: self.init_plot, Modality.POSTER: self.init_poster}
        return self.init_from, {modality: name for modality, name in named.items() if name}

    def revisions(self) -> dict[str, str]:
        """Return the encoders' hub revisions, where they have one."""
        return {**self.plot_encoder.revisions(), **self.poster_encoder.revisions()}


def hide_modalities(batch: Batch, share: float) -> Batch:
    """Return the batch with some movies robbed of one modality, never of their last.

    Reference: Neverova et al., "ModDrop", https://arxiv.org/abs/1501.00102.

    Args:
        batch: Movies.
        share: Share of movies in [0, 1) that lose a modality; half of them the plot.
    """
    if share == 0:
        return batch
    draw = torch.rand(batch.size, device=batch.has_plot.device)
    both = batch.has_plot & batch.has_poster
    without_plot = both & (draw < share / 2)
    without_poster = both & (draw >= share / 2) & (draw < share)
    return replace(
        batch,
        has_plot=batch.has_plot & ~without_plot,
        attention_mask=batch.attention_mask & ~without_plot.unsqueeze(1),
        has_poster=batch.has_poster & ~without_poster,
    )


def region_mask(has_poster: Tensor, regions: Tensor) -> Tensor:
    """Return True at the regions (B, R) of movies that have a poster (B,)."""
    return has_poster.unsqueeze(1).expand(-1, regions.shape[1])


def head_for_posters_alone(
    poster_dim: int,
    num_labels: int,
    *,
    hidden_dim: int | None,
    dropout: float,
    label_frequencies: Sequence[float] | None,
) -> ClassificationHead | None:
    """Return a head for films without a plot, named as a poster model's so that it starts from it.

    Args:
        poster_dim: D of the embeddings (B, D) it reads.
        num_labels: L.
        hidden_dim: Width of its hidden layer; 0 for none, None for no such head.
        dropout: Before each of its layers.
        label_frequencies: Where its logits start; see ``ClassificationHead``.
    """
    if hidden_dim is None:
        return None
    return ClassificationHead(
        poster_dim,
        num_labels,
        hidden_dim=hidden_dim,
        dropout=dropout,
        label_frequencies=label_frequencies,
    )


def answer_posters_alone(output: ModelOutput, poster_logits: Tensor, batch: Batch) -> ModelOutput:
    """Return a fusion's output with other logits for the films that have no plot.

    Args:
        output: Logits (B, L) of every film.
        poster_logits: What the poster alone would say (B, L); its loss is taken beside the rest.
        batch: The films.
    """
    return replace(
        output,
        logits=torch.where(batch.has_plot.unsqueeze(1), output.logits, poster_logits),
        modality_logits={**output.modality_logits, Modality.POSTER: poster_logits},
    )
