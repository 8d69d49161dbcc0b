"""Detect what this machine computes fast."""

from typing import Literal

import torch

from moviegenre.training.config import TrainingConfig


def computes_bf16() -> bool:
    """Return whether bf16 is computed in hardware: on a GPU, with AMX, or with AVX-512 BF16.

    Elsewhere it is emulated, and 8 times slower than fp32 (measured on an AVX2 machine).
    """
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def lightning_precision(config: TrainingConfig) -> Literal["bf16-mixed", "32-true"]:
    """Return the precision in Lightning's words."""
    use_bf16 = computes_bf16() if config.precision == "auto" else config.precision == "bf16"
    return "bf16-mixed" if use_bf16 else "32-true"
