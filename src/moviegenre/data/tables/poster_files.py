"""Finding the file of a poster, however its name is written."""

import os
import re
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Protocol
from urllib.parse import unquote

from moviegenre.core.errors import InputError, shortened
from moviegenre.data.placeholders import is_poster_placeholder
from moviegenre.data.tables.cells import cell_text

_MAX_ENTRIES = 500_000  # of a folder that is looked through for a name in other case
_MAX_FOLDERS = 64  # whose names are kept
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class MissingPosterError(InputError):
    """A poster's name leads to no file.

    Args:
        message: What was looked for, and what to do.
        hint: The same without the path of the folder.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class WebAddressError(MissingPosterError):
    """A poster's name is an address of the web, where nothing is looked for."""


class PosterFiles(Protocol):
    """Where the names of posters lead: a folder, or the ZIP that holds the table."""

    def opened(self) -> AbstractContextManager[object]:
        """Keep open what many posters are read from."""

    def find(self, name: str) -> Path | bytes | None:
        """Return a poster's file or bytes; None where the name stands for none, such as ``N/A``.

        Raises:
            MissingPosterError: There is no such file; the message says what could be done.
            UnreadableFileError: It cannot be unpacked.
        """

    def place(self, name: str) -> Path:
        """Return where a poster would be, without looking."""

    def names_files(self, cells: Iterable[object]) -> bool:
        """Return whether one of some cells is the name of a file here."""


class PosterFolder:
    """The folder that names of posters are relative to.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[Path, dict[str, str]] = {}

    def opened(self) -> AbstractContextManager[object]:
        """Return a context that keeps nothing open."""
        return nullcontext()

    def place(self, name: str) -> Path:
        """Return where a poster would be."""
        return self.folder / name

    def find(self, name: str) -> Path | None:
        r"""Return a poster's file; None where the name stands for none, such as ``N/A``.

        A name is taken as it is, then with ``\`` as ``/``, ``%20`` as a space, ``file://`` left
        out, and capital letters as they are in the folder. Of a path from another machine, which
        begins at its root, the last part is looked for; of one that begins with the folder's own
        name, the rest.

        Raises:
            MissingPosterError: There is no such file; the message says what could be done.
        """
        name = name.strip()
        if not name or is_poster_placeholder(name):
            return None
        refuse_address(name)
        for candidate in (*spellings(name), *self._within(name)):
            path = (self.folder / candidate).absolute()  # a name such as ~x is that of a file
            if os.path.lexists(path):
                return path
            if (found := self._other_case(path)) is not None:
                return found
        raise self._missing(name)

    def names_files(self, cells: Iterable[object]) -> bool:
        """Return whether one of some cells is the name of a file here."""
        for cell in cells:
            try:
                if self.find(cell_text(cell)) is not None:
                    return True
            except MissingPosterError:
                continue
        return False

    def _within(self, name: str) -> list[str]:
        """Return the rest of names that begin with the folder's own name."""
        parts = [PurePosixPath(one).parts for one in spellings(name)]
        return ["/".join(p[1:]) for p in parts if len(p) > 1 and p[0] == self.folder.name]

    def _missing(self, name: str) -> MissingPosterError:
        path = shortened(str((self.folder / name).absolute()))
        hints = []
        if name.lower().startswith("file:"):
            path = shortened(str(Path(_local(name)).absolute()))
        elif "\\" in name:
            hints.append(r"with \ read as / it does not exist either")
        elif "%" in name:
            hints.append(f"nor does {unquote(name)!r}")
        if name.startswith("/") or _DRIVE.match(name) or name.lower().startswith("file:"):
            hints.append("of a path from elsewhere the last part is looked for beside the table")
        said = "; ".join(["does not exist; expected a poster's file", *hints])
        return MissingPosterError(f"{path} {said}", said)

    def _other_case(self, path: Path) -> Path | None:
        """Return a file of the same folder whose name differs in capital letters only."""
        parent = path.parent
        if parent not in self._names:
            if len(self._names) >= _MAX_FOLDERS:
                return None
            try:
                with os.scandir(parent) as entries:
                    listed = [entry.name for entry in islice(entries, _MAX_ENTRIES)]
            except (OSError, ValueError):
                listed = []
            self._names[parent] = {entry.casefold(): entry for entry in listed}
        found = self._names[parent].get(path.name.casefold())
        return None if found is None else parent / found


def refuse_address(name: str) -> None:
    """Refuse the name of a poster that is an address of the web.

    Raises:
        WebAddressError: It is.
    """
    if "://" in name and not name.lower().startswith("file:"):
        hint = (
            f"the poster is a web address ({shortened(name, 80)}); expected a file: download "
            "it, and put its name into the table"
        )
        raise WebAddressError(hint, hint)


def spellings(name: str) -> list[str]:
    """Return the paths that a name may stand for, the surest first."""
    found = [name]
    if name.lower().startswith("file:"):
        found = [_local(name)]
    found += [unquote(one) for one in found if "%" in one]
    found += [one.replace("\\", "/") for one in found if "\\" in one]
    for one in list(found):
        if one.startswith("/") or _DRIVE.match(one):
            found.append(PureWindowsPath(one).name or PurePosixPath(one).name)
    return list(dict.fromkeys(one for one in found if one and "\0" not in one))


def _local(address: str) -> str:
    """Return the path of a ``file:`` address."""
    path = re.sub(r"^file:(//[^/]*)?", "", address, flags=re.IGNORECASE)
    return unquote(path[1:] if re.match(r"/[A-Za-z]:", path) else path)
