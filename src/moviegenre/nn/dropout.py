"""Dropout with a mask that is cheap on a processor."""

from typing import Any

import torch
from torch import Tensor, nn

_NUM_VALUES = 256  # of a byte


class ByteDropout(nn.Dropout):
    """Dropout that draws a byte for each value, eight bytes at once.

    PyTorch draws a float for each value in one thread, which took a twentieth of a training step in
    fp32 on a processor. Here the probability is rounded to 256ths (0.1 to 0.1016), and the
    remaining values are scaled for the rounded probability. GPUs use PyTorch's dropout.

    Reference: Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", https://jmlr.org/papers/v15/srivastava14a.html.
    """

    def forward(self, states: Tensor) -> Tensor:
        """Return the states (...), some of them zero while training."""
        num_dropped = round(self.p * _NUM_VALUES)
        if not self.training or num_dropped == 0 or states.device.type != "cpu":
            return super().forward(states)
        if num_dropped == _NUM_VALUES:
            return states * 0.0
        count = states.numel()
        random_bytes = torch.empty(count // 8 + 1, dtype=torch.int64).random_(-(2**63), None)
        mask = (random_bytes.view(torch.uint8)[:count] >= num_dropped).view(states.shape)
        scale = _NUM_VALUES / (_NUM_VALUES - num_dropped)
        masked: Tensor = _MaskAndScale.apply(states, mask, scale)  # type: ignore[no-untyped-call]
        return masked


class _MaskAndScale(torch.autograd.Function):
    """Multiply by a mask and a scale; only the mask's bytes are saved for the gradient."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, mask: Tensor, scale: float) -> Tensor:  # noqa: ANN401
        """Return the masked states."""
        ctx.save_for_backward(mask)
        ctx.scale = scale
        return _masked(states, mask, scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        """Return the gradient of the states."""
        (mask,) = ctx.saved_tensors
        return _masked(gradients[0], mask, ctx.scale), None, None


def _masked(states: Tensor, mask: Tensor, scale: float) -> Tensor:
    """Return masked and scaled states; a product with bools takes five times as long."""
    return states * mask.to(states.dtype).mul_(scale)


def draw_bytes(network: nn.Module) -> None:
    """Replace each dropout of a network by one that draws bytes, in place."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, ByteDropout(child.p).train(child.training))
