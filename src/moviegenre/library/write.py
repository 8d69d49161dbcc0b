"""Write planned changes into a library, each file in one step, and take them back."""

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from moviegenre.core.errors import DataError
from moviegenre.core.files import atomic_file, sync_folder
from moviegenre.core.locks import hidden_path
from moviegenre.core.reading import MissingFileError, raise_system_error, read_bounded
from moviegenre.library.journal import (
    Entry,
    Journal,
    is_inside,
    make_entry,
    remove_link,
    remove_part,
    sha256,
)
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
        """Return a change, or the outcome that its file has changed."""
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
            _write_file(self._journal.root, change.path, change.old, change.new)
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


def can_undo(path: Path) -> bool:
    """Return whether a library has a journal of changes.

    Args:
        path: The library's folder.

    Raises:
        DataNotFoundError: There is no such folder.
    """
    return bool(Journal(library_root(path)).files())


_CHANGED, _GONE = "the file was changed since", "the file is gone"
_CHANGED_BETWEEN = (
    "the file was changed between two runs that wrote it; it has its content from before the last "
    "of them again"
)


@dataclass
class UndoSummary:
    """The result of an undo.

    Attributes:
        num_files: Files in the journal.
        num_restored: Files that were restored now.
        num_same: Files that were already as before.
        skipped: Files that were left alone, each with the reason.
    """

    num_files: int = 0
    num_restored: int = 0
    num_same: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def has_own_changes(self) -> bool:
        """Whether files were left alone only because somebody changed or deleted them."""
        return any(reason in (_CHANGED, _GONE, _CHANGED_BETWEEN) for _, reason in self.skipped)


def undo(
    path: Path,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    *,
    overwrite: bool = False,
) -> UndoSummary:
    """Restore every file of a library as it was before the first change in the journal.

    A file that somebody else changed since is left alone and stays in the journal. If somebody
    changed it between two of our changes, their version is restored; the file counts as skipped,
    and the earlier change stays in the journal. An interrupted undo is resumed by the next one.

    Args:
        path: The library's folder.
        on_progress: Called with the files done and all files.
        overwrite: Restore files that somebody else changed or deleted, too; their changes are lost.

    Raises:
        BusyError: Another run is changing the library.
        DataError: The journal is damaged; nothing is changed then.
        DataNotFoundError: There is no such folder.
    """
    journal = Journal(library_root(path))
    if not journal.exists():
        return UndoSummary()
    with journal.locked():
        steps: dict[Path, list[tuple[str | None, str, Path]]] = {}
        for file in journal.files():
            for entry in journal.entries(file):
                step = (entry.before_sha256, entry.after_sha256, file)
                steps.setdefault(entry.path, []).append(step)
        summary = UndoSummary(num_files=len(steps))
        kept: list[Entry] = []
        sources, partly = _sources(journal, steps, summary, overwrite=overwrite)
        on_progress(0, len(steps))
        for file in reversed(journal.files()):
            wanted = sources.get(file, {})
            for entry in journal.entries(file) if wanted else ():
                source = wanted.get(entry.path)
                if source and source[:2] == (entry.before_sha256, entry.after_sha256):
                    del wanted[entry.path]
                    _restore(journal, entry, source[2], summary)
                    done = summary.num_restored + summary.num_same + len(summary.skipped)
                    on_progress(done, len(steps))
        skipped = {path for path, _ in summary.skipped}
        partly = {path: place for path, place in partly.items() if path not in skipped}
        seen: Counter[Path] = Counter()
        for file in journal.files() if skipped or partly else ():
            for entry in journal.entries(file):
                if entry.path in skipped or seen[entry.path] < partly.get(entry.path, 0):
                    kept.append(entry)
                seen[entry.path] += 1
        summary.num_restored -= len(partly)
        summary.skipped += [(path, _CHANGED_BETWEEN) for path in partly]
        journal.keep_only(kept)
    return summary


_Steps = dict[Path, list[tuple[str | None, str, Path]]]
_Sources = dict[Path, dict[Path, tuple[str | None, str, str | None]]]


def _sources(
    journal: Journal, steps: _Steps, summary: UndoSummary, *, overwrite: bool
) -> tuple[_Sources, dict[Path, int]]:
    """Return what restores the files.

    The last change that wrote the current content of a file is found. From there, the changes are
    followed back as long as each began with the content that an earlier one wrote.

    Returns:
        By journal file, the entries that restore files and the files' current hashes. Then the
        files that end at somebody else's version, with the index of the change that has it.
    """
    sources: _Sources = {}
    partly: dict[Path, int] = {}
    for path, changes in steps.items():
        remove_part(journal.root, path)
        try:
            current = sha256(_read(journal.root, path))
        except DataError as error:
            summary.skipped.append((path, str(error)))
            continue
        if current == changes[0][0]:
            summary.num_same += 1
            continue
        places = [place for place, change in enumerate(changes) if change[1] == current]
        if not places and not overwrite:
            summary.skipped.append((path, _GONE if current is None else _CHANGED))
            continue
        place = 0 if overwrite else places[-1]
        while place and (before := changes[place][0]) in {step[1] for step in changes[:place]}:
            place = max(at for at in range(place) if changes[at][1] == before)
        before, after, file = changes[place]
        sources.setdefault(file, {})[path] = (before, after, current)
        if before != changes[0][0]:
            partly[path] = place
    return sources, partly


def _restore(journal: Journal, entry: Entry, expected: str | None, summary: UndoSummary) -> None:
    """Restore the bytes of a file, or remove a file that did not exist."""
    path = journal.root / entry.path
    try:
        current = _read(journal.root, entry.path)
        if sha256(current) != expected:
            raise DataError(_CHANGED)
        if entry.before is None:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
        else:
            _write_file(journal.root, entry.path, current, entry.before)
    except DataError as error:
        summary.skipped.append((entry.path, str(error)))
    except OSError as error:
        raise_system_error(error, path)
        summary.skipped.append((entry.path, error.strerror or str(error)))
    else:
        summary.num_restored += 1


def _write_file(root: Path, relative: Path, old: bytes | None, new: bytes) -> None:
    """Write a file if it is unchanged; mode, owner and extended attributes stay.

    Raises:
        DataError: It is not, or a link leads out of the library.
    """
    path = root / relative
    remove_link(hidden_path(path, "part"))
    like = os.stat(path) if old is not None else None
    with atomic_file(path) as stream:
        stream.write(new)
        if like is not None:
            _keep_owner(stream.fileno(), path, like)
        _require_unchanged(root, relative, old)


def _require_unchanged(root: Path, relative: Path, old: bytes | None) -> None:
    if _read(root, relative) != old:
        raise DataError("the file was changed since it was read")


def _read(root: Path, relative: Path) -> bytes | None:
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


def _keep_owner(descriptor: int, path: Path, like: os.stat_result) -> None:
    """Give a new file mode, owner and extended attributes of the one it replaces."""
    now = os.fstat(descriptor)
    if hasattr(os, "fchown") and (now.st_uid, now.st_gid) != (like.st_uid, like.st_gid):
        try:
            os.fchown(descriptor, like.st_uid, like.st_gid)
        except PermissionError as error:
            reason = "its owner cannot be kept; run the command as the owner of the files"
            raise PermissionError(error.errno, reason, str(path)) from None
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
    if hasattr(os, "listxattr"):
        with suppress(OSError):  # this file system has none, or some belong to the system
            for name in os.listxattr(path):
                os.setxattr(descriptor, name, os.getxattr(path, name))


def _not_written(change: FilmChange, outcome: Outcome, note: str) -> FilmChange:
    return replace(change, outcome=outcome, after=change.before, note=note)
