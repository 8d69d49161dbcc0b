"""The base of all fusions: two encoders, their settings, and modality dropout.

Early fusion joins embeddings before one head. Late fusion lets each modality decide and combines
the decisions. Attention fusion cross-attends tokens and regions and weighs the modalities per
movie. Reference for the terms: Baltrušaitis, Ahuja and Morency, "Multimodal machine learning: a
survey and taxonomy", https://arxiv.org/abs/1705.09406.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from moviegenre.core.types import Family, Modality
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import MAX_WIDTH, BuildContext, GenreModel, ModelConfig
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.models.encoders.plot import PlotEncoder, PlotEncoderConfig
from moviegenre.models.encoders.poster import PosterEncoder, PosterEncoderConfig
from moviegenre.nn.heads import ClassificationHead

BOTH = frozenset({Modality.PLOT, Modality.POSTER})
_POSTER_HEAD = ("poster_norm", "poster_head")


class Fusion(GenreModel):
    """A model of both modalities, with an optional head that reads posters alone.

    This poster head predicts films without a plot. The head and the norm before it have the same
    names as in a poster model, so that their weights can be copied from a trained poster model.

    Args:
        plot_encoder: Computes the plot's vectors (B, S, D).
        poster_encoder: Computes the region vectors (B, R, D).
        modality_dropout: See ``FusionConfig``.
    """

    modalities = BOTH
    poster_norm: nn.LayerNorm
    poster_head: ClassificationHead | None
    has_frozen_poster_head = False

    def __init__(
        self, plot_encoder: PlotEncoder, poster_encoder: PosterEncoder, modality_dropout: float
    ) -> None:
        super().__init__()
        self.modality_dropout = modality_dropout
        self.plot_encoder = plot_encoder
        self.poster_encoder = poster_encoder
        self.poster_head = None

    def add_poster_head(
        self,
        num_labels: int,
        hidden_dim: int | None,
        dropout: float,
        label_frequencies: Sequence[float] | None,
    ) -> None:
        """Add the head that reads posters alone.

        Args:
            num_labels: L.
            hidden_dim: Width of its hidden layer; 0 for no hidden layer, None for no head.
            dropout: Before each of its layers.
            label_frequencies: Initialise its logits; see ``ClassificationHead``.
        """
        if hidden_dim is None:
            return
        # The order of the weights must stay, because the saved optimiser state depends on it: the
        # norm is last here, and earlier in fusions that create it themselves.
        self.poster_head = ClassificationHead(
            self.poster_encoder.dim,
            num_labels,
            hidden_dim=hidden_dim,
            dropout=dropout,
            label_frequencies=label_frequencies,
        )
        self.poster_norm = nn.LayerNorm(self.poster_encoder.dim)

    def poster_logits(self, regions: Tensor, batch: Batch) -> Tensor:
        """Return the logits of the poster alone (B, L); the label prior without a poster.

        Args:
            regions: The output of the poster encoder (B, R, D).
            batch: The films.
        """
        assert self.poster_head is not None, "there is such a head"
        embedding = self.poster_norm(regions.mean(dim=1)) * batch.has_poster.unsqueeze(1)
        logits: Tensor = self.poster_head(embedding)
        return logits

    def with_poster_head(self, output: ModelOutput, regions: Tensor, batch: Batch) -> ModelOutput:
        """Return the output, with the poster head's logits for films without a plot.

        ``modality_logits`` has the poster head's logits of all films, for its own loss.

        Args:
            output: Logits (B, L) of every film.
            regions: The output of the poster encoder (B, R, D).
            batch: The films.
        """
        if self.poster_head is None:
            return output
        poster_logits = self.poster_logits(regions, batch)
        return replace(
            output,
            logits=torch.where(batch.has_plot.unsqueeze(1), output.logits, poster_logits),
            modality_logits={**output.modality_logits, Modality.POSTER: poster_logits},
        )

    def freeze_poster_head(self) -> None:
        """Freeze the poster head with its norm and dropout."""
        assert self.poster_head is not None, "the config refuses it"
        self.has_frozen_poster_head = True
        self.poster_norm.requires_grad_(False)
        self.poster_head.requires_grad_(False)

    def frozen_head_weights(self) -> set[str]:
        """Return the weights of a frozen poster head, which a trained poster model must provide."""
        if not self.has_frozen_poster_head:
            return set()
        return {name for name in self.state_dict() if name.startswith(_POSTER_HEAD)}

    def train(self, mode: bool = True) -> Self:
        """Switch the mode, except that of a frozen head."""
        super().train(mode)
        if self.has_frozen_poster_head and self.poster_head is not None:
            self.poster_head.eval()
        return self


AnyFusion = TypeVar("AnyFusion", bound=Fusion)


class FusionConfig(ModelConfig):
    """The settings of all fusions.

    Attributes:
        plot_encoder: The pretrained encoder for plots.
        poster_encoder: The encoder for posters.
        init_from: A folder of trained checkpoints; parameters of the same name are copied from its
            models ``init_plot`` and ``init_poster``. None starts from the pretrained encoders.
        init_plot: The plot model to start from; None for the pretrained plot encoder.
        init_poster: The poster model to start from; None for the pretrained poster encoder.
        modality_dropout: Share of training movies that lose one modality, plot and poster equally
            often. With a frozen poster head, movies without a plot do not change any weight.
        dropout: Before each layer of the heads.
        poster_hidden_dim: Width of the hidden layer of the poster head, equal to ``hidden_dim`` of
            ``init_poster``; 0 for no hidden layer. None for no poster head: the common head then
            predicts films without a plot, less well than a poster model. ``late_fusion`` and
            ``wide_deep`` always have a poster head; for them None means 0.
        frozen_poster_head: Keep the weights of the poster head that ``init_poster`` has, so that
            films without a plot get the predictions of that model.
    """

    modalities = BOTH
    family: ClassVar[Family] = Family.FUSION
    starts_from_others: ClassVar[bool] = True
    needs_poster_head: ClassVar[bool] = False

    plot_encoder: PlotEncoderConfig = PlotEncoderConfig()
    poster_encoder: PosterEncoderConfig = PosterEncoderConfig()
    init_from: Path | None = None
    init_plot: str | None = "bert"
    init_poster: str | None = "resnet"
    modality_dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    poster_hidden_dim: int | None = Field(default=None, ge=0, le=MAX_WIDTH)
    frozen_poster_head: bool = False

    @field_validator("poster_hidden_dim", mode="before")
    @classmethod
    def _default_head_width(cls, value: object) -> object:
        return 0 if value is None and cls.needs_poster_head else value

    @model_validator(mode="after")
    def _check_frozen_head(self) -> Self:
        if self.frozen_poster_head and self.poster_hidden_dim is None:
            raise ValueError(
                "frozen_poster_head has no effect without a head for posters; set "
                "poster_hidden_dim, to the hidden_dim of the poster model it starts from"
            )
        if self.frozen_poster_head and not self.poster_encoder.frozen:
            raise ValueError(
                "frozen_poster_head needs poster_encoder.frozen=true; the head would have to read "
                "an encoder that changes"
            )
        return self

    @model_validator(mode="after")
    def _check_poster_encoder(self) -> Self:
        self.poster_encoder.refuse_untrained(bool(self.init_from and self.init_poster))
        return self

    def load_tokenizer(self, plots: Callable[[], Sequence[str]]) -> PlotTokenizer:
        """Return the tokenizer of the plot encoder."""
        return self.plot_encoder.load_tokenizer()

    def initial_models(self) -> tuple[Path, dict[Modality, str]] | None:
        """Return a folder of trained models and, by modality, the model to start from."""
        if self.init_from is None:
            return None
        models = {Modality.PLOT: self.init_plot, Modality.POSTER: self.init_poster}
        return self.init_from, {modality: name for modality, name in models.items() if name}

    def started_from(self, folder: Path) -> Self:
        """Return these settings with a folder of initial models, unless ``init_from`` is set."""
        if "init_from" in self.model_fields_set:
            return self
        return self.model_copy(update={"init_from": folder})

    def parts(self, context: BuildContext) -> dict[str, Any]:
        """Return the arguments of every fusion, with pretrained or stored encoders."""
        stored = context.architectures
        return {
            "plot_encoder": self.plot_encoder.build(stored.get("plot_encoder")),
            "poster_encoder": self.poster_encoder.build(stored.get("poster_encoder")),
            "num_labels": context.num_labels,
            "dropout": self.dropout,
            "modality_dropout": self.modality_dropout,
            "poster_hidden_dim": self.poster_hidden_dim,
            "label_frequencies": context.label_frequencies,
        }

    def apply_freezing(self, model: AnyFusion) -> AnyFusion:
        """Return the model; freeze its poster head if ``frozen_poster_head`` is set."""
        if self.frozen_poster_head:
            model.freeze_poster_head()
        return model

    def revisions(self) -> dict[str, str]:
        """Return the Hub revisions of the encoders, if they are from the Hub."""
        return {**self.plot_encoder.revisions(), **self.poster_encoder.revisions()}


def hide_modalities(batch: Batch, share: float) -> Batch:
    """Return the batch with one modality of some movies hidden, never their only modality.

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
