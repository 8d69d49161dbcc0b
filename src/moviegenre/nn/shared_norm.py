"""Batch normalisation over the batch of all processes, on CPUs and GPUs alike.

PyTorch's ``SyncBatchNorm`` needs a GPU, and cannot ignore films of a share.
"""

from typing import cast

import torch
from torch import Tensor, nn

from moviegenre.nn.processes import films_in_statistics, num_processes, sum_with_gradients


class SharedBatchNorm(nn.BatchNorm2d):
    """``BatchNorm2d`` with the mean and variance of the whole batch instead of one share.

    Reference: Ioffe and Szegedy, "Batch normalization", https://arxiv.org/abs/1502.03167.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return normalised maps (B, C, H, W) for maps (B, C, H, W)."""
        if not self.training or num_processes() == 1:
            return super().forward(input)
        values = input.float()
        films = films_in_statistics()
        weight = values.new_ones(len(values)) if films is None else films.to(values.dtype)
        weight = weight.view(-1, 1, 1, 1)
        own_count = weight.sum().view(1) * values.shape[2] * values.shape[3]
        sums = sum_with_gradients(torch.cat([(values * weight).sum(dim=(0, 2, 3)), own_count]))
        count = sums[-1].detach()
        mean = sums[:-1] / count
        centred = values - mean.view(1, -1, 1, 1)
        squares = (centred.square() * weight).sum(dim=(0, 2, 3))
        variance = sum_with_gradients(squares) / count
        self._update_running(mean.detach(), variance.detach() * count / (count - 1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)).to(input.dtype)

    def _update_running(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics towards those of the batch (C,)."""
        assert self.running_mean is not None, "the default of BatchNorm2d"
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        momentum = cast("float", self.momentum)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype), momentum)


def share_batch_norms(network: nn.Module) -> None:
    """Let every ``BatchNorm2d`` of a network compute its statistics over all processes."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            # Parameters and buffers stay, and so do the names in checkpoints.
            module.__class__ = SharedBatchNorm
