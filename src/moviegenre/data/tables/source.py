"""Open a table: a file or an upload, packed or not, with limits on its size."""

import gzip
import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from moviegenre.core.errors import DataError, shortened
from moviegenre.core.reading import open_regular
from moviegenre.data.storage import StoreFile
from moviegenre.data.unpacking import UNPACKING_ERRORS, Unpacked, error_text, max_unpacked

TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json")
TABLE_SUFFIXES = (*TEXT_SUFFIXES, ".parquet", ".xlsx")
PACKED_SUFFIXES = (".gz", ".zip")

_MAX_DIRECTORY_BYTES = 8 << 20  # of a zip's list of files; each file takes 46 bytes and its name
_END_BYTES = 22 + 65_535  # the maximum size of a zip's end record, which has the list's size
_END_MARK = b"PK\x05\x06"
_GZIP_MARK, _ZIP_MARK = b"\x1f\x8b", b"PK\x03\x04"
_END_64_MARK = b"PK\x06\x07"  # of a zip with 64-bit sizes, 20 bytes before _END_MARK
_END_64_BYTES = 76  # the 64-bit end record (56) and its locator (20)
_ZIP_ERRORS = (zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError)
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)  # in bounded memory

UNZIPPING_ERRORS = (*UNPACKING_ERRORS, *_ZIP_ERRORS)
"""The exceptions of reading a damaged ZIP."""


@dataclass(frozen=True)
class TableBytes:
    """A table in memory: an upload, which has no path.

    Attributes:
        name: Its name, only for messages and for its suffix.
        content: The file's bytes.
    """

    name: str
    content: bytes = field(repr=False)

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return PurePosixPath(self.name).suffix

    def open(self) -> BinaryIO:
        """Return its bytes as a stream."""
        return io.BytesIO(self.content)

    def __str__(self) -> str:
        return self.name


TableSource = Path | StoreFile | TableBytes
"""The source of a table. Parquet is not read from memory."""


def is_table(source: TableSource) -> bool:
    """Return whether a file has the suffix of a table, packed or not."""
    return table_suffix(source) in TABLE_SUFFIXES or _last_suffix(source) == ".zip"


def table_suffix(source: TableSource) -> str:
    """Return the suffix of a table; if it is packed, the suffix before ``.gz``."""
    name = source.name.lower()
    if _last_suffix(source) == ".gz":
        name = name.removesuffix(".gz")
    return PurePosixPath(name).suffix


def known_suffixes() -> str:
    """Return the endings of tables, for messages."""
    return f"{', '.join(TABLE_SUFFIXES)}, or one of these packed as .gz or .zip"


@contextmanager
def open_table(source: TableSource) -> Iterator[tuple[BinaryIO, str]]:
    """Open a table and yield its unpacked bytes and its suffix.

    Raises:
        DataError: The file is not regular, damaged, unpacks to more than ``max_unpacked``, or is a
            zip without a table or with several.
    """
    last_suffix = _last_suffix(source)
    with ExitStack() as stack:
        opened = open_regular(source) if isinstance(source, Path) else source.open()
        stream = stack.enter_context(opened)
        if last_suffix not in PACKED_SUFFIXES:
            if table_suffix(source) in TEXT_SUFFIXES:
                _refuse_packed(source, stream)
            yield stream, table_suffix(source)
            return
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        try:
            suffix = table_suffix(source)
            if last_suffix == ".zip":
                packed, suffix = _zip_member(source, stream, size, stack)
            else:
                packed = cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=stream)))
            if suffix not in TEXT_SUFFIXES:
                raise DataError(f"{source} has a packed {suffix or 'file'}; unpack it first")
            content = Unpacked(Path(source.name), packed, max_unpacked(size))
            yield io.BufferedReader(content), suffix
        except UNZIPPING_ERRORS as error:
            raise damaged_zip(source, error) from None


def damaged_zip(source: TableSource, error: Exception) -> DataError:
    """Return the error of a packed table that cannot be unpacked."""
    return DataError(f"{source} cannot be unpacked: {error_text(error)}; is it whole?")


def _refuse_packed(source: TableSource, stream: BinaryIO) -> None:
    """Refuse a packed file with the suffix of a text."""
    head = stream.read(len(_GZIP_MARK) + len(_ZIP_MARK))
    stream.seek(0)
    if head.startswith(_GZIP_MARK):
        raise DataError(f"{source} is packed by gzip; add .gz to its name")
    if head.startswith(_ZIP_MARK):
        raise DataError(f"{source} is a zip file, or an Excel table; name it .zip or .xlsx")


def unpacked(source: TableBytes, max_bytes: int) -> TableBytes:
    """Return an upload without its packing.

    Raises:
        DataError: It cannot be unpacked, or unpacks to more than ``max_bytes``.
    """
    if _last_suffix(source) not in PACKED_SUFFIXES:
        return source
    with open_table(source) as (stream, suffix):
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise DataError(f"{source} unpacks to more than {max_bytes:,} bytes; it is refused")
    stem = PurePosixPath(source.name).stem
    return TableBytes(stem if stem.lower().endswith(suffix) else stem + suffix, content)


def check_zip(source: TableSource, stream: BinaryIO) -> None:
    """Refuse a zip with far too many files, before the list of files is read.

    Raises:
        DataError: The zip has too many files, or the file is no zip.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _END_BYTES))
    tail = stream.read(_END_BYTES)
    position = tail.rfind(_END_MARK)
    stream.seek(0)
    if position < 0:
        raise DataError(f"{source} cannot be unpacked: it is no whole zip")
    length = int.from_bytes(tail[position + 12 : position + 16], "little")
    end_64 = tail[max(0, position - _END_64_BYTES) : position]
    if end_64[-20:-16] == _END_64_MARK:
        length = max(length, int.from_bytes(end_64[40:48], "little"))
    if length > _MAX_DIRECTORY_BYTES:
        raise DataError(f"{source} holds far too many files; expected one table and its posters")


def open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """Open a file of a ZIP.

    Raises:
        NotImplementedError: Its compression may need any amount of memory.
        RuntimeError: The file is encrypted.
        BadZipFile: The file is damaged.
    """
    if member.compress_type not in _ZIP_METHODS:
        raise NotImplementedError(f"{member.filename} is not packed by deflate, as is usual")
    return archive.open(member)


def _zip_member(
    source: TableSource, stream: BinaryIO, size: int, stack: ExitStack
) -> tuple[IO[bytes], str]:
    check_zip(source, stream)
    archive = stack.enter_context(zipfile.ZipFile(stream))
    tables = [
        member
        for member in archive.infolist()
        if PurePosixPath(member.filename.lower()).suffix in TABLE_SUFFIXES
        and not member.is_dir()
        and not member.filename.startswith("__MACOSX/")
        and not PurePosixPath(member.filename).name.startswith(".")
    ]
    if len(tables) > 1:  # a README beside the table
        not_texts = [table for table in tables if not table.filename.lower().endswith(".txt")]
        tables = not_texts or tables
    if len(tables) != 1:
        names = ", ".join(member.filename for member in tables[:5])
        found = f"{len(tables)} tables ({shortened(names)})" if tables else "no table"
        raise DataError(f"{source} holds {found}; expected one; unpack it and name the table")
    packed = stack.enter_context(open_member(archive, tables[0]))
    return packed, PurePosixPath(tables[0].filename.lower()).suffix


def _last_suffix(source: TableSource) -> str:
    return PurePosixPath(source.name.lower()).suffix
