"""The journal of a library: the content of each file before its change.

It is the folder ``.moviegenre-journal`` of the library, with numbered files of JSON lines. Each
file is on the disk before the first change it lists. ``--undo`` restores from it.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from moviegenre.core.errors import DataError
from moviegenre.core.files import sync_folder, write_bytes
from moviegenre.core.locks import hidden_path, locked
from moviegenre.core.reading import read_bounded

JOURNAL_FOLDER = ".moviegenre-journal"
_FORMAT = "moviegenre-journal-1"
_MAX_BYTES = 2 << 30


@dataclass(frozen=True)
class Entry:
    """A change of a file.

    Attributes:
        path: The file, relative to the library.
        before: Its bytes before the change; None if there was no file.
        before_sha256: Their SHA-256; None if there was no file.
        after_sha256: The SHA-256 of its bytes after the change.
    """

    path: Path
    before: bytes | None
    before_sha256: str | None
    after_sha256: str


def sha256(content: bytes | None) -> str | None:
    """Return the SHA-256 of bytes as hexadecimal text; None for no file."""
    return None if content is None else hashlib.sha256(content).hexdigest()


def make_entry(path: Path, before: bytes | None, after: bytes) -> Entry:
    """Return the entry of a change."""
    return Entry(path, before, sha256(before), hashlib.sha256(after).hexdigest())


class Journal:
    """The journal of one library; only one run at a time may write it.

    Args:
        root: The library's folder, with links resolved.

    Raises:
        DataError: A link has the journal's name.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / JOURNAL_FOLDER
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            raise DataError(f"{self.folder} is no folder of this library; remove it or move it")

    def exists(self) -> bool:
        """Return whether a run has left a journal, or a lock when it was killed."""
        return self.folder.is_dir() or hidden_path(self.folder, "lock").exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the library against other runs.

        Raises:
            BusyError: Another run is changing it.
        """
        remove_link(hidden_path(self.folder, "lock"))
        with locked(self.folder, "stop it"):
            yield

    def files(self) -> list[Path]:
        """Return the journal's files, the oldest first."""
        return sorted(self.folder.glob("[0-9]*.jsonl"))

    def append(self, entries: Sequence[Entry]) -> None:
        """Write entries to the disk; changes may be made after this returns."""
        if not self.folder.is_dir():
            self.folder.mkdir()
            sync_folder(self.root)
        files = self.files()
        number = int(files[-1].stem) + 1 if files else 1
        path = self.folder / f"{number:08d}.jsonl"
        remove_link(hidden_path(path, "part"))
        lines = [json.dumps({"format": _FORMAT}), *map(_line, entries), ""]
        write_bytes(path, "\n".join(lines).encode("ascii"))

    def entries(self, path: Path) -> Iterator[Entry]:
        """Yield the entries of one of the journal's files.

        Raises:
            DataError: The file is damaged, or names something outside the library.
        """
        content = read_bounded(path, _MAX_BYTES, "a journal")
        try:
            head, *lines = content.decode("ascii").splitlines()
            if json.loads(head) != {"format": _FORMAT}:
                raise ValueError("another version of this program wrote it")
            for line in lines:
                yield _entry(line)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{path} is damaged ({error}); restore it from a backup, or move it away to undo "
                "the rest"
            ) from None

    def tidy(self) -> None:
        """Remove the temporary files of a killed run."""
        for path in self.files()[-1:]:
            for entry in self.entries(path):
                remove_part(self.root, entry.path)

    def keep_only(self, entries: Sequence[Entry]) -> None:
        """Keep only these entries; without any, delete the journal."""
        files = self.files()
        if entries:
            self.append(entries)
        for path in reversed(files):
            path.unlink()
        if entries:
            sync_folder(self.folder)
            return
        for temporary in self.folder.glob(".*.moviegenre-*"):
            temporary.unlink()
        with suppress(OSError):  # the folder does not exist, or has other files
            self.folder.rmdir()
        sync_folder(self.root)


def is_inside(root: Path, relative: Path) -> bool:
    """Return whether a path lies in a library and no link is on the way to it."""
    parts = relative.parts
    if relative.is_absolute() or not parts or ".." in parts:
        return False
    path = root
    for part in parts:
        path /= part
        if path.is_symlink():
            return False
    return True


def remove_part(root: Path, relative: Path) -> None:
    """Remove the hidden file that a killed run left beside a file of a library."""
    if is_inside(root, relative):
        with suppress(OSError):
            hidden_path(root / relative, "part").unlink(missing_ok=True)


def remove_link(path: Path) -> None:
    """Remove a link at a path before a file is written there."""
    if path.is_symlink():
        path.unlink()


def _line(entry: Entry) -> str:
    before = None if entry.before is None else base64.b64encode(entry.before).decode("ascii")
    values = {
        "path": entry.path.as_posix(),
        "before_sha256": entry.before_sha256,
        "after_sha256": entry.after_sha256,
        "before": before,
    }
    return json.dumps(values)  # escapes names that are no UTF-8


def _entry(line: str) -> Entry:
    values = json.loads(line)
    before = values["before"]
    content = None if before is None else base64.b64decode(before, validate=True)
    if sha256(content) != values["before_sha256"]:
        raise ValueError("a file in it is not what was written")
    path = Path(PurePosixPath(values["path"]))
    if path.is_absolute() or ".." in path.parts or path.suffix.lower() != ".nfo":
        raise ValueError(f"it names {os.fspath(path)!r}")
    return Entry(path, content, values["before_sha256"], values["after_sha256"])
