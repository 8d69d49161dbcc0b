"""Read a tar archive as a stream, hash it while reading, and refuse a truncated one."""

import gzip
import hashlib
import os
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Self, cast

from moviegenre.core.errors import DataError, printable, shortened
from moviegenre.core.reading import open_regular, raise_system_error
from moviegenre.data.unpacking import UNPACKING_ERRORS, Unpacked, max_unpacked

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 20
_BLOCK_BYTES = 512  # of tar; at least one block of zeros ends an archive
_HEADER_BYTES = 1 << 20  # of headers such as long names, which tarfile reads into memory
_HEADER_TYPES = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)


class _Hashed:
    """A stream that is hashed while it is read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.digest.update(content)
        return content


class _Tailed:
    """A stream that keeps its last bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.tail = b""

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.tail = (self.tail + content)[-_BLOCK_BYTES:]
        return content


class _Member(tarfile.TarInfo):
    """A member with a limit on the size of its headers."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _HEADER_TYPES and member.size > _HEADER_BYTES:
            raise _TooLargeHeader(f"a header of {member.size:,} bytes")
        return member


class _TooLargeHeader(Exception):
    """A member's header has more bytes than any path; the message has the number."""


class ArchiveStream:
    """An open archive, which is read once from its beginning.

    Args:
        path: The path of the archive, for messages.
        file: The bytes of the file.
        content: The decompressed bytes.
        tar: The reader of ``content``.
    """

    def __init__(self, path: Path, file: _Hashed, content: _Tailed, tar: tarfile.TarFile) -> None:
        self._path = path
        self._file = file
        self._content = content
        self.tar = tar

    def members(self) -> Iterator[tarfile.TarInfo]:
        """Yield the members in order; each can be read until the next one.

        Raises:
            DataError: The path of a member leaves the archive.
        """
        while (member := self.tar.next()) is not None:
            # Otherwise tarfile would keep all members in memory; some archives have millions.
            self.tar.members.clear()  # type: ignore[attr-defined]
            name = PurePosixPath(member.name)
            if name.is_absolute() or ".." in name.parts:
                raise DataError(
                    f"{self._path} has a member {shortened(member.name)!r}, whose path leaves the "
                    "archive; it is refused: get the archive from where it was published"
                )
            yield member

    def finish(self) -> str:
        """Check that the archive is complete, and return the SHA-256 of its file.

        ``tarfile`` accepts a stream that ends between two members.

        Raises:
            DataError: The archive is truncated.
        """
        for stream in (self._content, self._file):
            while stream.read(_CHUNK_BYTES):
                pass
        if self._content.tail.strip(b"\0"):
            raise DataError(f"{self._path} is cut off: the end of the archive is missing")
        return self._file.digest.hexdigest()


@contextmanager
def open_archive(path: Path, *, progress: bool) -> Iterator[ArchiveStream]:
    """Open a ``.tar`` or ``.tar.gz`` for one pass.

    Args:
        path: The file; compression is detected from its first bytes.
        progress: Show a progress bar.

    Raises:
        DataError: The file is no tar archive, or damaged; also raised while it is read.
    """
    import rich.progress

    try:
        with ExitStack() as stack:
            opened = stack.enter_context(open_regular(path))
            size = os.fstat(opened.fileno()).st_size
            is_compressed = opened.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            opened.seek(0)
            stream = stack.enter_context(
                rich.progress.wrap_file(
                    opened,
                    size,
                    description=f"reading {printable(path.name)}",
                    disable=not progress,
                )
            )
            file = _Hashed(stream)
            # gzip and tarfile call only the stream's method read.
            plain = cast("IO[bytes]", file)
            if is_compressed:
                unpacked = stack.enter_context(gzip.GzipFile(fileobj=plain))
                plain = cast(
                    "IO[bytes]", Unpacked(path, cast("IO[bytes]", unpacked), max_unpacked(size))
                )
            content = _Tailed(plain)
            tar = stack.enter_context(
                tarfile.open(fileobj=cast("IO[bytes]", content), mode="r|", tarinfo=_Member)
            )
            yield ArchiveStream(path, file, content, tar)
    except (tarfile.TarError, ValueError, *UNPACKING_ERRORS) as error:
        raise_system_error(error, path)
        raise DataError(f"{path} cannot be read as a tar archive: {error}; is it whole?") from None
    except (_TooLargeHeader, RecursionError, MemoryError) as error:
        fault = "too many headers for one member" if isinstance(error, RecursionError) else error
        raise DataError(f"{path} is no archive of movies: it has {fault or 'too much'}") from None
