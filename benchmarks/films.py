"""Films that benchmarks read: synthetic tables, and parts of prepared data."""

import csv
import io
import json
import random
from pathlib import Path

import numpy as np
from benchmarks.harness import AbsentError
from PIL import Image

from moviegenre.core.types import Split
from moviegenre.data.integrity import FILES_KEY
from moviegenre.data.prepare import prepare
from moviegenre.data.schema import DATASHEET_FILE, split_file
from moviegenre.data.synthetic.generate import synthesize

WORDS = ("detective", "killer", "rain", "the", "two", "rivals", "share", "love", "and", "war")
_FULL_CHARACTERS = 2400


def write_table(
    folder: Path, films: int, *, plots: str, posters: bool, size: tuple[int, int] | None = None
) -> Path:
    """Write synthetic films as a CSV file with poster files, and return its path.

    Args:
        folder: Where.
        films: How many.
        plots: ``short`` for overviews, ``full`` for plots of 2,400 characters.
        posters: Whether each has a poster.
        size: Width and height of each poster; None as they are drawn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    synthesize(folder / "movies", 2 * films, seed=0)  # some have no poster
    records = sorted((folder / "movies" / "dataset").glob("*.json"))
    complete = [path for path in records if path.with_suffix(".jpeg").is_file()]
    table = folder / "films.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "plot", "poster"] if posters else ["id", "plot"])
        for path in complete[:films]:
            texts = json.loads(path.read_text("utf-8"))["plot"]
            plot = texts[0] if plots == "short" else " ".join(texts * 4)[:_FULL_CHARACTERS]
            poster = path.with_suffix(".jpeg")
            if size:
                Image.open(poster).resize(size).save(poster, quality=90)
            row = [path.stem, plot, str(poster.relative_to(folder))]
            writer.writerow(row if posters else row[:2])
    return table


def read_table(table: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file; posters as full paths."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        row | ({"poster": str(table.parent / row["poster"])} if "poster" in row else {})
        for row in rows
    ]


def write_long_table(path: Path, films: int, *, words: int = 30) -> None:
    """Write a CSV file of so many films without posters; every plot is another."""
    draw = random.Random(0)  # nosec B311
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "plot"])
        for number in range(films):
            writer.writerow([f"film-{number}", " ".join(draw.choices(WORDS, k=words))])


def poster(rng: np.random.Generator, width: int, height: int) -> bytes:
    """Return a JPEG of soft colours."""
    stream = io.BytesIO()
    pixels = rng.integers(0, 256, size=(12, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((width, height)).save(stream, "JPEG")
    return stream.getvalue()


def prepared(folder: Path, source: Path, movies: int, *, val: int = 32) -> Path:
    """Write the first movies of prepared data, or synthetic ones without any, as prepared data.

    Args:
        folder: Where.
        source: Prepared data.
        movies: How many for training.
        val: How many for validation, and for the test.

    Raises:
        AbsentError: The source has fewer.
    """
    import pyarrow.parquet as pq

    if not source.is_dir():
        synthesize(folder / "raw", 2 * movies + 12 * val, seed=0)  # a tenth is for validation
        source = folder / "synthetic"
        prepare(str(folder / "raw"), source, min_movies=1, progress=False)
    out = folder / "prepared"
    out.mkdir()
    for split in Split:
        number = movies if split is Split.TRAIN else val
        table = pq.read_table(source / split_file(split))
        if table.num_rows < number:
            raise AbsentError(
                f"{source} has {table.num_rows} movies of {split}, fewer than {number}"
            )
        pq.write_table(table.slice(0, number), out / split_file(split))
    for path in source.glob("*.json"):
        content = path.read_text("utf-8")
        if path.name == DATASHEET_FILE:  # without the hashes of the whole files
            sheet = json.loads(content)
            content = json.dumps({key: sheet[key] for key in sheet if key != FILES_KEY})
        (out / path.name).write_text(content, encoding="utf-8")
    return out
