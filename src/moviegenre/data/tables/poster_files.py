"""Find the file of a poster from its name in a table, in different spellings."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple
from urllib.parse import unquote

from moviegenre.core.errors import InputError, shortened
from moviegenre.core.reading import UnreadableFileError, read_bounded
from moviegenre.data.limits import MAX_POSTER_BYTES
from moviegenre.data.placeholders import is_poster_placeholder
from moviegenre.data.tables.cells import cell_text, picture_cell

_MAX_ENTRIES = 500_000  # entries of a folder that are searched for a name in other case
_MAX_FOLDERS = 64  # folders whose names are in memory
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class MissingPosterError(InputError):
    """There is no file with a poster's name.

    Args:
        message: The missing path, and what to do.
        hint: The same without the path of the folder.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class WebAddressError(MissingPosterError):
    """A poster's name is a web address; nothing is downloaded."""


class AmbiguousPosterError(MissingPosterError):
    """Several films or several pictures have a poster's file name, so none is taken."""


class LoadedPoster(NamedTuple):
    """The content of a poster's file, or the reason for having none.

    Attributes:
        content: The encoded image; None if there is none.
        fault: Why an existing file cannot be read; otherwise empty.
        lack: Why a named file is missing; otherwise empty.
    """

    content: bytes | None = None
    fault: str = ""
    lack: str = ""


class PosterFiles(ABC):
    """The posters of a table: in a folder, in an object store, or in the table's ZIP.

    The file name alone of a path from another machine is tried only if no other film of the table
    has it: `poster.jpg` in a folder for each film names no single file beside the table.
    """

    _cells: Callable[[], Iterable[object]] = tuple
    _paths: dict[int, int] | None = None  # hashes, because a table may have millions of rows

    def learn(self, cells: Callable[[], Iterable[object]]) -> None:
        """Set the function that returns all cells of the table's column of posters."""
        self._cells, self._paths = cells, None

    def opened(self) -> AbstractContextManager[object]:
        """Keep the source of the posters open for many reads."""
        return nullcontext()

    def place(self, name: str) -> Path:
        """Return the path of a poster, which may not exist; outside of disks, its name."""
        return Path(name)

    def find(self, name: str) -> Path | bytes | None:
        """Return a poster's file or bytes; None for a placeholder such as ``N/A``.

        Raises:
            MissingPosterError: There is no such file; the message has advice.
            UnreadableFileError: The file is damaged or too large.
            DataError: The store cannot be reached, or the ZIP unpacks to far more than its size.
        """
        name = name.strip()
        return self._find(name) if name and not is_poster_placeholder(name) else None

    def load(self, name: str) -> LoadedPoster:
        """Return a poster's bytes, or the reason for having none.

        Raises:
            DataError: See ``find``.
        """
        try:
            poster = self.find(name)
            content = read_bounded(poster, MAX_POSTER_BYTES) if isinstance(poster, Path) else poster
            return LoadedPoster(content)
        except MissingPosterError as error:
            return LoadedPoster(lack=f"{name!r}: {error.hint}")
        except UnreadableFileError as error:
            return LoadedPoster(fault=str(error))

    def names_files(self, cells: Iterable[object]) -> bool:
        """Return whether one of some cells is a picture, or the name of an existing file."""
        for cell in map(picture_cell, cells):
            if isinstance(cell, bytes) and cell:
                return True
            try:
                if self.find(cell_text(cell)) is not None:
                    return True
            except (AmbiguousPosterError, UnreadableFileError):
                return True
            except MissingPosterError:
                continue
        return False

    def _file_names(self, name: str) -> list[str]:
        """Return the possible file names of a path from another machine; empty for other names."""
        paths = (path for path in spellings(name) if _is_absolute(path))
        names = (PureWindowsPath(path).name or PurePosixPath(path).name for path in paths)
        return list(dict.fromkeys(filter(None, names)))

    def _refuse_shared(self, name: str) -> None:
        """Refuse the file name of a path as a poster's name if other paths end with it.

        Raises:
            AmbiguousPosterError: Other paths of the table end with it.
        """
        if self._paths is None:
            self._paths = {}
            for cell in self._cells():
                cell = cell.get("path") if isinstance(cell, Mapping) else cell
                path = _comparable(cell_text(cell))
                last, path_hash = hash(path.rpartition("/")[2]), hash(path)
                if self._paths.setdefault(last, path_hash) != path_hash:
                    self._paths[last] = 0
        path = _comparable(name)
        if self._paths.get(hash(path.rpartition("/")[2]), hash(path)) != hash(path):
            hint = (
                "does not exist, and several films have a poster of this file name; expected a "
                "path relative to the table or to the folder of posters"
            )
            raise AmbiguousPosterError(f"{shortened(name)} {hint}", hint)

    @abstractmethod
    def _find(self, name: str) -> Path | bytes:
        """Return the file or the bytes for a name that is no placeholder."""


class PosterFolder(PosterFiles):
    r"""The folder that names of posters are relative to.

    A name is tried unchanged, then with ``\` as ``/``, ``%20`` as a space, without ``file://``, and
    in another case. Of an absolute path from another machine, the last part is tried; of a path
    that begins with the folder's name, the part after it.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[Path, dict[str, str]] = {}

    def place(self, name: str) -> Path:
        """Return the path of a poster, which may not exist."""
        return self.folder / name

    def _find(self, name: str) -> Path:
        refuse_address(name)
        path = self.existing((*spellings(name), *self._without_folder_name(name)))
        if path is None and (path := self.existing(self._file_names(name))) is not None:
            self._refuse_shared(name)
        if path is None:
            raise self._missing(name)
        return path

    def existing(self, names: Iterable[str]) -> Path | None:
        """Return the first file with one of some names, in any case; None if there is none."""
        for name in names:
            path = (self.folder / name).absolute()  # a name such as ~x is not a home folder
            if os.path.lexists(path):
                return path
            if (path_in_other_case := self._in_other_case(path)) is not None:
                return path_in_other_case
        return None

    def _without_folder_name(self, name: str) -> list[str]:
        """Return the spellings that begin with the folder's name, without that name."""
        paths = [PurePosixPath(path).parts for path in spellings(name)]
        return [
            "/".join(parts[1:])
            for parts in paths
            if len(parts) > 1 and parts[0] == self.folder.name
        ]

    def _missing(self, name: str) -> MissingPosterError:
        path = shortened(str((self.folder / name).absolute()))
        hints = []
        if name.lower().startswith("file:"):
            path = shortened(str(Path(_local(name)).absolute()))
        elif "\\" in name:
            hints.append(r"with \ read as / it does not exist either")
        elif "%" in name:
            hints.append(f"nor does {unquote(name)!r}")
        if self._file_names(name):
            hints.append("of a path from elsewhere the last part is looked for beside the table")
        hint = "; ".join(["does not exist; expected a poster's file", *hints])
        return MissingPosterError(f"{path} {hint}", hint)

    def _in_other_case(self, path: Path) -> Path | None:
        """Return a file of the same folder whose name differs only in case."""
        parent = path.parent
        if parent not in self._names:
            if len(self._names) >= _MAX_FOLDERS:
                return None
            try:
                with os.scandir(parent) as entries:
                    names = [entry.name for entry in islice(entries, _MAX_ENTRIES)]
            except (OSError, ValueError):
                names = []
            self._names[parent] = {name.casefold(): name for name in names}
        name = self._names[parent].get(path.name.casefold())
        return None if name is None else parent / name


def refuse_address(name: str) -> None:
    """Refuse the name of a poster that is a web address.

    Raises:
        WebAddressError: The name is a web address.
    """
    if "://" in name and not name.lower().startswith("file:"):
        hint = (
            f"the poster is a web address ({shortened(name, 80)}); expected a file: download "
            "it, and put its name into the table"
        )
        raise WebAddressError(hint, hint)


def spellings(name: str) -> list[str]:
    """Return the possible paths of a name, the most likely first."""
    paths = [_local(name) if name.lower().startswith("file:") else name]
    paths += [unquote(path) for path in paths if "%" in path]
    paths += [path.replace("\\", "/") for path in paths if "\\" in path]
    return list(dict.fromkeys(path for path in paths if path and "\0" not in path))


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or _DRIVE.match(path) is not None


def _comparable(name: str) -> str:
    """Return a path in a form in which the spellings of one path are equal."""
    return "".join(spellings(name.strip())[-1:]).casefold()


def _local(address: str) -> str:
    """Return the path of a ``file:`` address."""
    path = re.sub(r"^file:(//[^/]*)?", "", address, flags=re.IGNORECASE)
    return unquote(path[1:] if re.match(r"/[A-Za-z]:", path) else path)
