"""Rows of a Parquet file, read in small pieces and whatever one of its cells holds."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import DataError, shortened
from moviegenre.core.reading import open_regular, raise_system_error
from moviegenre.data.limits import MAX_COLUMNS, MAX_UNPACKED_SHARE
from moviegenre.data.storage import StoreFile
from moviegenre.data.unpacking import error_text

_BATCH_ROWS = 1024
_FEWEST_BATCH_ROWS = 8
_BATCH_BYTES = 64 << 20  # of a row group that is read in batches of _BATCH_ROWS
_GROUP_BYTES = 256 << 20  # of a row group that may be packed as tightly as it likes
_READ_BYTES = 1 << 20
_CELL_FAULTS = (ValueError, OverflowError, pa.ArrowException)
_FILE_FAULTS = (*_CELL_FAULTS, OSError, LookupError, TypeError, RuntimeError, MemoryError)


class ParquetTable:
    """A Parquet file that is being read.

    A text that many rows share is held once, as the file has it: a file of 1 MB may hold a
    thousand times a plot of 30 MB. Arrow's own threads do not read: one that still held the stream,
    an object of Python's, when the interpreter ends would end the process with 134.

    Args:
        path: The file.

    Raises:
        DataError: It is no Parquet file, or has more columns than any table.
    """

    def __init__(self, path: Path | StoreFile) -> None:
        self._path = path
        self._stream = open_regular(path) if isinstance(path, Path) else path.open_anywhere()
        self._size = self._stream.seek(0, os.SEEK_END)
        self._stream.seek(0)
        try:
            with self._reading():
                columns = pq.read_metadata(self._stream).schema
                texts = [c.path for c in columns if c.physical_type == "BYTE_ARRAY"]
                self._file = pq.ParquetFile(
                    self._stream, read_dictionary=texts, buffer_size=_READ_BYTES, pre_buffer=False
                )
                self.columns: list[str] = [str(name) for name in self._file.schema_arrow.names]
                self._num_rows = int(self._file.metadata.num_rows)
            if self._num_rows > self._size:  # absent values take no space, nor do a billion of them
                raise DataError(
                    f"{path} says that its {self._size:,} bytes hold {self._num_rows:,} rows; it "
                    "is refused"
                )
            if len(self.columns) > MAX_COLUMNS:
                raise DataError(f"{path} has more than {MAX_COLUMNS:,} columns; expected a table")
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def rows(
        self, columns: Collection[str] | None = None, first: int = 0
    ) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield the values of each row by column, and why it cannot be read; empty where it can.

        Args:
            columns: Those that are read; None reads all.
            first: The row to begin with, counted from 0; row groups before it are not read.

        Raises:
            DataError: The file is damaged, or unpacks to more than is sane.
        """
        names = [name for name in self.columns if columns is None or name in columns]
        if not names:
            yield from (({}, "") for _ in range(first, self._num_rows))
            return
        with self._reading():
            for batch in self._batches(names, first):
                for number in range(batch.num_rows):
                    yield row_values(batch, number)

    def _batches(self, names: list[str], first: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows in pieces of one row group: Arrow cannot join lists of texts."""
        size = self._batch_rows()
        for group in range(self._file.num_row_groups):
            skipped = min(first, self._file.metadata.row_group(group).num_rows) if first else 0
            first -= skipped
            if first:
                continue
            for batch in self._file.iter_batches(size, [group], names, use_threads=False):
                yield batch.slice(min(skipped, batch.num_rows))
                skipped = max(0, skipped - batch.num_rows)

    def _batch_rows(self) -> int:
        """Return how many rows are read at a time, fewer of large row groups.

        The metadata of single columns is not read: pyarrow ends the process where it is damaged.
        """
        metadata = self._file.metadata
        groups = range(metadata.num_row_groups)
        largest = max((metadata.row_group(group).total_byte_size for group in groups), default=0)
        if largest > max(_GROUP_BYTES, MAX_UNPACKED_SHARE * self._size):
            raise DataError(
                f"{self._path} unpacks a row group of {largest:,} bytes from {self._size:,}; it "
                "is refused"
            )
        rows = _BATCH_ROWS * _BATCH_BYTES // max(largest, _BATCH_BYTES)
        return max(_FEWEST_BATCH_ROWS, rows)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except _FILE_FAULTS as error:
            raise_system_error(error, Path(str(self._path)))
            raise DataError(
                f"{self._path} cannot be read as Parquet: {error_text(error)}"
            ) from None


def row_values(batch: pa.RecordBatch, number: int) -> tuple[dict[str, Any], str]:
    """Return one row's values; a cell that is no text where one should be is a fault."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            values[name] = column[number].as_py()
        except _CELL_FAULTS as error:
            fault = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            faults.append(f"column {shortened(name)}: {shortened(fault)}")
    return values, "; ".join(faults)
