"""Write folders in one step: a folder is complete and on the disk, or unchanged.

A run uses three folders beside the output ``NAME``: ``.NAME.moviegenre-new`` (being written),
``-old`` (the previous one, until the new one has its name) and ``-gone`` (being removed). A killed
run leaves at most these. The next run that opens or writes the output restores ``-old`` if the
output is missing, and removes the others.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from moviegenre.core.errors import BusyError
from moviegenre.core.files import sync_file, sync_folder
from moviegenre.core.locks import hidden_path, locked
from moviegenre.core.reading import real_path

logger = logging.getLogger(__name__)

_REMOVAL_TRIES = 2  # some failures are temporary, such as those of a network drive
_SYNCS_AT_ONCE = 8  # the file system combines concurrent ones


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder that replaces ``path`` when the block succeeds.

    The old folder is removed after that. After a failure it keeps its name, or it is restored when
    the output is opened the next time.

    Args:
        path: Where the folder will be; its parent is made.

    Raises:
        BusyError: Another run is writing it.
    """
    path = real_path(path)  # "." has no name of its own
    with locked(path):
        _tidy(path)
        new = hidden_path(path, "new")
        try:
            new.mkdir()
            yield new
            sync_tree(new)
            _swap(new, path)
        finally:
            shutil.rmtree(new, ignore_errors=True)
            _remove_old(path)


def restore_folder(path: Path) -> None:
    """Restore a folder that a killed run had renamed to replace it.

    Args:
        path: An output that is about to be read or written.
    """
    path = real_path(path)
    if path.exists() or not hidden_path(path, "old").is_dir():
        return
    with suppress(BusyError), locked(path):  # another run that writes it will restore it
        _tidy(path)


def sync_tree(folder: Path) -> None:
    """Flush a folder and everything in it to the disk."""
    folders, files = [], []
    for root, _, names in os.walk(folder):
        folders.append(Path(root))
        files += [Path(root, name) for name in names]
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        list(pool.map(sync_file, files))
    for directory in reversed(folders):
        sync_folder(directory)


def _swap(new: Path, path: Path) -> None:
    """Rename the new folder to its path, or leave everything unchanged."""
    old = hidden_path(path, "old")
    try:
        if path.exists():
            path.rename(old)
        new.rename(path)
        sync_folder(path.parent)
    except BaseException:
        if path.exists() and not new.exists():
            path.rename(new)
        if old.exists() and not path.exists():
            old.rename(path)
        raise


def _tidy(path: Path) -> None:
    """Clean up after a killed run beside an output; the caller holds its lock."""
    old = hidden_path(path, "old")
    if old.is_dir() and not path.exists():
        old.rename(path)
        sync_folder(path.parent)
    _remove_old(path)
    shutil.rmtree(hidden_path(path, "new"), ignore_errors=True)


def _remove_old(path: Path) -> None:
    """Rename and remove the old folder once a new one has its name.

    The rename prevents a half-removed folder from being restored. The output is complete even if
    this fails, so a failure is a warning.
    """
    old, gone = hidden_path(path, "old"), hidden_path(path, "gone")
    failure = ""
    for _ in range(_REMOVAL_TRIES):
        try:
            if gone.exists():
                shutil.rmtree(gone)
            if path.exists() and old.exists():
                old.rename(gone)
                shutil.rmtree(gone)
        except OSError as error:
            failure = error.strerror or str(error)
        else:
            return
    leftover = gone if gone.exists() else old
    logger.warning(
        "%s could not be removed (%s); delete it, or the next run with this output does",
        leftover,
        failure,
    )
