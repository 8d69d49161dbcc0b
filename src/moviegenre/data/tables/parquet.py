"""Rows of a Parquet file, read in small batches; a faulty cell affects only its row."""

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
_MIN_BATCH_ROWS = 8
_BATCH_BYTES = 64 << 20  # a row group up to this size is read in batches of _BATCH_ROWS
_GROUP_BYTES = 256 << 20  # a row group up to this size may have any compression ratio
_READ_BYTES = 1 << 20
_CELL_FAULTS = (ValueError, OverflowError, pa.ArrowException)
_FILE_FAULTS = (*_CELL_FAULTS, OSError, LookupError, TypeError, RuntimeError, MemoryError)


class ParquetTable:
    """An open Parquet file.

    A text that many rows share is in memory once: a file of 1 MB may have a plot of 30 MB in a
    thousand rows. Arrow's own threads are not used: a thread that still had the Python stream at
    the end of the interpreter would end the process with 134.

    Args:
        path: The file.

    Raises:
        DataError: The file is no Parquet file, or has more columns than any table.
    """

    def __init__(self, path: Path | StoreFile) -> None:
        self._path = path
        self._stream = open_regular(path) if isinstance(path, Path) else path.open_anywhere()
        self._size = self._stream.seek(0, os.SEEK_END)
        self._stream.seek(0)
        try:
            with self._reading():
                columns = pq.read_metadata(self._stream).schema
                texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
                self._file = pq.ParquetFile(
                    self._stream, read_dictionary=texts, buffer_size=_READ_BYTES, pre_buffer=False
                )
                self.columns: list[str] = [str(name) for name in self._file.schema_arrow.names]
                self._num_rows = int(self._file.metadata.num_rows)
            if self._num_rows > self._size:  # a billion missing values take no space in a file
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
        """Yield the values of each row by column, and its fault; empty if it can be read.

        Args:
            columns: The columns to read; None reads all.
            first: The first row, counted from 0; row groups before it are not read.

        Raises:
            DataError: The file is damaged, or unpacks to far more than its size.
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
        """Yield the rows in batches of one row group, because Arrow cannot join lists of texts."""
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
        """Return the number of rows in a batch; it is smaller for large row groups.

        The metadata of single columns is not read: if it is damaged, pyarrow ends the process.
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
        return max(_MIN_BATCH_ROWS, rows)

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
    """Return the values of a row, and the faults of its cells; empty if there are none."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            values[name] = column[number].as_py()
        except _CELL_FAULTS as error:
            fault = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            faults.append(f"column {shortened(name)}: {shortened(fault)}")
    return values, "; ".join(faults)
