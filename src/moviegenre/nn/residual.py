"""A small residual network, which can be trained from scratch without a GPU."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_STEM_STRIDE = 4
_STEM_SIZE = 7


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut.

    Args:
        in_channels: The number of input channels.
        out_channels: The number of output channels.
        stride: 2 halves height and width, 1 keeps them.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.around: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.around = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, image: Tensor) -> Tensor:
        """Return maps (B, C', H', W') for maps (B, C, H, W)."""
        return torch.relu(self.convolutions(image) + self.around(image))


class ResidualNet(nn.Module):
    """A coarse stem and stages of residual blocks, each of which halves height and width.

    Reference: He et al., "Deep residual learning for image recognition",
    https://arxiv.org/abs/1512.03385; differs in that one convolution of the stem divides both sides
    by four, that every stage halves the resolution, and in size. Separable convolutions would need
    fewer multiplications than full 3 x 3 ones but wait for memory, and train no faster on two AVX2
    cores. Batch norms are merged into the convolutions when the network is exported.

    Args:
        stem_channels: Channels of the stem.
        stage_channels: Channels of each stage.
        stage_blocks: Blocks of each stage.

    Raises:
        ValueError: ``stage_channels`` and ``stage_blocks`` differ in length.
    """

    def __init__(
        self, *, stem_channels: int, stage_channels: Sequence[int], stage_blocks: Sequence[int]
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(
                3, stem_channels, _STEM_SIZE, _STEM_STRIDE, padding=_STEM_SIZE // 2, bias=False
            ),
            nn.BatchNorm2d(stem_channels),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.ModuleList()
        channels = stem_channels
        for width, blocks in zip(stage_channels, stage_blocks, strict=True):
            first = ResidualBlock(channels, width, stride=2)
            other_blocks = [ResidualBlock(width, width, stride=1) for _ in range(blocks - 1)]
            self.stages.append(nn.Sequential(first, *other_blocks))
            channels = width
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @property
    def stride(self) -> int:
        """The number of pixels of a side for each position of the last stage."""
        return int(_STEM_STRIDE * 2 ** len(self.stages))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the maps of the stem and of every stage for images (B, 3, H, W).

        The stem's maps are (B, C, H/4, W/4); each further stage has half the height and width.
        """
        maps = [self.stem(image)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps
