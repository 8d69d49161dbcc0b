"""Rows of CSV, JSON Lines and Parquet files, each as a mapping or with what is wrong with it."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TextIO, TypeGuard

import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import DataError

_LONGEST_CELL = 1 << 30  # a plot may be longer than the csv module's 128 kB
_SURPLUS = None  # the key under which csv.DictReader puts cells beyond the header
_BATCH_ROWS = 1024


@dataclass(frozen=True)
class TableBytes:
    """A table that lies in memory: an upload, which has no path.

    Attributes:
        name: What its owner calls it; it only names the table in messages and tells its kind.
        content: The file's bytes.
    """

    name: str
    content: bytes = field(repr=False)

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return PurePosixPath(self.name).suffix

    def open(self, *, encoding: str, newline: str | None) -> TextIO:
        """Return its text; no file is opened."""
        return io.TextIOWrapper(io.BytesIO(self.content), encoding=encoding, newline=newline)

    def __str__(self) -> str:
        return self.name


TableSource = Path | TableBytes
"""Where a table is read from. In memory only CSV and JSON Lines are read, as text."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        values: By column.
        fault: Why the row cannot be read; empty where it can.
    """

    values: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


def column_names(path: TableSource) -> list[str]:
    """Return the columns of a table; of JSON Lines, all that occur.

    Raises:
        DataError: The file cannot be read, or has no rows.
    """
    if _is_parquet(path):
        return [str(name) for name in _open_parquet(path).schema_arrow.names]
    names: dict[str, None] = {}
    fault = ""
    for row in read_rows(path):
        names.update(dict.fromkeys(row.values))
        fault = fault or row.fault
        if names and path.suffix.lower() == ".csv":
            break
    if not names:
        told = f" that can be read ({fault})" if fault else ""
        raise DataError(f"{path} has no rows{told}; expected one for each movie")
    return list(names)


def count_rows(path: TableSource) -> int:
    """Return how many rows ``read_rows`` yields.

    Raises:
        DataError: The file cannot be read.
    """
    if _is_parquet(path):
        return int(_open_parquet(path).metadata.num_rows)
    return sum(1 for _ in read_rows(path))


def read_rows(path: TableSource) -> Iterator[Row]:
    """Yield the rows of a table, in order.

    Raises:
        DataError: The file cannot be read.
    """
    if _is_parquet(path):
        yield from _parquet_rows(path)
        return
    is_csv = path.suffix.lower() == ".csv"
    with path.open(encoding="utf-8-sig", newline="" if is_csv else None) as f:  # as csv asks
        try:
            if is_csv:
                yield from _csv_rows(f, path)
            else:
                yield from (_json_row(line) for line in f if line.strip())
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is not UTF-8 ({error}); save it as UTF-8") from None


def _is_parquet(path: TableSource) -> TypeGuard[Path]:
    return isinstance(path, Path) and path.suffix.lower() == ".parquet"


def _csv_rows(stream: TextIO, path: TableSource) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    # Not strict, it would take the rows after a quotation mark that is not closed for one cell.
    records = csv.DictReader(stream, restkey=_SURPLUS, strict=True)
    try:
        yield from map(_csv_row, records)
    except csv.Error as error:
        raise DataError(
            f"{path} cannot be read as CSV, line {records.reader.line_num}: {error}; is a "
            "quotation mark missing before it, or one in a cell not doubled?"
        ) from None


def _csv_row(values: dict[Any, Any]) -> Row:
    surplus = values.pop(_SURPLUS, [])
    if surplus:
        found, expected = len(values) + len(surplus), len(values)
        return Row(values, f"has {found} cells, expected {expected}; is a quotation mark missing?")
    return Row(values)


def _json_row(line: str) -> Row:
    try:
        values = json.loads(line)
    except ValueError as error:
        return Row(fault=f"not JSON: {error}")
    except RecursionError:
        return Row(fault="JSON within JSON too many times; expected an object with texts")
    if not isinstance(values, dict):
        return Row(fault=f"found {type(values).__name__}, expected an object")
    return Row(values)


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        for batch in _open_parquet(path).iter_batches(batch_size=_BATCH_ROWS):
            yield from (Row(values) for values in batch.to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}") from None


def _open_parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}") from None
