"""The rates behind ``benchmarks/scale.py``, measured on this machine with the included model.

Films lie in a Parquet file, posters of 1000 x 1500 pixels as JPEG among them, and are answered into
a Parquet file by one thread. Rates are films a second of processor time, not of a clock, because
other work on the machine would count otherwise.
"""

import csv
import datetime
import io
import itertools
import json
import resource
import statistics
import subprocess  # nosec B404
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.machine import machine
from PIL import Image

import moviegenre
from moviegenre.data.synthetic.generate import synthesize
from moviegenre.inference.catalogue import predict_catalogue
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns
from moviegenre.inference.predictor import Predictor

POSTER_SIZE = (1000, 1500)
_QUALITY = 90  # of the posters' JPEG
_COLUMNS = {"overview": ["id", "plot"], "overview_and_poster": ["id", "plot", "poster"]}


class CountingFile(io.BytesIO):
    """A file in memory that counts how often it is read: each would be a GET of an object store."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes, as every file does."""
        self.reads += 1
        return super().read(size)


def measure(films: int, rounds: int, source: Path | None) -> dict[str, Any]:
    """Return rates, sizes and the machine, as ``benchmarks/rates.json`` holds them.

    Args:
        films: How many; one row group.
        rounds: How often each rate is measured; the median counts.
        source: A CSV file with the columns ``id``, ``plot`` and ``poster``, a file that is
            enlarged; None takes synthetic films.
    """
    predictor = moviegenre.load(threads=1)
    rates: dict[str, Any] = {
        "measured": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "model": f"included ({predictor.model.model_name}, {predictor.backend.name})",
        "source": f"{source.parent.name}/{source.name}" if source else "the synthetic set",
        "films": films,
        "rounds": rounds,
        "load_seconds": round(_load_seconds(), 1),
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rows = _listed_films(source) if source else _synthetic_films(folder / "movies", films)
        read = list(itertools.islice(rows, films))
        for name, columns in _COLUMNS.items():
            table = folder / f"{name}.parquet"
            chosen = pa.Table.from_pylist(read).select(columns)
            pq.write_table(chosen, table, row_group_size=films)
            rates[name] = _rate(predictor, table, len(read), rounds)
            rates["reads_of_a_shard"] = _reads(table)
    words = [len(row["plot"].split()) for row in read]
    return {**rates, "films": len(read), "words_of_a_plot": round(statistics.mean(words), 1)}


def _rate(predictor: Predictor, table: Path, films: int, rounds: int) -> dict[str, float]:
    """Return films a second of processor time, and bytes a film."""
    out = table.with_name("answers.parquet")
    found = []
    for _ in range(rounds):
        started = time.process_time()
        predict_catalogue(predictor, Catalogue(table, CatalogueColumns(), None), out)
        found.append(films / (time.process_time() - started))
    return {
        "films_per_core_second": round(statistics.median(found), 2),
        "slowest": round(min(found), 2),
        "fastest": round(max(found), 2),
        "bytes_read": round(table.stat().st_size / films),
        "bytes_written": round(out.stat().st_size / films),
    }


def _listed_films(source: Path) -> Iterator[dict[str, Any]]:
    """Yield the films of a CSV file that have a plot and a poster."""
    with source.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for poster in (
                source.parent / row["poster"],
                source.parent / "posters" / row["poster"],
            ):
                if row["plot"] and row["poster"] and poster.is_file():
                    yield {"id": row["id"], "plot": row["plot"], "poster": _enlarged(poster)}
                    break


def _synthetic_films(folder: Path, films: int) -> Iterator[dict[str, Any]]:
    """Yield synthetic films; a few have no poster, which are left out."""
    synthesize(folder, 2 * films, seed=0)
    for path in sorted((folder / "dataset").glob("*.json")):
        poster = path.with_suffix(".jpeg")
        if poster.is_file():
            plot = json.loads(path.read_text("utf-8"))["plot"][0]
            yield {"id": path.stem, "plot": plot, "poster": _enlarged(poster)}


def _enlarged(poster: Path) -> bytes:
    stream = io.BytesIO()
    Image.open(poster).convert("RGB").resize(POSTER_SIZE).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def _reads(table: Path) -> int:
    """Return how often Arrow reads a file to get its one row group."""
    file = CountingFile(table.read_bytes())
    pq.ParquetFile(pa.PythonFile(file, mode="r"), pre_buffer=True).read_row_group(0)
    return file.reads


def _load_seconds() -> float:
    """Return the processor time that a new process needs to import the package and the model."""
    code = "import moviegenre; moviegenre.load(threads=1)"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)  # nosec B603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
