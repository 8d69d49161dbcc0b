"""Writing files so that an interruption never leaves a half-written one."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from moviegenre.core.errors import DataError

_CHUNK_BYTES = 1 << 20


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block succeeds.

    Args:
        path: Where the file will be; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def reserve(path: Path) -> None:
    """Take the disk space of all of a file now, where the system can.

    A file that is mapped into memory has space for what was written alone, and a process that
    then finds the disk full is killed.

    Args:
        path: A file, which keeps what it holds.

    Raises:
        OSError: There is not enough space.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS and Windows
        return
    try:
        with path.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # this file system cannot
            raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder beside ``path`` that takes its place when the block succeeds.

    What was there before goes then, and only then.

    Args:
        path: Where the folder will be; its parent is made.
    """
    path = path.resolve()  # "." has no name of its own
    path.parent.mkdir(parents=True, exist_ok=True)
    workplace = Path(mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    folder = workplace / "new"
    try:
        folder.mkdir()  # unlike mkdtemp's own, it is as open as the user's other folders
        yield folder
        if path.exists():
            path.rename(workplace / "old")  # there is always one of the two
        folder.rename(path)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def check_folder(path: Path, option: str) -> None:
    """Say no, before any work is done, to a path at which no folder can be made.

    Args:
        path: Where files will be written.
        option: What named it, for the message.

    Raises:
        DataError: It is a file, or lies in one.
    """
    nearest = next((p for p in (path, *path.parents) if p.exists()), None)
    if nearest is not None and not nearest.is_dir():
        raise DataError(f"{nearest} is a file, expected a folder; name another with {option}")


def write_text(path: Path, text: str) -> None:
    """Write text (UTF-8) to ``path`` in one step."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal text."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
