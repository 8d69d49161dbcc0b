"""Where networks are computed: on a GPU if there is one."""

import torch


def computing_device() -> torch.device:
    """Return the GPU if CUDA has one, and the CPU otherwise."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
