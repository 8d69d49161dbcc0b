"""One writer at a time: locks that end with the process that holds them.

The lock is ``flock`` on a hidden file beside the output. The system always releases it when the
process ends, so a killed run never leaves a lock behind. The file is removed before the lock is
released, and a process that gets a lock checks that its file is still there, so no lock files pile
up. (The package filelock keeps its files on Unix, and may use a lock that outlives its process.)
"""

import errno
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from moviegenre.core.errors import BusyError
from moviegenre.core.reading import real_path

if sys.platform != "win32":  # Windows has no flock, so runs are not separated there
    import fcntl

logger = logging.getLogger(__name__)

_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # network file systems without locks
_held: set[tuple[Path, int]] = set()
"""The locks that this process holds: path and thread."""


def hidden_path(path: Path, kind: str) -> Path:
    """Return a hidden path beside an output.

    Args:
        path: The output.
        kind: Its kind: ``part``, ``lock``, ``new``, ``old`` or ``gone``.

    Example:
        >>> hidden_path(Path("data/prepared"), "new").as_posix()
        'data/.prepared.moviegenre-new'
    """
    return path.with_name(f".{path.name}.moviegenre-{kind}")


@contextmanager
def locked(
    path: Path, remedy: str = "name another output with `out`", *, wait: bool = False
) -> Iterator[None]:
    """Lock an output against other runs; the same run may lock it again.

    Args:
        path: The output, a file or a folder; its parent is made.
        remedy: What to do instead of waiting, for the message.
        wait: Wait for the other run instead.

    Raises:
        BusyError: Another run is writing it, and ``wait`` is false.
    """
    path = real_path(path)
    key = (path, threading.get_ident())
    if key in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = hidden_path(path, "lock")
    descriptor = open_locked(file, wait=wait)
    if descriptor is None:
        raise BusyError(
            f"{path} is being written by another run{_owner(file)}; wait until it ends, or {remedy}"
        )
    try:
        _held.add(key)
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        _held.discard(key)
        with suppress(OSError):
            file.unlink()
        os.close(descriptor)


def open_locked(path: Path, *, wait: bool) -> int | None:
    """Open a file for reading and writing, create it if missing, and lock it.

    Args:
        path: The file.
        wait: Wait for the process that has the lock.

    Returns:
        Its descriptor, to be closed by the caller; None if another process has the lock and
        ``wait`` is false.
    """
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o666)
        try:
            if not _lock(descriptor, path, wait=wait):
                os.close(descriptor)
                return None
            is_current = _is_same_file(descriptor, path)
        except BaseException:
            os.close(descriptor)
            raise
        if is_current:
            return descriptor
        os.close(descriptor)  # the process that had the lock removed or renamed it


def _lock(descriptor: int, path: Path, *, wait: bool) -> bool:
    """Lock an open file; return whether that succeeded."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not wait:
            return False
        logger.info("another run is writing %s; this one continues when it is done", _output(path))
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        _warn_once(path.parent)
    return True


@cache
def _warn_once(folder: Path) -> None:
    logger.warning(
        "%s: this file system has no locks, so two runs could write at the same time", folder
    )


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _output(path: Path) -> Path:
    """Return the output of a path that ``hidden_path`` returned."""
    name, is_hidden, _ = path.name.rpartition(".moviegenre-")
    return path.with_name(name[1:]) if is_hidden else path


def _owner(file: Path) -> str:
    """Return the owner of a lock in brackets; empty if unknown."""
    try:
        process_id = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
    return f" (process {process_id})" if process_id.isdecimal() else ""
