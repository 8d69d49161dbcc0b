"""The encoder of every poster model except the CNN, pretrained or from scratch."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from moviegenre.core.config import Config
from moviegenre.core.errors import ConfigError, PretrainedError
from moviegenre.core.types import Modality
from moviegenre.data.config import DataConfig
from moviegenre.models.base import Encoder
from moviegenre.models.batch import Batch
from moviegenre.models.encoders.pretrained import (
    architecture_of,
    build_backbone,
    hub_revision,
    load_backbone,
    pretrained_folder,
)
from moviegenre.nn.images import ImageAugmenter, ImageNormalizer
from moviegenre.nn.pooling import grid_mean
from moviegenre.nn.processes import batch_statistics_of, films_in_statistics, rank
from moviegenre.nn.residual import ResidualNet

SCRATCH = "scratch"
"""The name of the encoder with random initial weights, which is trained on the posters alone."""

_SCRATCH_ARCHITECTURE = {
    # 1.5 million parameters, and 130 million multiplications for a poster of 224 x 160: an epoch of
    # MM-IMDb's 13,500 posters takes one AVX2 core three to four minutes, with crops.
    "model_type": SCRATCH,
    "stem_channels": 24,
    "stage_channels": [48, 128, 256],
    "stage_blocks": [1, 2, 1],
}
_TINY_RESNET = {  # the network named "none", for tests and demos without pretrained weights
    "model_type": "resnet",
    "embedding_size": 32,
    "hidden_sizes": [32, 64, 128],
    "depths": [1, 1, 1],
    "layer_type": "basic",
}
_UNTRAINED = {"none": _TINY_RESNET, SCRATCH: _SCRATCH_ARCHITECTURE}


class PosterEncoder(Encoder):
    """A convolutional network on posters; its output is a grid of regions.

    Args:
        backbone: A vision encoder of the ``transformers`` library that returns hidden states.
        stages: The indices of the used hidden states, concatenated along D; negative indices count
            from the end.
        grid: Rows and columns of regions; every stage is averaged to this grid.
        frozen: Never train it.
        augment: Mirror, shift and re-light posters while training.
        crop: With ``augment``, crop posters instead of shifting them; see ``ImageAugmenter``.

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
        crop: float = 0.0,
    ) -> None:
        super().__init__(frozen)
        self.backbone = backbone.to(memory_format=torch.channels_last)
        self.stages = tuple(stages)
        self.grid = grid
        self.normalize = ImageNormalizer()
        self.augment = ImageAugmenter(crop=crop) if augment else None
        self.feature_map = nn.Identity()  # the regions as a map, for explanations
        self._dim = self._find_dim()
        self.apply_freezing()

    def _find_dim(self) -> int:
        self.backbone.eval()
        with torch.no_grad():
            hidden = self._hidden_states(torch.zeros(1, 3, 64, 64))
        invalid = [stage for stage in self.stages if not -len(hidden) <= stage < len(hidden)]
        if invalid:
            raise PretrainedError(
                f"stages {invalid} asked for, but the encoder has stages 0 to {len(hidden) - 1}"
            )
        self.train()
        return sum(hidden[stage].shape[1] for stage in self.stages)

    @property
    def dim(self) -> int:
        """D, the number of channels of all stages."""
        return self._dim

    @property
    def num_regions(self) -> int:
        """R, the regions of the grid."""
        return self.grid[0] * self.grid[1]

    def encode(self, batch: Batch) -> Tensor:
        """Return region vectors (B, R, D), row by row; zeros for films without a poster."""
        # Only existing posters are encoded, and always the first film, as with windows of plots.
        num_films = batch.has_poster.shape[0]  # a free size in a traced model
        is_encoded = batch.has_poster | (torch.arange(num_films, device=batch.image.device) == 0)
        with self._statistics(batch.has_poster, is_encoded):
            encoded_regions = self._regions(batch.image[is_encoded])
        regions = encoded_regions.new_zeros(num_films, self.num_regions, self.dim)
        regions[is_encoded] = encoded_regions
        return regions

    def _statistics(self, has_poster: Tensor, is_encoded: Tensor) -> AbstractContextManager[None]:
        """Return a context whose batch statistics ignore a first film without a poster.

        The first film of the first share counts, because a single process encodes it too.
        """
        counted = films_in_statistics()
        if counted is None:
            return nullcontext()
        return batch_statistics_of((counted if rank() == 0 else counted & has_poster)[is_encoded])

    def _regions(self, image: Tensor) -> Tensor:
        """Return the region vectors (B, R, D) of posters (B, 3, H, W)."""
        image = self.normalize(image)
        if self.augment is not None:
            image = self.augment(image)
        hidden = self._hidden_states(image)
        pooled = [grid_mean(hidden[stage], self.grid) for stage in self.stages]
        regions: Tensor = self.feature_map(torch.cat(pooled, dim=1))
        return regions.flatten(2).transpose(1, 2).contiguous()

    def inner_layer(self) -> nn.Module:
        """Return the layer whose output is the map of regions (B, D, rows, columns)."""
        return self.feature_map

    def _hidden_states(self, image: Tensor) -> Sequence[Tensor]:
        states: Sequence[Tensor] = self.backbone(image, output_hidden_states=True).hidden_states
        return states

    def architecture(self) -> dict[str, Any]:
        """Return the encoder's config as plain values."""
        return architecture_of(self.backbone)

    def cache_key(self, config: DataConfig) -> str:
        """Return the size of the posters, the stages and the grid."""
        return f"{config.image_size} {self.stages} {self.grid}"


class ScratchPosterEncoder(PosterEncoder):
    """A poster encoder with a ``ResidualNet``, without pretrained weights.

    Args:
        architecture: The result of ``architecture``.
        settings: The settings of ``PosterEncoder``.
    """

    def __init__(self, architecture: dict[str, Any], **settings: Any) -> None:  # noqa: ANN401
        sizes = {key: value for key, value in architecture.items() if key != "model_type"}
        super().__init__(ResidualNet(**sizes), **settings)
        self._architecture = architecture

    def _hidden_states(self, image: Tensor) -> Sequence[Tensor]:
        states: Sequence[Tensor] = self.backbone(image)
        return states

    def architecture(self) -> dict[str, Any]:
        """Return the sizes of the network as plain values."""
        return self._architecture

    def check(self, config: DataConfig) -> None:
        """Raise an error if one pixel of a poster remains; a batch norm cannot train on it.

        Raises:
            ConfigError: The posters are too small.
        """
        height, width = config.image_size
        smallest = 2 * self.backbone.stride
        if max(height, width) < smallest:
            raise ConfigError(
                f"posters of {height} x {width} pixels are too small for the poster encoder "
                f"{SCRATCH}; expected at least {smallest} on the longer side: raise data.image_size"
            )


Stage = Annotated[int, Field(ge=-1_000, le=1_000)]
GridSide = Annotated[int, Field(gt=0, le=64)]


class PosterEncoderConfig(Config):
    """The settings of the encoder of posters.

    Attributes:
        name: A local folder or a name on the Hub; ``scratch`` is a small residual network with
            random weights, trained on the posters alone; ``none`` is a tiny network for tests.
        revision: Commit, tag or branch on the Hub.
        stages: The indices of the used hidden states; ``[-1]`` is the last.
        grid: Rows and columns of regions.
        frozen: Never train it, and cache its outputs.
        augment: Mirror, shift and re-light posters while training; not with a frozen encoder.
        crop: With ``augment``, crop posters instead of shifting them: the largest share of each
            side that is cropped.
    """

    name: str = "microsoft/resnet-50"
    revision: str | None = None
    stages: tuple[Stage, ...] = Field(default=(-1,), min_length=1, max_length=16)
    grid: tuple[GridSide, GridSide] = (7, 5)
    frozen: bool = False
    augment: bool = False
    crop: float = Field(default=0.0, ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _refuse_settings_without_effect(self) -> Self:
        if self.frozen and self.augment:
            raise ValueError("augment has no effect on a frozen encoder, whose outputs are cached")
        if self.crop and not self.augment:
            raise ValueError("crop has no effect without augment=true")
        if self.name == SCRATCH and self.revision is not None:
            raise ValueError(f"revision has no effect on {SCRATCH}, which comes from no hub")
        return self

    @property
    def is_pretrained(self) -> bool:
        """Whether the encoder has pretrained weights."""
        return self.name not in _UNTRAINED

    def build(self, architecture: dict[str, Any] | None) -> PosterEncoder:
        """Return the encoder, pretrained unless an architecture is given or it has no weights."""
        settings: dict[str, Any] = {
            "stages": self.stages,
            "grid": self.grid,
            "frozen": self.frozen,
            "augment": self.augment,
            "crop": self.crop,
        }
        if architecture is None:
            architecture = _UNTRAINED.get(self.name)
        if architecture is None:
            folder = pretrained_folder(self.name, self.revision)
            return PosterEncoder(load_backbone(folder), **settings)
        if architecture["model_type"] == SCRATCH:
            return ScratchPosterEncoder(architecture, **settings)
        return PosterEncoder(build_backbone(architecture), **settings)

    def refuse_untrained(self, started: bool) -> None:
        """Raise an error if an untrained encoder is frozen.

        Args:
            started: Whether weights are copied from a trained model.

        Raises:
            ValueError: The encoder is frozen and untrained.
        """
        if self.frozen and self.name == SCRATCH and not started:
            raise ValueError(
                f"a frozen poster_encoder named {SCRATCH} would stay random; set frozen=false, or "
                "start a fusion from a trained poster model with init_from and init_poster"
            )

    def revisions(self) -> dict[str, str]:
        """Return the used commit, if the encoder is from the Hub."""
        if not self.is_pretrained:
            return {}
        commit = hub_revision(pretrained_folder(self.name, self.revision))
        return {self.name: commit} if commit else {}
