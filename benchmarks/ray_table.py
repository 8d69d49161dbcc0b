"""What Ray costs beside this process alone: films a second and processor time of one table.

    python -m benchmarks.ray_table --films 400

The same plots, the same model, one thread each: first in this process, then on a Ray cluster of
this machine with one actor and with two. Starting the cluster and its actors is counted apart, as
the time until the first shard is done.
"""

import argparse
import importlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.machine import machine

import moviegenre
from moviegenre.examples import example_films
from moviegenre.inference.catalogue import Engine, local_engine, predict_catalogue
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.ray_engine import RayEngine

_SHARD_ROWS = 20


def main() -> None:
    """Measure each engine once and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--films", type=int, default=400)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    predictor = moviegenre.load(threads=1, bulk=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = folder / "films.jsonl"
        plots = [film.plot for film in example_films() if film.plot]
        films = ({"id": n, "plot": plots[n % len(plots)]} for n in range(options.films))
        table.write_text("\n".join(map(json.dumps, films)), encoding="utf-8")
        measure("this process", local_engine, predictor, table, folder / "local")
        importlib.import_module("ray").init(
            num_cpus=max(options.workers), include_dashboard=False, log_to_driver=False
        )
        for workers in options.workers:
            engine = RayEngine(workers, open_model=_one_thread)
            name = f"Ray, {workers} {'worker' if workers == 1 else 'workers'}"
            measure(name, engine, predictor, table, folder / f"ray{workers}")
        importlib.import_module("ray").shutdown()
    print(machine())


def measure(name: str, engine: Engine, predictor: Predictor, table: Path, out: Path) -> None:
    """Answer the table once, and print rate and processor time from the first shard on."""
    first: list[float] = []
    rows: list[int] = []

    def timed(
        work: Any, predictor: Predictor, shards: Sequence[Any], on_rows: Callable[[int], None]
    ) -> None:
        def counted(number: int) -> None:
            if number and not first:
                first.extend((time.perf_counter(), processor_seconds()))
            elif number:
                rows.append(number)
            on_rows(number)

        engine(work, predictor, shards, counted)
        seconds, busy = time.perf_counter() - first[0], processor_seconds() - first[1]
        print(
            f"{name}: {sum(rows) / seconds:.1f} films/s, {1000 * busy / sum(rows):.1f} ms of "
            f"processor time a film; the first shard after {first[0] - started:.1f} s"
        )

    started = time.perf_counter()
    catalogue = Catalogue(table, CatalogueColumns(), None)
    predict_catalogue(predictor, catalogue, out, shard_rows=_SHARD_ROWS, engine=timed)


def processor_seconds(process: int | None = None) -> float:
    """Return the processor time of a process and of all that it started, this one by default."""
    process = process or os.getpid()
    total = 0.0
    with suppress(OSError):  # it has ended
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        for thread in Path(f"/proc/{process}/task").iterdir():
            children = (thread / "children").read_text().split()
            total += sum(processor_seconds(int(child)) for child in children)
    return total


def _one_thread(threads: int) -> Predictor:
    return moviegenre.load(threads=1, bulk=True)


if __name__ == "__main__":
    main()
