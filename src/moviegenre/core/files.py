"""Write files in one step: a file is complete and on the disk, or unchanged."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from moviegenre.core.errors import DataError
from moviegenre.core.locks import hidden_path, open_locked

_CHUNK_BYTES = 1 << 20


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a binary stream whose file replaces ``path`` when the block succeeds.

    The file is flushed to the disk before it is renamed, and the folder afterwards. The hidden file
    of a killed run is overwritten. Another writer of the same file waits.

    Args:
        path: Where the file will be; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = hidden_path(path, "part")
    descriptor = open_locked(part, wait=True)
    assert descriptor is not None, "it waits"
    stream = None
    try:
        os.ftruncate(descriptor, 0)
        stream = os.fdopen(descriptor, "w+b", _CHUNK_BYTES)
        yield stream
        stream.flush()
        os.fsync(descriptor)
        if os.name == "nt":
            stream.close()  # Windows cannot rename an open file
        part.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError) and error.filename is None and error.errno:
            error.filename = str(path)  # a failed write does not name its file
        raise
    finally:
        with suppress(OSError):  # its buffer is flushed above, or discarded
            os.close(descriptor) if stream is None else stream.close()


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield the path of a file that replaces ``path``, for writers that need a path.

    Args:
        path: Where the file will be; its folder is made.
    """
    with atomic_file(path):
        part = hidden_path(path, "part")
        yield part
        sync_file(part)  # the writer may have put another file there


def write_text(path: Path, text: str) -> None:
    """Write text (UTF-8) to ``path`` in one step."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes to ``path`` in one step."""
    with atomic_file(path) as stream:
        stream.write(content)


def sync_file(path: Path) -> None:
    """Flush a file's content to the disk."""
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to the disk, if the system supports it."""
    if os.name == "nt":
        return
    try:
        sync_file(path)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF):  # not supported by this file system
            raise


def check_folder(path: Path, setting: str) -> None:
    """Fail early if no folder can be created at this path.

    Args:
        path: Where files will be written.
        setting: The setting that names it, for the message.

    Raises:
        DataError: The path or a parent is a file, or a link that leads nowhere.
    """
    nearest = next((part for part in (path, *path.parents) if os.path.lexists(part)), None)
    if nearest is not None and not nearest.is_dir():
        kind = "a file" if nearest.exists() else "a link that leads nowhere"
        raise DataError(f"{nearest} is {kind}, expected a folder; name another with {setting}")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
