"""Open files from users: regular files only, with a size limit, without waiting.

A named pipe would wait for a writer, and a device such as ``/dev/zero`` never ends. The kind is
checked before and after a file is opened, because a path may change in between.

An unreadable file is a fault of one film. A failure of the system stops the command, because the
next file would fail too.
"""

import errno
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
_SYSTEM_ERRORS = frozenset(
    {
        *(errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EROFS),
        *(getattr(errno, name) for name in ("EDQUOT", "ESTALE") if hasattr(errno, name)),
    }
)
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class UnreadableFileError(DataError):
    """A path is no regular file, cannot be opened, or is too large."""


class NotAFileError(UnreadableFileError):
    """A path is a folder, a named pipe, a device or a socket."""


class MissingFileError(UnreadableFileError):
    """A path does not exist."""


def real_path(path: Path) -> Path:
    """Return a path without links; a link to itself stays unchanged.

    ``Path.resolve`` is not used, because it raises a ``RuntimeError`` for a link to itself.
    """
    return Path(os.path.realpath(path))


def at_home(path: Path) -> Path:
    """Return a path with ``~`` expanded; unchanged if there is no such user."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def raise_system_error(error: BaseException, path: Path) -> None:
    """Raise the error again if the system failed and not this one file.

    Call it before one of many files is reported as unreadable.

    Args:
        error: The error of reading a file.
        path: The file, for errors that do not name it.

    Raises:
        OSError: The disk failed or is full, or descriptors or memory ran out.
    """
    if isinstance(error, OSError) and error.errno in _SYSTEM_ERRORS:
        if error.filename is None:
            error.filename = str(path)
        raise error


def is_there(path: Path) -> bool:
    """Return whether a path exists; a broken link exists too.

    Raises:
        OSError: The system failed.
    """
    try:
        os.lstat(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL character in its name
        raise_system_error(error, path)
        return False
    return True


def open_regular(path: Path, what: str = "a file") -> BinaryIO:
    """Open a regular file for reading bytes.

    Args:
        path: The file; links are followed.
        what: The expected kind of file, for the message.

    Raises:
        MissingFileError: There is nothing.
        NotAFileError: It is a folder, a named pipe, a device or a socket.
        UnreadableFileError: It cannot be opened.
        OSError: The system failed.
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
        raise_system_error(error, path)
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # a NUL character in its name
        raise UnreadableFileError(f"{str(path)!r} cannot be read: {error}") from None


def read_bounded(path: Path, max_bytes: int, what: str = "a file") -> bytes:
    """Return the content of a regular file.

    Args:
        path: The file; links are followed.
        max_bytes: A larger file is not read.
        what: The expected kind of file, for the message.

    Raises:
        MissingFileError: There is nothing.
        NotAFileError: It is a folder, a named pipe, a device or a socket.
        UnreadableFileError: It cannot be read, or is larger.
        OSError: The system failed.
    """
    with open_regular(path, what) as stream:
        try:
            size = os.fstat(stream.fileno()).st_size
            # Files of the kernel have a size of 0, but may never end.
            content = stream.read(max_bytes + 1) if size <= max_bytes else b""
        except OSError as error:
            raise_system_error(error, path)
            raise UnreadableFileError(f"{path} cannot be read: {error.strerror}") from None
    if content is None:  # there is no data yet, and the stream does not wait
        raise UnreadableFileError(f"{path} has nothing to read; expected {what}")
    if size > max_bytes or len(content) > max_bytes:
        size_text = f"{size:,}" if size > max_bytes else f"more than {max_bytes:,}"
        raise UnreadableFileError(f"{path} has {size_text} bytes; expected at most {max_bytes:,}")
    return content


def _refuse_other_kinds(path: Path, status: os.stat_result, what: str) -> None:
    kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), None)
    if kind is not None:
        raise NotAFileError(f"{path} is {kind}; expected {what}")
