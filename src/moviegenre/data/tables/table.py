"""A table in any format: its columns and its rows."""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from moviegenre.core import dialect
from moviegenre.core.errors import DataError
from moviegenre.core.reading import raise_system_error
from moviegenre.data.limits import MAX_COLUMNS, MAX_RECORD_BYTES
from moviegenre.data.lines import bounded_lines
from moviegenre.data.tables import cmu, excel, json_rows
from moviegenre.data.tables.parquet import ParquetTable
from moviegenre.data.tables.rows import (
    CsvLines,
    Row,
    cells_row,
    column_names,
    json_row,
    line_rows,
    too_many_columns,
)
from moviegenre.data.tables.source import TableBytes, TableSource, open_table, table_suffix

_JSON = (".json", ".jsonl", ".ndjson")
_SEPARATOR_LINE_CHARS = 100  # of Excel's sep=;


@dataclass(frozen=True)
class Written:
    """The text format of a table, as far as the user names it.

    Attributes:
        separator: The separator of cells, see ``dialect.parse_separator``; None detects it.
        encoding: The text's encoding; None detects it.
    """

    separator: str | None = None
    encoding: str | None = None


class Table:
    """A table; its format is detected once.

    Args:
        source: A file, or an upload in memory.
        written: The format, as far as it is known.
        max_rows: The number of JSON rows that are searched for columns; None searches all.

    Raises:
        DataError: The table cannot be read.
        ConfigError: The separator or the encoding is invalid, or has no effect.

    Attributes:
        source: The table.
        twice: Names of several columns; all but the first column have a number added.
        notes: Notes on an unusual format.
        nested: Columns of JSON with objects as cells; known after ``columns``.
    """

    def __init__(
        self, source: TableSource, written: Written | None = None, max_rows: int | None = None
    ) -> None:
        written = written or Written()
        self.source = source
        self.notes: list[str] = []
        self.twice: list[str] = []
        self.nested: list[str] = []
        self._max_rows = max_rows
        self._cmu = source if isinstance(source, Path) and cmu.is_summaries(source) else None
        self._separator = written.separator and dialect.parse_separator(written.separator)
        self._encoding = written.encoding and dialect.parse_encoding(written.encoding)
        self._suffix = table_suffix(source)
        self._is_document = self._has_quotes = self._skips_line = False
        self._num_surplus = 0  # empty cells at the end of every row, but not of the header
        dialect.refuse_unused(str(source), self._suffix, written.separator, written.encoding)
        if self._suffix not in (".parquet", ".xlsx") and self._cmu is None:
            self._detect_form()

    @cached_property
    def columns(self) -> list[str]:
        """Its columns; of JSON all columns of the searched rows.

        Raises:
            DataError: No row can be read, or there are more columns than in any table.
        """
        if self._cmu is not None:
            return list(cmu.COLUMNS)
        if self._suffix == ".parquet" and not isinstance(self.source, TableBytes):
            with ParquetTable(self.source) as table:
                return table.columns
        names: dict[str, None] = {}
        fault = ""
        for row in islice(self.rows(), self._max_rows):
            names.update(dict.fromkeys(row.values))
            if self._suffix in _JSON:
                self._find_nested(row)
            fault = fault or row.fault
            if len(names) > MAX_COLUMNS:
                raise too_many_columns(self.source)
            if names and self._suffix not in _JSON:
                break
        if not names:
            reason = f" that can be read ({fault})" if fault else ""
            if fault and self._suffix in _JSON and not self._is_document:
                reason += "; if a film has several lines, name the file .json"
            raise DataError(f"{self.source} has no rows{reason}; expected one for each movie")
        return list(names)

    def _find_nested(self, row: Row) -> None:
        for name, value in row.values.items():
            first = value[0] if isinstance(value, list) and value else value
            if isinstance(first, dict) and name not in self.nested:
                self.nested.append(name)

    @property
    def has_header(self) -> bool:
        """Whether the names of its columns are its first line."""
        return self._cmu is None and self._suffix not in (".parquet", *_JSON)

    @property
    def is_seekable(self) -> bool:
        """Whether reading can start at any row without reading the rows before."""
        return self._suffix == ".parquet"

    def rows(self, columns: Collection[str] | None = None, first: int = 0) -> Iterator[Row]:
        """Yield the rows, in order.

        Args:
            columns: The columns to read; other columns of Parquet are skipped. None takes all.
            first: The first row, counted from 0.

        Raises:
            DataError: The file cannot be read.
        """
        if self.is_seekable and not isinstance(self.source, TableBytes):
            with ParquetTable(self.source) as table:
                for values, fault in table.rows(columns, first):
                    yield Row(values, fault)
        else:
            yield from islice(self._all_rows(), first, None)

    def cells(self, name: str) -> Iterator[Any]:
        """Yield the cells of a column, in order.

        Args:
            name: The column.

        Raises:
            DataError: The file cannot be read.
        """
        return (row.values.get(name) for row in self.rows([name]))

    def _all_rows(self) -> Iterator[Row]:
        if self._cmu is not None:
            yield from (Row(values) for values in cmu.rows(self._cmu))
        elif self._suffix == ".xlsx":
            with (
                open_table(self.source) as (stream, _),
                excel.sheet_rows(self.source, stream, self._add_note) as cells,
            ):
                yield from self._cell_rows(cells)
        else:
            with self._text() as text:
                if self._suffix in _JSON:
                    yield from self._json_rows(text)
                else:
                    yield from self._separated_rows(text)

    def _detect_form(self) -> None:
        """Detect the encoding and the separator."""
        with open_table(self.source) as (stream, suffix):
            self._suffix = suffix
            is_guess = self._encoding is None
            self._encoding = self._encoding or dialect.detect_encoding(stream)
        if is_guess and self._encoding == dialect.CP1252:
            self.notes.append(
                f"the text is read as {self._encoding}, which is a guess: if letters are wrong, "
                "save it as UTF-8 (or name its encoding with `encoding`)"
            )
        elif self._encoding != dialect.UTF8:
            self.notes.append(f"the text is {self._encoding}")
        with self._text() as text:
            sample = dialect.read_sample(text)
        if suffix != table_suffix(self.source) or suffix != Path(self.source.name).suffix.lower():
            self.notes.append(f"unpacked as {suffix}")
        self._is_document = suffix in _JSON and json_rows.is_document(sample, suffix)
        if self._is_document:
            self.notes.append("a JSON document")
        if suffix in _JSON:
            return
        if json_rows.is_json(sample):
            raise DataError(
                f"{self.source} holds JSON; name it .json, or .jsonl if each line is a film"
            )
        declared = dialect.separator_line(sample)
        self._skips_line = declared is not None
        if declared:
            sample = sample.partition("\n")[2]
        self._separator = self._separator or declared or dialect.detect_separator(sample, suffix)
        self._has_quotes = dialect.uses_quotes(sample, self._separator)
        self._num_surplus = dialect.surplus_cells(sample, self._separator, self._has_quotes)
        if self._separator != ",":
            name = dialect.SEPARATOR_NAMES.get(self._separator, repr(self._separator))
            self.notes.append(f"cells stand between {name}")

    @contextmanager
    def _text(self) -> Iterator[TextIO]:
        """Open the text; undecodable bytes become surrogates, see ``bounded_lines``."""
        encoding = self._encoding or dialect.UTF8
        is_wide = encoding.replace("_", "-").startswith(("utf-16", "utf-32"))
        is_json = self._suffix in _JSON
        with (
            open_table(self.source) as (binary, _),
            io.TextIOWrapper(
                binary,
                encoding=encoding,
                errors="replace" if is_wide else "surrogateescape",
                newline=None if is_json else "",  # the module csv needs it
            ) as stream,
        ):
            try:
                yield stream
            except OSError as error:
                raise_system_error(error, Path(str(self.source)))
                reason = error.strerror or str(error)
                raise DataError(f"{self.source} cannot be read: {reason}") from None
            except EOFError as error:
                raise DataError(f"{self.source} cannot be unpacked: {error}") from None

    def _json_rows(self, text: TextIO) -> Iterator[Row]:
        if self._is_document:
            yield from map(
                json_row, json_rows.document_rows(text, str(self.source), self._add_note)
            )
            return
        for line in bounded_lines(text):
            if line.fault:
                yield Row(fault=line.fault)
            elif line.text.strip():
                yield from line_rows(line.text)

    def _add_note(self, note: str) -> None:
        """Add a note that is found while rows are read, once for several readings."""
        if note not in self.notes:
            self.notes.append(note)

    def _separated_rows(self, text: TextIO) -> Iterator[Row]:
        csv.field_size_limit(MAX_RECORD_BYTES)
        if self._skips_line:
            text.readline(_SEPARATOR_LINE_CHARS)
        lines = CsvLines(text)
        # Without strict, all rows after an unclosed quotation mark would become one cell.
        records = csv.reader(
            lines,
            delimiter=self._separator or ",",
            quoting=csv.QUOTE_MINIMAL if self._has_quotes else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            header = next(filter(None, records), [])  # skip blank lines before the header
            if lines.fault:
                raise DataError(f"{self.source} is {lines.fault}")
            names = self._names(header)
            width = len(names) + self._num_surplus
            for cells in records:
                if cells:  # a blank line is no row
                    if len(cells) == width and not any(cells[len(names) :]):
                        cells = cells[: len(names)]
                    yield cells_row(names, cells, lines.fault)
                lines.fault = ""
        except csv.Error as error:
            raise DataError(
                f"{self.source} cannot be read as CSV, line {records.line_num}: {error}; is a "
                "quotation mark missing before it, or one in a cell not doubled?"
            ) from None

    def _cell_rows(self, rows: Iterator[Sequence[Any]]) -> Iterator[Row]:
        header = next(rows, ())
        names = self._names(["" if cell is None else str(cell) for cell in header])
        for cells in rows:
            while len(cells) > len(names) and cells[-1] is None:
                cells = cells[:-1]
            yield cells_row(names, cells, "")

    def _names(self, header: Sequence[str]) -> list[str]:
        names, self.twice = column_names(header, self.source)
        return names


class RowReader:
    """The rows of a table in ranges; a range after the last one continues reading.

    Args:
        table: The table.
        columns: The columns to read.
    """

    def __init__(self, table: Table, columns: Collection[str]) -> None:
        self._table = table
        self._columns = columns
        self._rows: Iterator[Row] = iter(())
        self._next: int | None = None

    def rows(self, wanted: range) -> Iterator[Row]:
        """Yield the rows of a range, counted from 0.

        Raises:
            DataError: The file cannot be read.
        """
        jumps = self._table.is_seekable and self._next != wanted.start
        if self._next is None or self._next > wanted.start or jumps:
            self._rows = self._table.rows(self._columns, wanted.start)
            self._next = wanted.start
        for row in self._rows:
            self._next += 1
            if self._next > wanted.start:
                yield row
            if self._next >= wanted.stop:
                return
