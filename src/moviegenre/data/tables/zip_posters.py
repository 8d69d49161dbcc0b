"""Posters in the ZIP of their table: read in memory, never extracted to a disk."""

import os
import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from moviegenre.core.errors import DataError, shortened
from moviegenre.core.reading import UnreadableFileError, open_regular, raise_system_error
from moviegenre.data.limits import MAX_FILES, MAX_POSTER_BYTES
from moviegenre.data.placeholders import is_poster_placeholder
from moviegenre.data.poster_formats import POSTER_SUFFIXES
from moviegenre.data.storage import StoreFile
from moviegenre.data.tables.poster_files import (
    AmbiguousPosterError,
    MissingPosterError,
    PosterFiles,
    PosterFolder,
    refuse_address,
    spellings,
)
from moviegenre.data.tables.poster_store import PosterStore
from moviegenre.data.tables.source import (
    TABLE_SUFFIXES,
    UNZIPPING_ERRORS,
    TableSource,
    check_zip,
    damaged_zip,
    open_member,
)
from moviegenre.data.unpacking import error_text, max_unpacked


def poster_files(table: Path | StoreFile, folder: Path | str | None = None) -> PosterFiles:
    """Return the posters of a table: in a folder, in its ZIP, or in the table's folder.

    Args:
        table: The table.
        folder: The folder that names of posters are relative to, a path or an address in an object
            store. None takes the table's ZIP, if it has images, or else the table's folder.

    Raises:
        DataError: The ZIP is damaged, has too many files, or unpacks to too many bytes.
    """
    if folder is None and table.suffix.lower() == ".zip":
        posters = ZipPosters(table)
        if posters.has_pictures:
            return posters
    if folder is None:
        folder = table.parent if isinstance(table, Path) else table.folder
    return PosterFolder(folder) if isinstance(folder, Path) else PosterStore(folder)


class ZipPosters(PosterFiles):
    """The posters in the ZIP of a table.

    Args:
        source: The ZIP, a file or an upload.
        max_bytes: The maximum size of a poster.
        max_files: The maximum number of files in the ZIP.

    Raises:
        DataError: The ZIP is damaged, has too many files, or unpacks to too many bytes.

    Attributes:
        has_pictures: Whether the ZIP has any images.
    """

    def __init__(
        self,
        source: TableSource,
        max_bytes: int = MAX_POSTER_BYTES,
        max_files: int = MAX_FILES,
    ) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._archive: zipfile.ZipFile | None = None
        self._max_unpacked = self._unpacked = 0
        with self.opened() as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > max_files:
            raise DataError(
                f"{source} holds {len(members):,} files; expected a table and its posters, "
                f"{max_files:,} files at most"
            )
        tables = [member for member in members if _suffix(member) in TABLE_SUFFIXES]
        pictures = [member for member in members if _suffix(member) in POSTER_SUFFIXES]
        self.has_pictures = bool(pictures)
        self._folder = posixpath.dirname(_normalised(tables[0].filename)) if tables else ""
        self._members = {_normalised(member.filename): member for member in reversed(pictures)}
        self._lower = {path.casefold(): item for path, item in reversed(self._members.items())}
        self._names: dict[str, list[zipfile.ZipInfo]] = {}
        for path, member in self._lower.items():
            self._names.setdefault(posixpath.basename(path), []).append(member)
        if sum(member.file_size for member in pictures) > self._max_unpacked:
            raise self._too_large()

    @contextmanager
    def opened(self) -> Iterator[zipfile.ZipFile]:
        """Keep the ZIP open.

        Raises:
            DataError: The file is not regular, or no complete ZIP.
        """
        if self._archive is not None:
            yield self._archive
            return
        source = self._source
        with open_regular(source) if isinstance(source, Path) else source.open() as stream:
            self._max_unpacked = max_unpacked(stream.seek(0, os.SEEK_END))
            check_zip(source, stream)
            try:
                self._archive = zipfile.ZipFile(stream)
            except UNZIPPING_ERRORS as error:
                raise damaged_zip(source, error) from None
            try:
                yield self._archive
            finally:
                self._archive = None

    def find(self, name: str) -> bytes | None:
        """Return a poster's bytes; None for a placeholder such as ``N/A``, see ``PosterFiles``."""
        name = name.strip()
        return self._find(name) if name and not is_poster_placeholder(name) else None

    def _find(self, name: str) -> bytes:
        """Return a picture; a name is relative to the table, or to the ZIP.

        A name without folders may be that of a picture in any folder.
        """
        refuse_address(name)
        member = self._member(name)
        if member is None:
            hint = "is not in the ZIP; expected the name of a picture in it"
            raise MissingPosterError(f"{shortened(name)} {hint}", hint)
        return self._read(member)

    def _member(self, name: str) -> zipfile.ZipInfo | None:
        """Return the picture with a name; None if there is none.

        Raises:
            AmbiguousPosterError: Several pictures or several films have this file name.
        """
        candidates = spellings(name)
        paths = [
            _normalised(path)
            for candidate in candidates
            for path in (f"{self._folder}/{candidate}", candidate)
        ]
        members = (
            *(self._members.get(path) for path in paths),
            *(self._lower.get(path.casefold()) for path in paths),
        )
        member = next(filter(None, members), None)
        if member is not None:
            return member
        file_names = self._file_names(name)
        keys = (key.casefold() for key in (*candidates, *file_names))
        pictures = next((self._names[key] for key in keys if key in self._names), [])
        if len(pictures) > 1:
            listed = shortened(" and ".join(picture.filename for picture in pictures))
            hint = f"is the name of several pictures in the ZIP ({listed}); write its folder, too"
            raise AmbiguousPosterError(f"{shortened(name)} {hint}", hint)
        if pictures and file_names:
            self._refuse_shared(name)
        return next(iter(pictures), None)

    def _read(self, member: zipfile.ZipInfo) -> bytes:
        name, size = shortened(member.filename), member.file_size  # never unpacks to more
        if size > self._max_bytes:
            raise UnreadableFileError(
                f"{name} has {size:,} bytes; expected at most {self._max_bytes:,}"
            )
        self._unpacked += size
        if self._unpacked > self._max_unpacked:
            raise self._too_large()
        try:
            with self.opened() as archive, open_member(archive, member) as packed:
                return packed.read()
        except UNZIPPING_ERRORS as error:
            raise_system_error(error, Path(str(self._source)))
            raise UnreadableFileError(f"{name} cannot be unpacked: {error_text(error)}") from None

    def _too_large(self) -> DataError:
        return DataError(
            f"{self._source} unpacks to more than {self._max_unpacked:,} bytes; it is refused"
        )


def _suffix(member: zipfile.ZipInfo) -> str:
    if member.filename.startswith("__MACOSX/"):
        return ""
    return PurePosixPath(member.filename.lower()).suffix


def _normalised(name: str) -> str:
    """Return a path in the ZIP in its normal form; a path out of the ZIP matches no file."""
    return posixpath.normpath(name.replace("\\", "/").lstrip("/"))
