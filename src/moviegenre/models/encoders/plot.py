"""The pretrained encoder of all BERT-type plot models."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from moviegenre.core.config import Config
from moviegenre.core.errors import ConfigError, PretrainedError
from moviegenre.core.types import Modality
from moviegenre.data.config import DataConfig
from moviegenre.data.film_text import text_name
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import Encoder
from moviegenre.models.batch import Batch
from moviegenre.models.encoders.pretrained import (
    architecture_of,
    build_backbone,
    hub_revision,
    load_backbone,
    pretrained_folder,
)
from moviegenre.nn.dropout import draw_bytes
from moviegenre.nn.pooling import masked_mean

# With attention dropout, scaled-dot-product attention cannot use its fast path on the CPU (2 to 3
# times slower at 256 tokens), without a gain here. Its name depends on the family of encoders.
_NO_ATTENTION_DROPOUT = {"attention_probs_dropout_prob": 0.0, "attention_dropout": 0.0}


class PlotEncoder(Encoder):
    """A transformer over plot tokens, or over separate windows of a long plot.

    Without windows, S is T, and the vectors are those of tokens. With windows, a plot is split into
    windows of ``window`` tokens. Each is read separately, and its vector is the average of its
    tokens; S is then the number of windows. So a plot may have any length, the cost is linear in
    its length, and there are few outputs to cache.

    Args:
        backbone: A BERT-type encoder of the ``transformers`` library.
        frozen: Never train it.
        frozen_layers: The number of layers, counted from the embeddings, that are never trained.
        window: Tokens of a window; None reads the plot as a whole.
        read_tokens: The maximum number of tokens that are read of a plot, with the end token; None
            for all.

    Raises:
        PretrainedError: ``frozen_layers`` is larger than the number of layers.
    """

    modality = Modality.PLOT

    def __init__(
        self,
        backbone: Any,  # noqa: ANN401 - any HF text model
        *,
        frozen: bool,
        frozen_layers: int = 0,
        window: int | None = None,
        read_tokens: int | None = None,
    ) -> None:
        super().__init__(frozen)
        self.window = window
        self.read_tokens = read_tokens
        if getattr(backbone, "pooler", None) is not None:
            backbone.pooler = None  # not used, because plots are pooled below
        self.backbone = backbone
        if frozen_layers:
            self._freeze_bottom(frozen_layers)
        self.apply_freezing()

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
        """Return vectors (B, S, D) of tokens or windows; vectors of padding have no meaning."""
        input_ids, attention_mask = self._truncated(batch)
        if self.window is None:
            return self._read(input_ids, attention_mask)
        input_ids, attention_mask = self._windows(input_ids), self._windows(attention_mask)
        rows, width = attention_mask.shape[:2]
        input_ids, attention_mask = input_ids.flatten(0, 1), attention_mask.flatten(0, 1)
        is_read = attention_mask.any(dim=1)
        # The network needs a window: the first one is read even if no film has a plot.
        is_read = is_read | (torch.arange(rows * width, device=is_read.device) == 0)
        token_states = self._read(input_ids[is_read], attention_mask[is_read])
        states = token_states.new_zeros(rows * width, self.dim)
        states[is_read] = masked_mean(token_states, attention_mask[is_read])
        return states.view(rows, width, self.dim)

    def _truncated(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the read token ids (B, T) with their mask (B, T)."""
        # A traced model has one path: no branch and no padding may depend on the number of tokens.
        input_ids, mask = batch.input_ids, batch.attention_mask
        if self.read_tokens is None:
            return input_ids, mask
        length = input_ids.shape[1]
        last = (mask.sum(dim=1, keepdim=True) - 1).clamp(min=0)
        input_ids = functional.pad(input_ids, (0, self.read_tokens))
        end = torch.where(
            last >= self.read_tokens,
            input_ids.gather(1, last),
            input_ids[:, self.read_tokens - 1 : self.read_tokens],
        )
        truncated = torch.cat([input_ids[:, : self.read_tokens - 1], end], dim=1)
        return truncated[:, :length], mask[:, : self.read_tokens]

    def _read(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return token vectors (B, T, D) of token ids (B, T) with their mask (B, T)."""
        # Attention without any token is undefined, so a movie without a plot attends to its
        # padding. Pooling ignores the result.
        mask = attention_mask | ~attention_mask.any(dim=1, keepdim=True)
        output = self.backbone(input_ids=input_ids, attention_mask=mask.long())
        states: Tensor = output.last_hidden_state
        return states

    def inner_layer(self) -> nn.Module | None:
        """Return the layer with a vector for each token (B, T, D).

        None with windows, whose vectors are by row and window, and if plots are truncated.
        """
        if self.window is not None or self.read_tokens is not None:
            return None
        layer: nn.Module = self.backbone.get_input_embeddings()
        return layer

    def _windows(self, tokens: Tensor) -> Tensor:
        """Split values of tokens (B, T) into windows (B, S, W), the last one padded.

        W is at most T: a batch of short plots is not padded to full windows.
        """
        assert self.window is not None, "the plot is read in windows"
        count = (tokens.shape[1] + self.window - 1) // self.window
        padded = functional.pad(tokens, (0, self.window - 1))[:, : count * self.window]
        windows = padded.reshape(tokens.shape[0], -1, self.window)
        return windows[:, :, : tokens.shape[1]]  # a slice stops at the end, also in ONNX

    def mask(self, batch: Batch) -> Tensor:
        """Return the mask (B, S) of the encoder's vectors (B, S, D), bool."""
        _, mask = self._truncated(batch)
        return mask if self.window is None else self._windows(mask).any(dim=2)

    def num_states(self, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the number of vectors (N,) for plots of these lengths."""
        if self.read_tokens is not None:
            lengths = np.minimum(lengths, self.read_tokens)
        return lengths if self.window is None else -(-lengths // self.window)

    def cache_key(self, config: DataConfig) -> str:
        """Return the settings that change the vectors: tokens read and window size."""
        tokens = min(config.max_tokens, self.read_tokens or config.max_tokens)
        name = text_name(config.plot, config.reads)
        return f"{name} {tokens}" + (f" {self.window}" if self.window else "")

    @property
    def max_tokens(self) -> int:
        """The number of positions of the network."""
        embeddings = getattr(self.backbone, "embeddings", None)
        positions = getattr(embeddings, "position_embeddings", None)
        padding = getattr(positions, "padding_idx", None)
        # RoBERTa-like networks count positions from the one after the padding's.
        first = 0 if padding is None else int(padding) + 1
        return int(self.backbone.config.max_position_embeddings) - first

    def check(self, config: DataConfig) -> None:
        """Raise an error if plots are longer than the network's number of positions.

        Raises:
            ConfigError: ``max_tokens``, or a window, is too large.
        """
        name, tokens = "data.max_tokens", config.max_tokens
        if self.read_tokens is not None and self.read_tokens < tokens:
            name, tokens = "model.plot_encoder.read_tokens", self.read_tokens
        if self.window is not None:  # a shorter plot is padded to a window
            name, tokens = "model.plot_encoder.window", self.window
        if tokens > self.max_tokens:
            raise ConfigError(
                f"{name} is {tokens}, but the plot encoder has positions for {self.max_tokens} "
                "tokens; lower it, name another encoder, or read long plots in windows "
                "(model.plot_encoder.window)"
            )

    def architecture(self) -> dict[str, Any]:
        """Return the encoder's config as plain values."""
        return architecture_of(self.backbone)


class PlotEncoderConfig(Config):
    """The settings of the pretrained encoder of plots.

    Attributes:
        name: ``minilm`` (packaged), a local folder, or a name on the Hub.
        revision: Commit, tag or branch on the Hub.
        frozen: Never train it, and cache its outputs.
        frozen_layers: The number of layers from the bottom that are never trained, like the
            embeddings.
        window: Read plots in windows of so many tokens, with a vector for each; None reads a plot
            as a whole, with a vector for each token.
        dropout: Dropout in the encoder during training; None for the encoder's own. Training for
            one epoch on many texts does not need it, and is a tenth faster without.
        read_tokens: The maximum number of tokens that the encoder reads of a plot; None reads all
            ``data.max_tokens``. The n-grams of ``wide_deep`` still use all tokens.
    """

    name: str = "bert-base-uncased"
    revision: str | None = None
    frozen: bool = False
    frozen_layers: int = Field(default=0, ge=0, le=1_000)
    window: int | None = Field(default=None, ge=8, le=8192)
    read_tokens: int | None = Field(default=None, ge=3, le=8192)
    dropout: float | None = Field(default=None, ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _refuse_settings_without_effect(self) -> Self:
        if self.frozen and self.frozen_layers:
            raise ValueError("frozen_layers has no effect on an encoder that is frozen as a whole")
        return self

    def build(self, architecture: dict[str, Any] | None) -> PlotEncoder:
        """Return the encoder, pretrained unless an architecture is given."""
        changes = dict(_NO_ATTENTION_DROPOUT)
        if self.dropout is not None:
            changes |= {"hidden_dropout_prob": self.dropout, "dropout": self.dropout}
        if architecture is None:
            backbone = load_backbone(pretrained_folder(self.name, self.revision), **changes)
        else:
            backbone = build_backbone(architecture, **changes)
        draw_bytes(backbone)
        return PlotEncoder(
            backbone,
            frozen=self.frozen,
            frozen_layers=self.frozen_layers,
            window=self.window,
            read_tokens=self.read_tokens,
        )

    def load_tokenizer(self) -> PlotTokenizer:
        """Return the tokenizer that belongs to the encoder."""
        return PlotTokenizer.from_folder(pretrained_folder(self.name, self.revision))

    def revisions(self) -> dict[str, str]:
        """Return the used commit, if the encoder is from the Hub."""
        commit = hub_revision(pretrained_folder(self.name, self.revision))
        return {self.name: commit} if commit else {}
