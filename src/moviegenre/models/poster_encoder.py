"""The pretrained encoder that every poster model but the plain CNN shares."""

from collections.abc import Sequence
from typing import Any, Self

import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional

from moviegenre.core.config import Config
from moviegenre.core.errors import PretrainedError
from moviegenre.core.types import Batch, Modality
from moviegenre.models.base import Encoder
from moviegenre.models.pretrained import (
    architecture_of,
    build_backbone,
    hub_revision,
    load_backbone,
    pretrained_folder,
)
from moviegenre.nn.images import ImageAugmenter, ImageNormalizer

_TINY_RESNET = {  # what name "none" builds; for tests and demos without pretrained weights
    "model_type": "resnet",
    "embedding_size": 32,
    "hidden_sizes": [32, 64, 128],
    "depths": [1, 1, 1],
    "layer_type": "basic",
}


class PosterEncoder(Encoder):
    """A convolutional network over posters, giving a grid of regions.

    Args:
        backbone: A vision encoder of the ``transformers`` library that returns hidden states.
        stages: Which hidden states are taken, joined along D; negative ones count from the end.
        grid: Rows and columns of regions that every stage is averaged to.
        frozen: Never train it.
        augment: Mirror, shift and re-light posters while training.

    Raises:
        PretrainedError: The encoder has no such stage.
    """

    modality = Modality.POSTER

    def __init__(
        self,
        backbone: Any,  # noqa: ANN401 - any HF vision model
        *,
        stages: Sequence[int],
        grid: tuple[int, int],
        frozen: bool,
        augment: bool,
    ) -> None:
        super().__init__(frozen)
        self.backbone = backbone.to(memory_format=torch.channels_last)
        self.stages = tuple(stages)
        self.grid = grid
        self.normalize = ImageNormalizer()
        self.augment = ImageAugmenter() if augment else None
        self.feature_map = nn.Identity()  # the regions as a map; explanations look at it
        self._dim = self._probe()
        self.freeze_if_asked()

    def _probe(self) -> int:
        self.backbone.eval()
        with torch.no_grad():
            hidden = self._hidden_states(torch.zeros(1, 3, 64, 64))
        outside = [stage for stage in self.stages if not -len(hidden) <= stage < len(hidden)]
        if outside:
            raise PretrainedError(
                f"stages {outside} asked for, but the encoder has stages 0 to {len(hidden) - 1}"
            )
        self.train()
        return sum(hidden[stage].shape[1] for stage in self.stages)

    @property
    def dim(self) -> int:
        """D, the channels of all stages together."""
        return self._dim

    @property
    def num_regions(self) -> int:
        """R, the regions of the grid."""
        return self.grid[0] * self.grid[1]

    def encode(self, batch: Batch) -> Tensor:
        """Return region vectors (B, R, D), row by row."""
        image = self.normalize(batch.image)
        if self.augment is not None:
            image = self.augment(image)
        hidden = self._hidden_states(image)
        pooled = [functional.adaptive_avg_pool2d(hidden[stage], self.grid) for stage in self.stages]
        regions: Tensor = self.feature_map(torch.cat(pooled, dim=1))
        return regions.flatten(2).transpose(1, 2).contiguous()

    def inner_layer(self) -> nn.Module:
        """Return the layer that gives the regions as a map (B, D, rows, columns)."""
        return self.feature_map

    def _hidden_states(self, image: Tensor) -> Sequence[Tensor]:
        states: Sequence[Tensor] = self.backbone(image, output_hidden_states=True).hidden_states
        return states

    def architecture(self) -> dict[str, Any]:
        """Return the encoder's config as plain values."""
        return architecture_of(self.backbone)

    def output_settings(self) -> str:
        """Return the stages and the grid."""
        return f"{self.stages} {self.grid}"


class PosterEncoderConfig(Config):
    """Which pretrained encoder sees the posters.

    Attributes:
        name: A local folder or a name on the hub; ``none`` is a tiny ResNet with random weights.
        revision: Commit, tag or branch on the hub.
        stages: Which hidden states are taken; ``[-1]`` is the last.
        grid: Rows and columns of regions.
        frozen: Keep it as it is and cache its outputs.
        augment: Mirror, shift and re-light posters while training; not with a frozen encoder.
    """

    name: str = "microsoft/resnet-50"
    revision: str | None = None
    stages: tuple[int, ...] = Field(default=(-1,), min_length=1)
    grid: tuple[PositiveInt, PositiveInt] = (7, 5)
    frozen: bool = False
    augment: bool = False

    @model_validator(mode="after")
    def _refuse_settings_without_effect(self) -> Self:
        if self.frozen and self.augment:
            raise ValueError("augment has no effect on a frozen encoder, whose outputs are cached")
        return self

    def build(self, architecture: dict[str, Any] | None) -> PosterEncoder:
        """Return the encoder, pretrained unless an architecture is given."""
        if architecture is None and self.name == "none":
            architecture = _TINY_RESNET
        if architecture is None:
            backbone = load_backbone(pretrained_folder(self.name, self.revision))
        else:
            backbone = build_backbone(architecture)
        return PosterEncoder(
            backbone,
            stages=self.stages,
            grid=self.grid,
            frozen=self.frozen,
            augment=self.augment,
        )

    def revisions(self) -> dict[str, str]:
        """Return the hub's commit that is used, where the encoder came from the hub."""
        if self.name == "none":
            return {}
        commit = hub_revision(pretrained_folder(self.name, self.revision))
        return {self.name: commit} if commit else {}
