"""The device of networks: a GPU if there is one. No other module chooses a device."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import nn


def computing_device() -> torch.device:
    """Return the GPU if CUDA has one, and the CPU otherwise."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_of(network: nn.Module) -> torch.device:
    """Return the device of a network."""
    tensors = chain(network.parameters(), network.buffers())
    return next((tensor.device for tensor in tensors), torch.device("cpu"))


@contextmanager
def on_computing_device(network: nn.Module) -> Iterator[torch.device]:
    """Move a network to the computing device, yield the device, and move it back to the CPU."""
    device = computing_device()
    network.to(device)
    try:
        yield device
    finally:
        network.cpu()
