"""Rows of CSV, JSON Lines and Parquet files, each as a mapping or with what is wrong with it."""

import csv
import io
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, TextIO, TypeGuard

from moviegenre.core.errors import DataError
from moviegenre.core.reading import open_regular, raise_system_error
from moviegenre.data.json_text import parse_json
from moviegenre.data.limits import MAX_COLUMNS, MAX_RECORD_BYTES
from moviegenre.data.lines import Line, bounded_lines
from moviegenre.data.sources.parquet import ParquetTable

_SURPLUS = None  # the key under which csv.DictReader puts cells beyond the header


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

    def open(self) -> BinaryIO:
        """Return its bytes as a stream; no file is opened."""
        return io.BytesIO(self.content)

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


def column_names(path: TableSource, max_rows: int | None = None) -> list[str]:
    """Return the columns of a table; of JSON Lines, all that occur.

    Args:
        path: The table.
        max_rows: Look at so many rows of JSON Lines; None looks at all.

    Raises:
        DataError: The file cannot be read, or has no rows, or more columns than any table.
    """
    if _is_parquet(path):
        with ParquetTable(path) as table:
            return table.columns
    names: dict[str, None] = {}
    fault = ""
    for row in islice(read_rows(path), max_rows):
        names.update(dict.fromkeys(row.values))
        fault = fault or row.fault
        if len(names) > MAX_COLUMNS:
            raise DataError(f"{path} has more than {MAX_COLUMNS:,} columns; expected a table")
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
        with ParquetTable(path) as table:
            return table.num_rows
    return sum(1 for _ in read_rows(path, columns=()))


def read_rows(path: TableSource, columns: Collection[str] | None = None) -> Iterator[Row]:
    """Yield the rows of a table, in order.

    Args:
        path: ``.csv``, ``.parquet``, or JSON Lines.
        columns: Those that are needed; of Parquet no other is read. None takes all.

    Raises:
        DataError: The file cannot be read.
    """
    if _is_parquet(path):
        with ParquetTable(path) as table:
            for values, fault in table.rows(columns):
                yield Row(values, fault)
        return
    is_csv = path.suffix.lower() == ".csv"
    with _text_lines(path, newline="" if is_csv else None) as stream:  # as csv asks
        if is_csv:
            yield from _csv_rows(stream, path)
        else:
            yield from (_json_row(line) for line in bounded_lines(stream) if not _is_blank(line))


@contextmanager
def _text_lines(path: TableSource, newline: str | None) -> Iterator[TextIO]:
    """Open a table's text; bytes that are no UTF-8 are read as ``bounded_lines`` expects them."""
    with (
        path.open() if isinstance(path, TableBytes) else open_regular(path) as binary,
        io.TextIOWrapper(
            binary, encoding="utf-8-sig", errors="surrogateescape", newline=newline
        ) as stream,
    ):
        try:
            yield stream
        except OSError as error:
            raise_system_error(error, Path(str(path)))
            raise DataError(f"{path} cannot be read: {error.strerror}") from None


def _is_blank(line: Line) -> bool:
    return not line.fault and not line.text.strip()


def _is_parquet(path: TableSource) -> TypeGuard[Path]:
    return isinstance(path, Path) and path.suffix.lower() == ".parquet"


def _csv_rows(stream: TextIO, path: TableSource) -> Iterator[Row]:
    csv.field_size_limit(MAX_RECORD_BYTES)
    lines = _CsvLines(stream)
    # Not strict, it would take the rows after a quotation mark that is not closed for one cell.
    records = csv.DictReader(lines, restkey=_SURPLUS, strict=True)
    try:
        names = records.fieldnames or []
        if lines.fault:
            raise DataError(f"{path} is {lines.fault}")
        if len(names) > MAX_COLUMNS:
            raise DataError(f"{path} has more than {MAX_COLUMNS:,} columns; expected a table")
        for values in records:
            row = _csv_row(values, lines.fault)
            lines.fault = ""
            yield row
    except csv.Error as error:
        raise DataError(
            f"{path} cannot be read as CSV, line {records.reader.line_num}: {error}; is a "
            "quotation mark missing before it, or one in a cell not doubled?"
        ) from None


class _CsvLines:
    """The lines of a CSV file, of which a row may have several.

    Args:
        stream: The file.

    Attributes:
        fault: Why the row that was read last cannot be; to be emptied before the next one.
    """

    def __init__(self, stream: TextIO) -> None:
        self._lines = bounded_lines(stream)
        self.fault = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if line.is_too_long:
            raise csv.Error(line.fault)
        self.fault = self.fault or line.fault
        return line.text


def _csv_row(values: dict[Any, Any], fault: str) -> Row:
    surplus = values.pop(_SURPLUS, [])
    if fault:
        return Row(values, fault)
    if surplus:
        found, expected = len(values) + len(surplus), len(values)
        return Row(values, f"has {found} cells, expected {expected}; is a quotation mark missing?")
    return Row(values)


def _json_row(line: Line) -> Row:
    if line.fault:
        return Row(fault=line.fault)
    try:
        values = parse_json(line.text)
    except ValueError as error:
        return Row(fault=f"not JSON: {error}")
    except RecursionError:
        return Row(fault="JSON within JSON too many times; expected an object with texts")
    if not isinstance(values, dict):
        return Row(fault=f"found {type(values).__name__}, expected an object")
    return Row(values)
