"""Detect what this machine computes fast."""

from functools import lru_cache
from time import process_time
from typing import Literal

import torch

from moviegenre.nn.devices import computing_device
from moviegenre.training.config import TrainingConfig

_FASTER = 1.2
"""How many times faster bf16 must be than fp32 to be chosen; less is within the noise."""

_REPEATS = 5


def prefers_bf16() -> bool:
    """Return whether training in bf16 is faster than in fp32 on this machine.

    A GPU is asked whether it computes bf16 without emulation. On a processor with AMX or AVX-512
    BF16 both are measured, because some virtual machines have the instructions but run them at
    half the speed of fp32. Without these instructions bf16 is emulated, 8 times slower (measured
    on an AVX2 machine).
    """
    if computing_device().type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if not (torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()):
        return False
    return measured_bf16_speedup() >= _FASTER


@lru_cache(maxsize=1)
def measured_bf16_speedup() -> float:
    """Return how many times faster bf16 matrix products are than fp32, measured once.

    The two take turns, and processor time counts: other work on the machine must not decide.
    """
    seconds = dict.fromkeys((torch.float32, torch.bfloat16), float("inf"))
    for _ in range(_REPEATS + 1):  # the first one also sets up the kernel
        for dtype in seconds:
            seconds[dtype] = min(seconds[dtype], _product_seconds(dtype))
    return seconds[torch.float32] / seconds[torch.bfloat16]


def _product_seconds(dtype: torch.dtype) -> float:
    """Return the processor time of a product of the size of a transformer's layer."""
    tokens, weights = torch.ones(2048, 384, dtype=dtype), torch.ones(384, 1536, dtype=dtype)
    start = process_time()
    torch.mm(tokens, weights)
    return process_time() - start


def uses_bf16(config: TrainingConfig) -> bool:
    """Return whether training computes in bf16."""
    return prefers_bf16() if config.precision == "auto" else config.precision == "bf16"


def lightning_precision(config: TrainingConfig) -> Literal["bf16-mixed", "32-true"]:
    """Return the precision in Lightning's words."""
    return "bf16-mixed" if uses_bf16(config) else "32-true"
