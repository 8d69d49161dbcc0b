"""What it costs to start: seconds to the first answer, and with ``--full`` the core install's size.

    python -m benchmarks.start --full

``moviegenre predict`` answers one film from cold, in a process of its own, in turn with the rival,
which imports PyTorch: the least that a program on PyTorch has to do before its first answer. A full
run uses a new virtual environment with ``pip install .`` and nothing else.
"""

import argparse
import os
import shutil
import subprocess  # nosec B404
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import harness
from benchmarks.harness import ROOT, Row

PLOT = "A detective hunts a killer through the rainy streets of a corrupt city."
_OF_THE_ENVIRONMENT = ("pip", "pip-*", "setuptools", "setuptools-*", "pkg_resources", "_distutils*")


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield the row of the first answer, and the size of the core install."""
    with tempfile.TemporaryDirectory() as temporary:
        programs = install(Path(temporary) / "core") / "bin" if given.full else None
        ours = [str((programs or Path(sys.executable).parent) / "moviegenre"), "predict"]
        commands = ([*ours, "--plot", PLOT], [sys.executable, "-c", "import torch"])
        for command in commands:  # bytecode is written and files are in the page cache, for both
            seconds_and_mb(command)
        pairs = [[seconds_and_mb(one) for one in commands] for _ in range(given.rounds)]
        product, rival = zip(*pairs, strict=True)
        yield Row(
            "first answer from cold, overview",
            "s",
            [seconds for seconds, _ in product],
            [seconds for seconds, _ in rival],
            "import torch",
            better="lower",
            product_mb=max(mb for _, mb in product),
            rival_mb=max(mb for _, mb in rival),
        )
        if programs is not None:
            packages = next(programs.parent.glob("lib/python3*/site-packages"))
            yield Row("core install", "MB", [megabytes(packages)], better="lower")


def install(environment: Path) -> Path:
    """Return a new virtual environment with the core install."""
    venv.create(environment, with_pip=True)
    subprocess.run(  # nosec B603
        [environment / "bin" / "pip", "install", "--quiet", str(ROOT)], check=True, cwd=environment
    )
    for pattern in _OF_THE_ENVIRONMENT:  # which every environment has
        for path in environment.glob(f"lib/python3*/site-packages/{pattern}"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return environment


def megabytes(path: Path) -> float:
    """Return how much of the disk a file or a folder takes, as `du` counts it."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return sum(file.lstat().st_blocks for file in files) * 512 / 2**20


def seconds_and_mb(command: Sequence[str]) -> tuple[float, float]:
    """Return a command's seconds and its peak of memory in MB."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # nosec B603
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    return seconds, usage.ru_maxrss / 1024


if __name__ == "__main__":
    harness.main(run, harness.options(__doc__))
