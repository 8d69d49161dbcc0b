"""The pretrained encoder that every BERT-type plot model shares."""

from typing import Any, Self

from pydantic import Field, model_validator
from torch import Tensor, nn

from moviegenre.core.config import Config
from moviegenre.core.errors import ConfigError, PretrainedError
from moviegenre.core.types import Batch, Modality
from moviegenre.data.config import DataConfig
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import Encoder
from moviegenre.models.pretrained import (
    architecture_of,
    build_backbone,
    hub_revision,
    load_backbone,
    pretrained_folder,
)

# Attention dropout keeps scaled-dot-product attention off its fast path on the CPU (2 to 3 times
# slower at 256 tokens), and gains nothing here; each family of encoders has its own name for it.
_NO_ATTENTION_DROPOUT = {"attention_probs_dropout_prob": 0.0, "attention_dropout": 0.0}


class PlotEncoder(Encoder):
    """A transformer over plot tokens.

    Args:
        backbone: A BERT-type encoder of the ``transformers`` library.
        frozen: Never train it.
        frozen_layers: How many layers, counted from the embeddings, are never trained.

    Raises:
        PretrainedError: The encoder has fewer layers than are to be frozen.
    """

    modality = Modality.PLOT

    def __init__(self, backbone: Any, *, frozen: bool, frozen_layers: int = 0) -> None:  # noqa: ANN401
        super().__init__(frozen)
        if getattr(backbone, "pooler", None) is not None:
            backbone.pooler = None  # plots are pooled here; an unused layer would never train
        self.backbone = backbone
        if frozen_layers:
            self._freeze_bottom(frozen_layers)
        self.freeze_if_asked()

    def _freeze_bottom(self, frozen_layers: int) -> None:
        encoder = getattr(self.backbone, "encoder", None) or self.backbone.transformer
        layers = encoder.layer
        if frozen_layers > len(layers):
            raise PretrainedError(
                f"frozen_layers is {frozen_layers}, but the encoder has {len(layers)} layers"
            )
        self.backbone.embeddings.requires_grad_(False)
        for layer in layers[:frozen_layers]:
            layer.requires_grad_(False)

    @property
    def dim(self) -> int:
        """D, the size of the vectors."""
        return int(self.backbone.config.hidden_size)

    def encode(self, batch: Batch) -> Tensor:
        """Return token vectors (B, T, D); those of padding mean nothing."""
        # A movie without a plot has nothing to attend to, which is undefined; it then sees its
        # padding, and whoever pools leaves it out.
        mask = batch.attention_mask | ~batch.attention_mask.any(dim=1, keepdim=True)
        output = self.backbone(input_ids=batch.input_ids, attention_mask=mask.long())
        states: Tensor = output.last_hidden_state
        return states

    def inner_layer(self) -> nn.Module:
        """Return the layer that gives each token its own vector (B, T, D)."""
        layer: nn.Module = self.backbone.get_input_embeddings()
        return layer

    @property
    def max_tokens(self) -> int:
        """The most tokens that the network has positions for."""
        embeddings = getattr(self.backbone, "embeddings", None)
        positions = getattr(embeddings, "position_embeddings", None)
        padding = getattr(positions, "padding_idx", None)
        # RoBERTa and its kin count positions from behind the padding's.
        first = 0 if padding is None else int(padding) + 1
        return int(self.backbone.config.max_position_embeddings) - first

    def check(self, config: DataConfig) -> None:
        """Refuse plots that are longer than the network has positions for.

        Raises:
            ConfigError: ``max_tokens`` is too large.
        """
        if config.max_tokens > self.max_tokens:
            raise ConfigError(
                f"data.max_tokens is {config.max_tokens}, but the plot encoder has positions for "
                f"{self.max_tokens} tokens; lower it, or name another encoder"
            )

    def architecture(self) -> dict[str, Any]:
        """Return the encoder's config as plain values."""
        return architecture_of(self.backbone)


class PlotEncoderConfig(Config):
    """Which pretrained encoder reads the plots.

    Attributes:
        name: ``minilm`` (packaged), a local folder, or a name on the hub.
        revision: Commit, tag or branch on the hub.
        frozen: Keep it as it is and cache its outputs.
        frozen_layers: How many layers from the bottom, with the embeddings, to keep as they are.
    """

    name: str = "bert-base-uncased"
    revision: str | None = None
    frozen: bool = False
    frozen_layers: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _refuse_settings_without_effect(self) -> Self:
        if self.frozen and self.frozen_layers:
            raise ValueError("frozen_layers has no effect on an encoder that is frozen as a whole")
        return self

    def build(self, architecture: dict[str, Any] | None) -> PlotEncoder:
        """Return the encoder, pretrained unless an architecture is given."""
        if architecture is None:
            folder = pretrained_folder(self.name, self.revision)
            backbone = load_backbone(folder, **_NO_ATTENTION_DROPOUT)
        else:
            backbone = build_backbone(architecture, **_NO_ATTENTION_DROPOUT)
        return PlotEncoder(backbone, frozen=self.frozen, frozen_layers=self.frozen_layers)

    def load_tokenizer(self) -> PlotTokenizer:
        """Return the tokenizer that belongs to the encoder."""
        return PlotTokenizer.from_folder(pretrained_folder(self.name, self.revision))

    def revisions(self) -> dict[str, str]:
        """Return the hub's commit that is used, where the encoder came from the hub."""
        commit = hub_revision(pretrained_folder(self.name, self.revision))
        return {self.name: commit} if commit else {}
