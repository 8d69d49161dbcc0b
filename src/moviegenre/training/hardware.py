"""Detect the fastest precision of this machine."""

from functools import lru_cache
from time import process_time
from typing import Literal

import torch

from moviegenre.nn.devices import computing_device
from moviegenre.training.config import TrainingConfig

_MIN_SPEEDUP = 1.2
"""The speed of bf16 relative to fp32 from which bf16 is chosen; less may be noise."""

_REPEATS = 5


def prefers_bf16() -> bool:
    """Return whether training in bf16 is faster than in fp32 on this machine.

    A GPU is checked for bf16 without emulation. On a processor with AMX or AVX-512 BF16, both
    precisions are measured, because some virtual machines have the instructions but run them at
    half the speed of fp32. Without these instructions bf16 is emulated, and 8 times slower than
    fp32 (measured on an AVX2 machine).
    """
    if computing_device().type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if not (torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()):
        return False
    return measured_bf16_speedup() >= _MIN_SPEEDUP


@lru_cache(maxsize=1)
def measured_bf16_speedup() -> float:
    """Return the speed of bf16 matrix products relative to fp32, measured once.

    The measurements alternate, in processor time, so that other programs do not change the result.
    """
    seconds = dict.fromkeys((torch.float32, torch.bfloat16), float("inf"))
    for _ in range(_REPEATS + 1):  # the first run also sets up the kernel
        for dtype in seconds:
            seconds[dtype] = min(seconds[dtype], _product_seconds(dtype))
    return seconds[torch.float32] / seconds[torch.bfloat16]


def _product_seconds(dtype: torch.dtype) -> float:
    """Return the processor time of a matrix product as large as in a transformer's layer."""
    tokens, weights = torch.ones(2048, 384, dtype=dtype), torch.ones(384, 1536, dtype=dtype)
    start = process_time()
    torch.mm(tokens, weights)
    return process_time() - start


def uses_bf16(config: TrainingConfig) -> bool:
    """Return whether training computes in bf16."""
    return prefers_bf16() if config.precision == "auto" else config.precision == "bf16"


def lightning_precision(config: TrainingConfig) -> Literal["bf16-mixed", "32-true"]:
    """Return the precision as Lightning names it."""
    return "bf16-mixed" if uses_bf16(config) else "32-true"
