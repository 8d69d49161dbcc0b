"""The machine that a figure was measured on, for the line under every benchmark."""

import os
import platform
from pathlib import Path

from moviegenre.core.cores import num_cores

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
