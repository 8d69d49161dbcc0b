"""One row of a table: from cells under a header, from a JSON value, or with its fault."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TextIO

from moviegenre.core.errors import DataError, shortened
from moviegenre.data.json_text import parse_json, repeated_keys
from moviegenre.data.limits import MAX_COLUMNS
from moviegenre.data.lines import bounded_lines
from moviegenre.data.tables import json_pages
from moviegenre.data.tables.source import TableSource


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        values: By column.
        fault: Why the row cannot be read; empty if it can.
    """

    values: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


def column_names(header: Sequence[str], source: TableSource) -> tuple[list[str], list[str]]:
    """Return the names of columns, of which repeated ones get a number, and the repeated names.

    Args:
        header: The cells of the header.
        source: The table, for messages.

    Raises:
        DataError: There are more columns than in any table.
    """
    if len(header) > MAX_COLUMNS:
        raise too_many_columns(source)
    counts: Counter[str] = Counter()
    names: list[str] = []
    for name in (cell.strip() for cell in header):
        counts[name] += 1
        names.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return names, [name for name, number in counts.items() if number > 1 and name]


def too_many_columns(source: TableSource) -> DataError:
    """Return the error of a table with more columns than any table has."""
    return DataError(f"{source} has more than {MAX_COLUMNS:,} columns; expected a table")


class CsvLines:
    """The lines of a CSV file; a row may have several lines.

    Args:
        stream: The file.

    Attributes:
        fault: The fault of the last row; the caller clears it before the next row.
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


def cells_row(names: Sequence[str], cells: Sequence[Any], fault: str) -> Row:
    """Return a row of cells under a header; missing cells are None.

    Args:
        names: The names of the columns.
        cells: The cells.
        fault: Why the row cannot be read; empty if it can.
    """
    padded = chain(cells, [None] * (len(names) - len(cells)))
    values = dict(zip(names, padded, strict=False))
    if fault:
        return Row(values, fault)
    if len(cells) > len(names):
        counts = f"has {len(cells)} cells, expected {len(names)}"
        return Row(values, f"{counts}; is a quotation mark missing?")
    return Row(values)


def line_rows(text: str) -> Iterator[Row]:
    """Yield the rows of a line of JSON Lines: one, or the films of a page."""
    try:
        value = parse_json(text, keep_repeated=True)
    except json.JSONDecodeError as error:
        yield Row(fault=f"not JSON: {error.msg}, column {error.colno}")
    except ValueError as error:
        yield Row(fault=f"not JSON: {error}")
    else:
        yield from map(json_row, json_pages.item_rows(value))


def json_row(values: Any) -> Row:  # noqa: ANN401 - any JSON value
    """Return the row of a JSON value."""
    if not isinstance(values, dict):
        return Row(fault=f"found {type(values).__name__}, expected an object")
    if len(values) > MAX_COLUMNS:
        return Row(fault=f"{shortened(next(iter(values)))} and more than {MAX_COLUMNS:,} others")
    return Row(values, repeated_keys(values))
