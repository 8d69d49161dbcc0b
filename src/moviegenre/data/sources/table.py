"""Somebody's own table of movies: CSV, JSON Lines or Parquet, posters as files beside it."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import DataError, DataNotFoundError, did_you_mean, missing_path_message
from moviegenre.core.files import file_sha256
from moviegenre.core.types import Split
from moviegenre.data.records import RawMovie, clean_names, parse_year

TABLE_SUFFIXES = (".csv", ".jsonl", ".ndjson", ".parquet")
_SEPARATORS = ("|", ";", ",")
_SPLIT_NAMES = {
    "train": Split.TRAIN,
    "val": Split.VAL,
    "dev": Split.VAL,
    "valid": Split.VAL,
    "validation": Split.VAL,
    "test": Split.TEST,
}
Row = dict[str, Any]


@dataclass(frozen=True)
class TableColumns:
    """Which column holds what.

    Attributes:
        id: The movie's id; None numbers the rows.
        plots: Plots, in this order.
        poster: Path of the poster, relative to the table; None where there are no posters.
        genres: A list, or names joined by a separator.
        split: ``train``, ``val`` (or ``dev``) or ``test``; None where there is no split.
        title: The title, where there is such a column.
        year: The year, likewise.
        separator: What joins genre names; None tells by itself: ``|``, ``;`` or ``,``.
    """

    id: str | None = None
    plots: tuple[str, ...] = ("plot",)
    poster: str | None = None
    genres: str = "genres"
    split: str | None = None
    title: str = "title"
    year: str = "year"
    separator: str | None = None

    @property
    def required(self) -> list[str]:
        """The columns that must be there."""
        named = [self.id, *self.plots, self.poster, self.genres, self.split]
        return [name for name in named if name is not None]


class MovieTable:
    """A table of movies.

    Args:
        path: ``.csv``, ``.jsonl``, ``.ndjson`` or ``.parquet``.
        columns: Which column holds what.

    Raises:
        DataNotFoundError: There is no such file.
        DataError: A column is not there; the message lists all that are missing.
    """

    synthetic = False

    def __init__(self, path: Path, columns: TableColumns) -> None:
        if not path.is_file():
            raise DataNotFoundError(missing_path_message(path, "a table of movies", "see --help"))
        self._path = path
        self._columns = columns
        self.description = str(path)
        self.sha256 = file_sha256(path)
        self.has_split = columns.split is not None
        known = _column_names(path)
        missing = [name for name in columns.required if name not in known]
        if missing:
            told = "; ".join(f"no column {name!r}, {did_you_mean(name, known)}" for name in missing)
            raise DataError(f"{path}: {told}")

    def __iter__(self) -> Iterator[RawMovie]:
        """Yield every row, in order."""
        separator = self._columns.separator or self._find_separator()
        for number, row in enumerate(_rows(self._path)):
            given = self._columns.id and row.get(self._columns.id)
            movie = str(number) if given in (None, "") else str(given)
            try:
                yield self._movie(movie, row, separator)
            except (ValueError, OSError) as error:
                yield RawMovie(movie, split=self._split(row), fault=f"row {number + 1}: {error}")

    def _movie(self, movie: str, row: Row, separator: str) -> RawMovie:
        if "" in row:
            raise ValueError(str(row[""]))
        columns = self._columns
        plots: list[str] = []
        for name in columns.plots:
            plots += clean_names(row.get(name))
        genres = row.get(columns.genres)
        if isinstance(genres, str):
            genres = genres.split(separator)
        title = row.get(columns.title)
        poster = row.get(columns.poster) if columns.poster else None
        path = self._path.parent / str(poster) if poster else None
        return RawMovie(
            id=movie,
            title=None if title is None else str(title),
            year=parse_year(row.get(columns.year)),
            genres=clean_names(genres),
            plots=tuple(plots),
            poster=path.read_bytes() if path and path.is_file() else None,
            poster_name=str(poster) if poster else None,
            split=self._split(row),
        )

    def _split(self, row: Row) -> Split | None:
        if self._columns.split is None:
            return None
        return _SPLIT_NAMES.get(str(row.get(self._columns.split)).strip().lower())

    def _find_separator(self) -> str:
        """Return the separator that most rows have, in the order of ``_SEPARATORS``."""
        texts = [row.get(self._columns.genres) for row in _rows(self._path)]
        joined = [text for text in texts if isinstance(text, str)]
        counts: Sequence[int] = [sum(s in text for text in joined) for s in _SEPARATORS]
        return _SEPARATORS[max(range(len(counts)), key=lambda i: counts[i])]


def _column_names(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        try:
            return list(pq.read_schema(path).names)
        except pa.ArrowInvalid as error:
            raise DataError(f"{path} cannot be read as Parquet: {error}") from None
    first = next(_rows(path), None)
    if first is None:
        raise DataError(f"{path} has no rows; expected one for each movie")
    if "" in first:
        raise DataError(f"{path}: {first['']}")
    return [name for name in first if name]


def _rows(path: Path) -> Iterator[Row]:
    """Yield rows as mappings; one that cannot be read has its fault under the empty name."""
    if path.suffix == ".parquet":
        for batch in pq.ParquetFile(path).iter_batches(batch_size=1024):
            yield from batch.to_pylist()
        return
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as stream:
        if path.suffix == ".csv":
            csv.field_size_limit(1 << 30)  # a plot may be longer than the default 128 kB
            yield from csv.DictReader(stream)
            return
        for line in stream:
            if line.strip():
                yield _parse_line(line)


def _parse_line(line: str) -> Row:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        return {"": f"not JSON: {error}"}
    return row if isinstance(row, dict) else {"": f"found {type(row).__name__}, expected an object"}
