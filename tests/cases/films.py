"""Films to write into tables of every kind: sixty plots of our own, each with genres."""

import csv
from collections.abc import Sequence
from pathlib import Path

_WHO = ("A ferryman", "Three nurses", "A blind clockmaker", "An exiled queen", "A tax inspector")
_WHERE = ("in a drowned village", "on a night train", "at the edge of a salt lake")
_WHAT = (
    "finds a map nobody drew",
    "must choose whom to save",
    "opens a sealed letter",
    "loses a bet",
)

PLOTS = tuple(f"{who} {what} {where}." for who in _WHO for what in _WHAT for where in _WHERE)
_CYCLE = (("Drama",), ("Comedy", "Romance"), ("Crime", "Drama"), ("Horror",))
GENRES = tuple(_CYCLE[number % 4] for number in range(len(PLOTS)))
NAMES = ("Comedy", "Crime", "Drama", "Horror", "Romance")
TMDB_IDS = {"Drama": 18, "Comedy": 35, "Romance": 10749, "Crime": 80, "Horror": 27}


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write a CSV and return its path."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def training_table(folder: Path, cells: Sequence[object], plots: Sequence[str] = PLOTS) -> Path:
    """Write a table with ids, plots and cells of genres."""
    rows = list(zip(range(len(plots)), plots, cells, strict=True))
    return write_csv(folder / "films.csv", ["id", "plot", "genres"], rows)
