"""Opening files that others made: regular files only, never more than a bound, never waiting.

A named pipe would wait for a writer, and a device such as ``/dev/zero`` never ends. Both are told
apart before and after a file is opened, because a path may change in between.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO, cast

from moviegenre.core.errors import DataError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class UnreadableFileError(DataError):
    """A path is no regular file, cannot be opened, or holds more than is read."""


class NotAFileError(UnreadableFileError):
    """A path is a folder, a named pipe, a device or a socket."""


class MissingFileError(UnreadableFileError):
    """There is nothing at a path."""


def open_regular(path: Path, what: str = "a file") -> BinaryIO:
    """Open a regular file for reading bytes.

    Args:
        path: The file; links are followed.
        what: What it should be, for the message.

    Raises:
        MissingFileError: There is nothing.
        NotAFileError: It is a folder, a named pipe, a device or a socket.
        UnreadableFileError: It cannot be opened.
    """
    try:
        _refuse_other_kinds(path, os.stat(path), what)
        descriptor = os.open(path, _FLAGS)
        try:
            _refuse_other_kinds(path, os.fstat(descriptor), what)
            return cast("BinaryIO", os.fdopen(descriptor, "rb"))
        except BaseException:
            os.close(descriptor)
            raise
    except (FileNotFoundError, NotADirectoryError) as error:
        if os.path.islink(path):
            raise UnreadableFileError(f"{path} is a link that leads nowhere") from None
        raise MissingFileError(f"{path} cannot be read: {error.strerror}") from None
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # a NUL character in its name
        raise UnreadableFileError(f"{str(path)!r} cannot be read: {error}") from None


def read_bounded(path: Path, max_bytes: int, what: str = "a file") -> bytes:
    """Return the content of a regular file.

    Args:
        path: The file; links are followed.
        max_bytes: A larger file is not read.
        what: What it should be, for the message.

    Raises:
        MissingFileError: There is nothing.
        NotAFileError: It is a folder, a named pipe, a device or a socket.
        UnreadableFileError: It cannot be read, or is larger.
    """
    with open_regular(path, what) as stream:
        try:
            size = os.fstat(stream.fileno()).st_size
            # Files of the kernel say that they have no bytes, and may still never end.
            content = stream.read(max_bytes + 1) if size <= max_bytes else b""
        except OSError as error:
            raise UnreadableFileError(f"{path} cannot be read: {error.strerror}") from None
    if content is None:  # nothing is there yet, and it is not waited for
        raise UnreadableFileError(f"{path} has nothing to read; expected {what}")
    if size > max_bytes or len(content) > max_bytes:
        found = f"{size:,}" if size > max_bytes else f"more than {max_bytes:,}"
        raise UnreadableFileError(f"{path} has {found} bytes; expected at most {max_bytes:,}")
    return content


def _refuse_other_kinds(path: Path, found: os.stat_result, what: str) -> None:
    kind = next((name for is_kind, name in _KINDS if is_kind(found.st_mode)), None)
    if kind is not None:
        raise NotAFileError(f"{path} is {kind}; expected {what}")
