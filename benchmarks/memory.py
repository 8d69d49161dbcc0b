"""Peak memory of a table job of 1,000 and 10,000 rows, and with ``--full`` of 1,000,000.

    python -m benchmarks.memory --full
    python -m benchmarks.memory --full --checkpoint exported

Each job is ``moviegenre predict --input`` in a process of its own; its children count. The rival,
``transformers`` in a loop, reads the table as a list, and answers the smallest one. A million rows
take the included model hours; ``--checkpoint`` names a smaller one, with which they take minutes.
"""

import argparse
import resource
import subprocess  # runs the command line  # nosec B404
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import harness
from benchmarks.films import write_long_table
from benchmarks.harness import Row, Side, Worker

_SMALL = (1_000, 10_000)
_FULL = 1_000_000


def job_mb(table: Path, checkpoint: Path | None) -> float:
    """Return the peak memory of a table job in MB.

    Args:
        table: The films.
        checkpoint: The model; None is the included one.
    """
    out = table.with_suffix(".answers.csv")
    command = [sys.executable, "-m", "moviegenre.apps.cli", "predict"]
    command += ["--input", str(table), "--out", str(out), "--quiet"]
    command += ["--checkpoint", str(checkpoint)] if checkpoint else []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # nosec B603
        with harness.watched(process.pid) as peak:
            if process.wait():
                raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
        # What the largest of all children so far had, this one among them.
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
    return peak() or largest


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each size."""
    with tempfile.TemporaryDirectory() as scratch:
        for rows in (*_SMALL, _FULL) if given.full else _SMALL:
            table = Path(scratch, f"{rows}.csv")
            write_long_table(table, rows)
            rival = []
            if rows == min(_SMALL):
                side = Side("benchmarks.rivals:table_memory", {"table": str(table)})
                with Worker(side) as worker:
                    rival = [worker.measure()]
            yield Row(
                f"a table job, {rows:,} rows",
                "MB",
                [job_mb(table, given.checkpoint)],
                rival,
                "transformers" if rival else "",
                better="lower",
            )


if __name__ == "__main__":
    parser = harness.options(__doc__)
    parser.add_argument("--checkpoint", type=Path, help="the model; the included one without it")
    harness.main(run, parser)
