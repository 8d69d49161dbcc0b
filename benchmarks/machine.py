"""The machine that a figure was measured on, for the line under every benchmark."""

import os
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING

from moviegenre.core.cores import num_cores

if TYPE_CHECKING:
    import torch

_INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def machine() -> str:
    """Return processor, instruction sets, cores, threads and load, as one line."""
    text = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").is_file() else ""
    facts = dict(
        [part.strip() for part in line.split(":", 1)] for line in text.splitlines() if ":" in line
    )
    flags = facts.get("flags", "").split()
    known = [name for name in _INSTRUCTIONS if name in flags]
    threads = os.environ.get("OMP_NUM_THREADS") or num_cores()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"{facts.get('model name', platform.processor() or platform.machine())}, "
        f"{' '.join(known) or 'no vector instructions known'}, {os.cpu_count()} cores, "
        f"{threads} threads, load {load:.1f} at the end"
    )


def peak_flops(
    size: int, dtype: "torch.dtype", device: "torch.device | str" = "cpu", seconds: float = 1.0
) -> float:
    """Return the floating-point operations a second of products of square matrices by PyTorch.

    Args:
        size: Rows and columns of the matrices.
        dtype: Of their numbers.
        device: What computes.
        seconds: How long, at least.
    """
    import torch

    one = torch.ones(size, size, dtype=dtype, device=device)
    counts, started = 0, 0.0
    while counts < 2 or time.perf_counter() - started < seconds:
        torch.mm(one, one)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        counts += 1
        if counts == 1:  # the first also sets up the kernel
            started = time.perf_counter()
    return 2.0 * size**3 * (counts - 1) / (time.perf_counter() - started)
