"""Write planned changes into a library, each file in one step."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from moviegenre.core.errors import DataError
from moviegenre.core.files import atomic_file
from moviegenre.core.locks import hidden_path
from moviegenre.core.reading import MissingFileError, raise_system_error, read_bounded
from moviegenre.library.journal import Journal, is_inside, make_entry, remove_link
from moviegenre.library.nfo import MAX_NFO_BYTES
from moviegenre.library.plan import FilmChange, Outcome
from moviegenre.library.walk import library_root


class LibraryWriter:
    """Writes changes into a library; made by ``writing``.

    Args:
        journal: The library's journal, whose lock is held.

    Attributes:
        num_written: Files written so far.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.num_written = 0

    def write(self, changes: Sequence[FilmChange]) -> list[FilmChange]:
        """Write the planned changes and return the outcome of each.

        Args:
            changes: The result of ``plan_changes``.

        Raises:
            OSError: The disk is full or broken, so nothing more can be written.
        """
        checked = [self._checked(change) for change in changes]
        entries = [
            make_entry(change.path, change.old, change.new)
            for change in checked
            if change.outcome == Outcome.CHANGE and change.new is not None
        ]
        if entries:
            self._journal.append(entries)
        return [self._written(change).without_content() for change in checked]

    def _checked(self, change: FilmChange) -> FilmChange:
        """Return a change, with another outcome if its file has changed."""
        if change.outcome != Outcome.CHANGE or change.new is None:
            return change
        try:
            _require_unchanged(self._journal.root, change.path, change.old)
        except DataError as error:
            return _not_written(change, Outcome.CHANGED_SINCE, str(error))
        return change

    def _written(self, change: FilmChange) -> FilmChange:
        if change.outcome != Outcome.CHANGE or change.new is None:
            return change
        try:
            write_file(self._journal.root, change.path, change.old, change.new)
        except DataError as error:
            return _not_written(change, Outcome.CHANGED_SINCE, str(error))
        except OSError as error:
            raise_system_error(error, change.path)
            return _not_written(change, Outcome.FAILED, error.strerror or str(error))
        self.num_written += 1
        return change


@contextmanager
def writing(path: Path) -> Iterator[LibraryWriter]:
    """Yield a writer for a library; other runs are locked out.

    Args:
        path: The library's folder.

    Raises:
        BusyError: Another run is changing the library.
        DataNotFoundError: There is no such folder.
    """
    journal = Journal(library_root(path))
    with journal.locked():
        journal.tidy()
        yield LibraryWriter(journal)


def write_file(root: Path, relative: Path, old: bytes | None, new: bytes) -> None:
    """Write a file if it is unchanged; mode, owner and extended attributes stay.

    Raises:
        DataError: The file was changed, or a link leads out of the library.
    """
    path = root / relative
    remove_link(hidden_path(path, "part"))
    original = os.stat(path) if old is not None else None
    with atomic_file(path) as stream:
        stream.write(new)
        if original is not None:
            _keep_owner(stream.fileno(), path, original)
        _require_unchanged(root, relative, old)


def _require_unchanged(root: Path, relative: Path, old: bytes | None) -> None:
    if read_file(root, relative) != old:
        raise DataError("the file was changed since it was read")


def read_file(root: Path, relative: Path) -> bytes | None:
    """Return a file's bytes; None if there is none.

    Raises:
        DataError: It cannot be read, or a link leads out of the library.
    """
    if not is_inside(root, relative):
        raise DataError("a link stands on the way to the file")
    try:
        return read_bounded(root / relative, MAX_NFO_BYTES, "an .nfo file")
    except MissingFileError:
        return None


def _keep_owner(descriptor: int, path: Path, original: os.stat_result) -> None:
    """Give a new file the mode, owner and extended attributes of the original."""
    current = os.fstat(descriptor)
    if hasattr(os, "fchown") and (current.st_uid, current.st_gid) != (
        original.st_uid,
        original.st_gid,
    ):
        try:
            os.fchown(descriptor, original.st_uid, original.st_gid)
        except PermissionError as error:
            reason = "its owner cannot be kept; run the command as the owner of the files"
            raise PermissionError(error.errno, reason, str(path)) from None
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(original.st_mode))
    if hasattr(os, "listxattr"):
        with suppress(OSError):  # no attributes on this file system, or some cannot be set
            for name in os.listxattr(path):
                os.setxattr(descriptor, name, os.getxattr(path, name))


def _not_written(change: FilmChange, outcome: Outcome, note: str) -> FilmChange:
    return replace(change, outcome=outcome, after=change.before, note=note)
