"""What it costs to start: the size of the core install, the first answer, and its memory.

    python benchmarks/start.py

A new virtual environment gets ``pip install .``, nothing else; then ``moviegenre predict`` answers
one film from cold, in a process of its own, in turn with the rival. The rival imports PyTorch, the
least that a program on PyTorch has to do before its first answer. Seconds of processor time are
printed too, because other work on the machine changes them less.
"""

import argparse
import os
import shutil
import statistics
import subprocess  # nosec B404
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLOT = "A detective hunts a killer through the rainy streets of a corrupt city."
_OF_THE_ENVIRONMENT = ("pip", "pip-*", "setuptools", "setuptools-*", "pkg_resources", "_distutils*")


def main() -> None:
    """Install, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--environment", type=Path, help="one that is installed already")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        environment = arguments.environment or install(Path(temporary) / "core")
        packages = next((environment / "lib").glob("python3*/site-packages"))
        print(f"core install: {megabytes(packages):.0f} MB in {packages.name}, of which:")
        sizes = sorted(((megabytes(one), one.name) for one in packages.iterdir()), reverse=True)
        print("  " + ", ".join(f"{name} {size:.0f}" for size, name in sizes[:6]))
        ours = [str(environment / "bin" / "moviegenre"), "predict", "--plot", PLOT]
        rival = [sys.executable, "-c", "import torch"]
        run(ours)  # so that bytecode is written and the files are in the page cache, for both
        run(rival)
        pairs = [(run(ours), run(rival)) for _ in range(arguments.runs)]
    rows = [("moviegenre predict", [a for a, _ in pairs]), ("import torch", [b for _, b in pairs])]
    medians = []
    for name, measured in rows:
        seconds, processor, memory = zip(*measured, strict=True)
        medians.append(statistics.median(seconds))
        print(
            f"{name}: {medians[-1]:.2f} s (from {min(seconds):.2f} to {max(seconds):.2f}), of the "
            f"processor {statistics.median(processor):.2f} s, peak {max(memory):.0f} MB"
        )
    print(
        f"ratio: {medians[1] / medians[0]:.2f} times as fast as the rival; {os.cpu_count()} cores"
    )


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


def run(command: Sequence[str]) -> tuple[float, float, float]:
    """Return a command's seconds, its seconds of processor time and its peak of memory in MB."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # nosec B603
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
