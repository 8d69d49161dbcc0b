"""Compressed files as streams of bounded size."""

import gzip
import io
import lzma
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from moviegenre.core.errors import DataError, shortened
from moviegenre.core.reading import open_regular
from moviegenre.data.limits import MAX_UNPACKED_SHARE, MIN_UNPACKED_BYTES

UNPACKING_ERRORS = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""The exceptions of reading a damaged file."""

_CHUNK_BYTES = 1 << 16
_XZ_MEMORY = 128 << 20  # xz -9 needs 65 MB


def error_text(error: BaseException) -> str:
    """Return the message of an error on one line; without a message, the name of its type."""
    return shortened(" ".join(str(error).split())) or type(error).__name__


def max_unpacked(size: int) -> int:
    """Return the maximum number of unpacked bytes for a compressed file of a size."""
    return MIN_UNPACKED_BYTES + MAX_UNPACKED_SHARE * size


class Unpacked(io.RawIOBase):
    """The content of a compressed file, up to a bound.

    Args:
        path: The file, for messages.
        content: Its content, decompressed while it is read.
        max_bytes: The maximum number of unpacked bytes.
    """

    def __init__(self, path: Path, content: IO[bytes], max_bytes: int) -> None:
        self._path = path
        self._content = content
        self._max_bytes = max_bytes
        self._num_read = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - whatever bytes go into
        """Read some bytes into a buffer and return their number.

        Raises:
            DataError: The file unpacks to more than ``max_bytes``.
        """
        view = memoryview(buffer).cast("B")
        content = self._content.read(min(len(view), _CHUNK_BYTES))
        view[: len(content)] = content
        self._num_read += len(content)
        if self._num_read > self._max_bytes:
            raise DataError(
                f"{self._path} unpacks to more than {self._max_bytes:,} bytes, "
                f"{MAX_UNPACKED_SHARE} times its size and more; it is refused"
            )
        return len(content)


class _Xz(io.RawIOBase):
    """An ``.xz`` file with a memory limit, which ``lzma.open`` lacks."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - whatever bytes go into
        view = memoryview(buffer).cast("B")
        while True:
            packed = b""
            if self._decompressor.eof:  # a file may hold several streams, and zeros after each
                packed = self._decompressor.unused_data.lstrip(b"\0")
                while not packed and (read := self._stream.read(_CHUNK_BYTES)):
                    packed = read.lstrip(b"\0")
                if not packed:
                    return 0
                self._decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
            elif self._decompressor.needs_input:
                packed = self._stream.read(_CHUNK_BYTES)
                if not packed:
                    raise EOFError("the end of the file is missing")
            content = self._decompressor.decompress(packed, max_length=len(view))
            if content:
                view[: len(content)] = content
                return len(content)


@contextmanager
def open_unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading; ``.xz`` and ``.gz`` are decompressed.

    Args:
        path: The file; its suffix decides the compression.

    Raises:
        DataError: The file is not regular, or unpacks to more than ``max_unpacked``.
    """
    with open_regular(path) as stream:
        suffix = path.suffix.lower()
        if suffix not in (".xz", ".gz"):
            yield stream
            return
        raw = _Xz(stream) if suffix == ".xz" else gzip.GzipFile(fileobj=stream)
        max_bytes = max_unpacked(os.fstat(stream.fileno()).st_size)
        with raw, Unpacked(path, cast("IO[bytes]", raw), max_bytes) as content:
            yield io.BufferedReader(content)
