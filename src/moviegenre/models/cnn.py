"""``cnn``: a convolutional network on posters, trained from scratch."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from moviegenre.core.errors import ConfigError
from moviegenre.core.types import Family, Modality
from moviegenre.data.config import DataConfig
from moviegenre.models.base import BuildContext, GenreModel, ModelConfig
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.nn.heads import ClassificationHead
from moviegenre.nn.images import ImageAugmenter, ImageNormalizer, conv_block


class CNN(GenreModel):
    """Convolution blocks, an average over the poster, one layer of logits.

    Args:
        channels: Channels after each block; each block halves height and width.
        downscale: Side in pixels of the squares over which posters are averaged first.
        augment: Mirror, shift and re-light posters while training.
        num_labels: L.
        dropout: Before the logits.
        label_frequencies: Initialise the logits; see ``ClassificationHead``.
    """

    modalities = frozenset({Modality.POSTER})

    def __init__(
        self,
        *,
        channels: Sequence[int],
        downscale: int,
        augment: bool,
        num_labels: int,
        dropout: float,
        label_frequencies: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.downscale = downscale
        self.normalize = ImageNormalizer()
        self.augment = ImageAugmenter() if augment else None
        self.blocks = nn.Sequential(*(conv_block(*sizes) for sizes in pairwise([3, *channels])))
        self.head = ClassificationHead(
            channels[-1], num_labels, dropout=dropout, label_frequencies=label_frequencies
        )

    def forward(self, batch: Batch) -> ModelOutput:
        """Return logits (B, L); a movie without a poster gets the label prior."""
        image = self.normalize(batch.image)
        if self.downscale > 1:
            image = functional.avg_pool2d(image, self.downscale)
        if self.augment is not None:
            image = self.augment(image)
        embedding: Tensor = self.blocks(image).mean(dim=(2, 3))
        embedding = embedding * batch.has_poster.unsqueeze(1)
        return ModelOutput(self.head(embedding))

    def inner_layer(self, modality: Modality) -> nn.Module | None:
        """Return the blocks, whose output is a map of features (B, D, rows, columns)."""
        return self.blocks if modality is Modality.POSTER else None

    def check(self, config: DataConfig) -> None:
        """Raise an error if posters are too small for the number of blocks.

        Raises:
            ConfigError: The posters are too small.
        """
        super().check(config)
        height, width = config.image_size
        smallest = self.downscale * 2 ** len(self.blocks)
        if min(height, width) < smallest:
            raise ConfigError(
                f"posters of {height} x {width} pixels are too small for cnn; expected at least "
                f"{smallest} on either side: raise data.image_size, or lower model.downscale"
            )


Channels = Annotated[int, Field(ge=1, le=1024)]


class CNNConfig(ModelConfig):
    """Settings of ``cnn``.

    Attributes:
        channels: Channels after each block.
        downscale: Side in pixels of the squares over which posters are averaged first.
        augment: Mirror, shift and re-light posters while training.
        dropout: Before the logits.
    """

    model_name = "cnn"
    title = "CNN vision"
    modalities = CNN.modalities
    family: ClassVar[Family] = Family.SINGLE

    channels: tuple[Channels, ...] = Field(default=(32, 64, 128, 256), min_length=1, max_length=8)
    downscale: int = Field(default=2, ge=1, le=64)
    augment: bool = True
    dropout: float = Field(default=0.3, ge=0.0, lt=1.0)

    def build(self, context: BuildContext) -> CNN:
        """Return the network with random weights."""
        return CNN(
            channels=self.channels,
            downscale=self.downscale,
            augment=self.augment,
            num_labels=context.num_labels,
            dropout=self.dropout,
            label_frequencies=context.label_frequencies,
        )
