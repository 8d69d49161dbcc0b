"""Normalise and augment images; a block of a convolutional network."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # of RGB / 255, for all ImageNet encoders
IMAGENET_STD = (0.229, 0.224, 0.225)


class ImageNormalizer(nn.Module):
    """Turn uint8 pixels into normalised floats, channels last in memory.

    Args:
        mean: The mean of each channel of RGB / 255.
        std: The standard deviation of each channel of RGB / 255.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1) * 255, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return normalised pixels (B, 3, H, W), float32, for uint8 pixels (B, 3, H, W)."""
        scaled = (image.float() - self.mean) / self.std
        return scaled.contiguous(memory_format=torch.channels_last)


class ImageAugmenter(nn.Module):
    """Mirror, shift and re-light posters at random in training mode; otherwise do nothing.

    Args:
        shift: The largest shift, as a share of each side; pixels that leave on one side return on
            the other.
        brightness: The largest relative change of brightness and of contrast.
        crop: Crop each poster at random instead of shifting it, and enlarge it to its old size:
            the largest share of each side that is cropped, in [0, 1). 0 shifts.
    """

    def __init__(self, shift: float = 0.08, brightness: float = 0.2, crop: float = 0.0) -> None:
        super().__init__()
        self.shift = shift
        self.brightness = brightness
        self.crop = crop

    def forward(self, image: Tensor) -> Tensor:
        """Return changed posters (B, 3, H, W) for normalised posters (B, 3, H, W)."""
        if not self.training:
            return image
        batch_size, device = len(image), image.device
        mirrored = torch.rand(batch_size, 1, 1, 1, device=device) < 0.5
        image = self._cropped(image, mirrored) if self.crop else self._shifted(image, mirrored)
        gain = 1 + self.brightness * (2 * torch.rand(batch_size, 1, 1, 1, device=device) - 1)
        offset = self.brightness * (2 * torch.rand(batch_size, 1, 1, 1, device=device) - 1)
        return (image * gain + offset).contiguous(memory_format=torch.channels_last)

    def _shifted(self, image: Tensor, mirrored: Tensor) -> Tensor:
        """Return posters (B, 3, H, W), some mirrored (B, 1, 1, 1), all with the same shift."""
        height, width = image.shape[2:]
        image = torch.where(mirrored, image.flip(-1), image)
        down = int(torch.randint(-int(self.shift * height), int(self.shift * height) + 1, ()))
        right = int(torch.randint(-int(self.shift * width), int(self.shift * width) + 1, ()))
        return torch.roll(image, (down, right), dims=(2, 3))

    def _cropped(self, image: Tensor, mirrored: Tensor) -> Tensor:
        """Return a random part of each poster (B, 3, H, W), some mirrored (B, 1, 1, 1)."""
        batch_size, device = len(image), image.device
        size = 1 - self.crop * torch.rand(batch_size, 2, device=device)
        centre = (1 - size) * (
            2 * torch.rand(batch_size, 2, device=device) - 1
        )  # edges at -1 and 1
        sign = 1 - 2 * mirrored.view(batch_size).to(size.dtype)
        scale = torch.stack([sign * size[:, 0], size[:, 1]], dim=1)
        window = torch.cat([torch.diag_embed(scale), centre.unsqueeze(2)], dim=2)
        grid = functional.affine_grid(window, list(image.shape), align_corners=False)
        return functional.grid_sample(
            image, grid, mode="bilinear", padding_mode="border", align_corners=False
        )


def conv_block(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return convolution, batch norm, ReLU and max-pooling: (B, C, H, W) to (B, C', H/2, W/2)."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )
