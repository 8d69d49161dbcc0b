"""Dropout whose mask costs little on a processor."""

from typing import Any

import torch
from torch import Tensor, nn

_VALUES = 256  # of a byte


class ByteDropout(nn.Dropout):
    """Dropout that draws a byte for each value, eight at once.

    PyTorch draws a float for each value, in one thread, and took a twentieth of a training step in
    fp32 on a processor. Here the probability is rounded to 256ths (0.1 to 0.1016), and the values
    that remain are scaled by what is really dropped. A GPU uses PyTorch's own.

    Reference: Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", https://jmlr.org/papers/v15/srivastava14a.html.
    """

    def forward(self, states: Tensor) -> Tensor:
        """Return the states (...), some of them zero while training."""
        dropped = round(self.p * _VALUES)
        if not self.training or dropped == 0 or states.device.type != "cpu":
            return super().forward(states)
        if dropped == _VALUES:
            return states * 0.0
        count = states.numel()
        drawn = torch.empty(count // 8 + 1, dtype=torch.int64).random_(-(2**63), None)
        kept = (drawn.view(torch.uint8)[:count] >= dropped).view(states.shape)
        masked: Tensor = _Mask.apply(states, kept, _VALUES / (_VALUES - dropped))  # type: ignore[no-untyped-call]
        return masked


class _Mask(torch.autograd.Function):
    """Multiply by a mask and a scale; only the mask's bytes are kept for the gradient."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, kept: Tensor, scale: float) -> Tensor:  # noqa: ANN401
        """Return the masked states."""
        ctx.save_for_backward(kept)
        ctx.scale = scale
        return _masked(states, kept, scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        """Return the gradient of the states."""
        (kept,) = ctx.saved_tensors
        return _masked(gradients[0], kept, ctx.scale), None, None


def _masked(states: Tensor, kept: Tensor, scale: float) -> Tensor:
    """Return masked and scaled states; a product with truth values takes five times as long."""
    return states * kept.to(states.dtype).mul_(scale)


def draw_bytes(network: nn.Module) -> None:
    """Replace each dropout of a network by one that draws bytes, in place."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, ByteDropout(child.p).train(child.training))
