"""Restore the files of a library as they were before the first change in its journal."""

import os
from collections import Counter
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from moviegenre.core.errors import DataError
from moviegenre.core.files import sync_folder
from moviegenre.core.reading import raise_system_error
from moviegenre.library.journal import Entry, Journal, remove_part, sha256
from moviegenre.library.walk import library_root
from moviegenre.library.write import read_file, write_file

_CHANGED, _GONE = "the file was changed since", "the file is gone"
_FOLDER_GONE = "its folder is gone; if it was renamed, give it its old name back and undo again"
_CHANGED_BETWEEN = (
    "the file was changed between two runs that wrote it; it has its content from before the last "
    "of them again"
)


class SkippedFile(NamedTuple):
    """A file that an undo left alone.

    Attributes:
        path: Relative to the library.
        reason: Why it was left alone.
        is_own_change: Somebody changed or deleted it after it was written.
    """

    path: Path
    reason: str
    is_own_change: bool = False


@dataclass
class UndoSummary:
    """The result of an undo.

    Attributes:
        num_files: Files in the journal.
        num_restored: Files that were restored now.
        num_same: Files that already had their content from before.
        skipped: Files that were left alone.
    """

    num_files: int = 0
    num_restored: int = 0
    num_same: int = 0
    skipped: list[SkippedFile] = field(default_factory=list)


def can_undo(path: Path) -> bool:
    """Return whether a library has a journal of changes.

    Args:
        path: The library's folder.

    Raises:
        DataNotFoundError: There is no such folder.
    """
    return bool(Journal(library_root(path)).files())


def undo(
    path: Path,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    *,
    overwrite: bool = False,
) -> UndoSummary:
    """Restore every file of a library as it was before the first change in the journal.

    A file that somebody else changed, renamed or moved since is left alone and stays in the
    journal. If somebody changed it between two of our changes, their version is restored; the file
    counts as skipped, and the earlier change stays in the journal. An interrupted undo is resumed
    by the next one.

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
        changes: dict[Path, list[_Change]] = {}
        for file in journal.files():
            for entry in journal.entries(file):
                change = _Change(entry.before_sha256, entry.after_sha256, file)
                changes.setdefault(entry.path, []).append(change)
        summary = UndoSummary(num_files=len(changes))
        steps = _restore_steps(journal, changes, summary, overwrite=overwrite)
        steps_by_file: dict[Path, dict[Path, _Step]] = {}
        for changed_path, step in steps.items():
            steps_by_file.setdefault(step.change.file, {})[changed_path] = step
        on_progress(0, len(changes))
        for file in reversed(journal.files()):
            file_steps = steps_by_file.get(file, {})
            for entry in journal.entries(file) if file_steps else ():
                file_step = file_steps.get(entry.path)
                if file_step and file_step.change[:2] == (entry.before_sha256, entry.after_sha256):
                    del file_steps[entry.path]
                    _restore(journal, entry, file_step.current_sha256, summary)
                    done = summary.num_restored + summary.num_same + len(summary.skipped)
                    on_progress(done, len(changes))
        skipped = {file.path for file in summary.skipped}
        partial = {
            path: step.position
            for path, step in steps.items()
            if step.change.before_sha256 != changes[path][0].before_sha256 and path not in skipped
        }
        journal.keep_only(_unrestored(journal, skipped, partial))
        summary.num_restored -= len(partial)
        summary.skipped += [SkippedFile(path, _CHANGED_BETWEEN, True) for path in partial]
    return summary


class _Change(NamedTuple):
    """A change of a file in the journal; None is the hash of no file."""

    before_sha256: str | None
    after_sha256: str
    file: Path


class _Step(NamedTuple):
    """How a file is restored: the change to undo to, and its position in the file's changes."""

    change: _Change
    position: int
    current_sha256: str | None


def _restore_steps(
    journal: Journal,
    changes: Mapping[Path, list[_Change]],
    summary: UndoSummary,
    *,
    overwrite: bool,
) -> dict[Path, _Step]:
    """Return how each file is restored, and count the files that are not.

    The search starts at the last change that wrote the current content of the file. It goes back
    as long as an earlier change wrote the content that this one replaced.
    """
    steps: dict[Path, _Step] = {}
    files = cache(lambda: _files_by_sha256(journal.root, changes))
    for path, file_changes in changes.items():
        remove_part(journal.root, path)
        try:
            current = sha256(read_file(journal.root, path))
        except DataError as error:
            summary.skipped.append(SkippedFile(path, str(error)))
            continue
        if current is None and (
            reason := _missing_reason(journal.root / path, file_changes, files)
        ):
            summary.skipped.append(SkippedFile(path, reason))
            continue
        if current == file_changes[0].before_sha256:
            summary.num_same += 1
            continue
        indices = [
            index for index, change in enumerate(file_changes) if change.after_sha256 == current
        ]
        if not indices and not overwrite:
            reason = _GONE if current is None else _CHANGED
            summary.skipped.append(SkippedFile(path, reason, True))
            continue
        index = 0 if overwrite else indices[-1]
        while earlier := [
            earlier_index
            for earlier_index, change in enumerate(file_changes[:index])
            if change.after_sha256 == file_changes[index].before_sha256
        ]:
            index = earlier[-1]
        steps[path] = _Step(file_changes[index], index, current)
    return steps


def _files_by_sha256(root: Path, known: Container[Path]) -> dict[str, list[Path]]:
    """Return the .nfo files of a library that are not in its journal, by hash."""
    files: dict[str, list[Path]] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name).relative_to(root)
            if path.suffix.lower() != ".nfo" or path in known:
                continue
            with suppress(DataError):
                if key := sha256(read_file(root, path)):
                    files.setdefault(key, []).append(path)
    return files


def _missing_reason(
    path: Path, changes: list[_Change], files: Callable[[], Mapping[str, list[Path]]]
) -> str:
    """Return why a missing file is not restored, such as a new name; empty if it may be.

    Args:
        path: The file.
        changes: Its changes.
        files: Returns the files of the library that are not in the journal, by hash.
    """
    is_new, has_folder = changes[0].before_sha256 is None, path.parent.is_dir()
    if is_new and has_folder:
        return ""  # its owner or an earlier undo removed it
    found = files().get(changes[-1].after_sha256, [])
    if len(found) == 1:
        return f"it is now {found[0].as_posix()}; rename it back and undo again, or edit it there"
    return "" if is_new or has_folder else _FOLDER_GONE


def _restore(journal: Journal, entry: Entry, expected: str | None, summary: UndoSummary) -> None:
    """Restore the bytes of a file, or remove a file that did not exist."""
    path = journal.root / entry.path
    try:
        current = read_file(journal.root, entry.path)
        if sha256(current) != expected:
            summary.skipped.append(SkippedFile(entry.path, _CHANGED, True))
            return
        if entry.before is None:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
        else:
            write_file(journal.root, entry.path, current, entry.before)
    except DataError as error:
        summary.skipped.append(SkippedFile(entry.path, str(error)))
    except OSError as error:
        raise_system_error(error, path)
        summary.skipped.append(SkippedFile(entry.path, error.strerror or str(error)))
    else:
        summary.num_restored += 1


def _unrestored(journal: Journal, skipped: set[Path], partial: Mapping[Path, int]) -> list[Entry]:
    """Return the changes that stay in the journal.

    Args:
        journal: The journal.
        skipped: Files that were left alone; all of their changes stay.
        partial: Files whose first changes stay, with the number of these changes.
    """
    remaining: list[Entry] = []
    num_seen: Counter[Path] = Counter()
    for file in journal.files() if skipped or partial else ():
        for entry in journal.entries(file):
            if entry.path in skipped or num_seen[entry.path] < partial.get(entry.path, 0):
                remaining.append(entry)
            num_seen[entry.path] += 1
    return remaining
