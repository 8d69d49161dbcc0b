"""MM-IMDb's own layout: ``split.json`` and ``dataset/<id>.json`` with ``<id>.jpeg`` beside it.

It is read from a folder, or from a tar archive in one pass. The members of an archive are copied to
one temporary file, because their order is not fixed.
"""

import hashlib
import os
import stat
import tarfile
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from moviegenre.core.errors import DataError, DataNotFoundError
from moviegenre.core.reading import UnreadableFileError, raise_system_error, read_bounded
from moviegenre.core.types import Split
from moviegenre.data.json_text import parse_json
from moviegenre.data.limits import (
    MAX_FILES,
    MAX_POSTER_BYTES,
    MAX_RECORD_BYTES,
    MAX_SPLIT_BYTES,
)
from moviegenre.data.records import (
    MovieSource,
    RawMovie,
    clean_names,
    parse_title,
    whole_text,
)
from moviegenre.data.sources.archive import open_archive
from moviegenre.data.sources.split_json import SPLIT_FILE, read_split
from moviegenre.data.spool import Place, Spool
from moviegenre.data.years import usable_year

DATASET_FOLDER = "dataset"
SYNTHETIC_MARKER = "synthetic.json"
PUBLISHED = "MM-IMDb as published"
FOLDERS = {
    (DATASET_FOLDER, DATASET_FOLDER): PUBLISHED,
    ("annotations", "images"): "MM-IMDb in HEMM's folders, annotations/ and images/",
    ("labels", "images"): "MM-IMDb in the folders labels/ and images/ of missing_aware_prompts",
}
"""Folders of records and of posters, with the name of the form; see docs/mmimdb.md."""

POSTER_SUFFIXES = (".jpeg", ".jpg")
_MOVIE_SUFFIXES = (".json", *POSTER_SUFFIXES)


class _Layout(MovieSource):
    """The common part of folder and archive: records and posters by movie id."""

    form = PUBLISHED

    def __init__(self, path: Path) -> None:
        self._path = path
        self._split_text: bytes | None = None
        self._repeated: list[str] = []
        self._order: list[tuple[str, Split | None]] = []

    @abstractmethod
    def _names(self) -> Iterator[str]:
        """Yield the names of all files of the data set folder."""

    @abstractmethod
    def _content(self, name: str) -> bytes | None:
        """Return the content of a file of the data set folder; None if there is none."""

    def __len__(self) -> int:  # for a progress bar
        return len(self._order)

    def __iter__(self) -> Iterator[RawMovie]:
        """Yield movies in the order of ``split.json``, then all other movies, by id."""
        for movie, split in self._order:
            yield self._movie(movie, split)

    def _list_movies(self) -> None:
        """Fill in the order of the movies and the splits, after all names are known.

        Raises:
            DataError: ``split.json`` is something else, or fits other movies.
        """
        names = (name for name in self._names() if name.endswith(".json"))
        ids = sorted(name.removesuffix(".json") for name in names)
        listed: list[tuple[str, Split]] = []
        if self._split_text is not None:
            listed = read_split(self._split_text, set(ids), str(self._path))
            splits = {split for _, split in listed}
            self.has_split = splits == set(Split)
            lacks = ", ".join(split.value for split in Split if split not in splits)
            self.lacks = f"{lacks} ({SPLIT_FILE} lists none)" if lacks else ""
        listed_ids = {movie for movie, _ in listed}
        unlisted = [movie for movie in ids if movie not in listed_ids]
        self._order = [*listed, *((movie, None) for movie in [*unlisted, *self._repeated])]

    def _movie(self, movie: str, split: Split | None) -> RawMovie:
        try:
            text = self._content(f"{movie}.json")
            if text is not None:
                return self._read(movie, parse_json(text), split)
            fault = f"{SPLIT_FILE} lists it, but it has no JSON"
        except UnreadableFileError as error:
            fault = str(error)
        except ValueError as error:
            fault = f"its JSON is damaged: {error}"
        return RawMovie(whole_text(movie), split=split, fault=fault)

    def _read(self, movie: str, values: Any, split: Split | None) -> RawMovie:  # noqa: ANN401
        if not isinstance(values, dict):
            raise ValueError(f"found {type(values).__name__}, expected an object")
        name, poster, fault = self._poster(movie)
        year, unusable_year = usable_year(values.get("year"))
        return RawMovie(
            id=whole_text(movie),
            title=parse_title(values.get("title")),
            year=year,
            genres=clean_names(values.get("genres")),
            plots=clean_names(values.get("plot")),
            poster=poster,
            poster_name=name,
            poster_fault=fault,
            split=split,
            unusable_year=unusable_year,
        )

    def _poster(self, movie: str) -> tuple[str | None, bytes | None, str]:
        """Return the name, the bytes and the fault of a movie's poster."""
        for name in (movie + suffix for suffix in POSTER_SUFFIXES):
            try:
                poster = self._content(name)
            except UnreadableFileError as error:
                return whole_text(name), None, str(error)
            if poster is not None:
                return whole_text(name), poster, ""
        return None, None, ""


class MMIMDbFolder(_Layout):
    """A folder in MM-IMDb's layout, or with a subfolder in this layout.

    Raises:
        DataError: The folder has another layout, or its ``split.json`` is unusable.
    """

    sha256_of = "names and sizes"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        # With an index of all files, an id such as ../x in split.json matches no file.
        self._paths: dict[str, Path] = {}
        try:
            sizes = self._index(path)
        except OSError as error:
            raise_system_error(error, path)
            raise DataError(f"{error.filename or path} cannot be read: {error.strerror}") from None
        if not any(name.endswith(".json") for name in self._paths):
            raise _other_layout(path)
        self._list_movies()
        digest = hashlib.sha256(self._split_text or b"")
        digest.update("".join(sorted(sizes)).encode(errors="surrogateescape"))
        self.sha256 = digest.hexdigest()

    def _index(self, path: Path) -> list[str]:
        """Index the files, and return the name and the size of each file."""
        if (layout := layout_root(path)) is None:
            raise _other_layout(path)
        root, folders = layout
        self.form = FOLDERS[folders]
        self.synthetic = (root / SYNTHETIC_MARKER).is_file()
        if os.path.lexists(root / SPLIT_FILE):
            self._split_text = read_bounded(root / SPLIT_FILE, MAX_SPLIT_BYTES)
        records, posters = folders
        if records == posters:
            return self._scan(root / records, _MOVIE_SUFFIXES)
        return [
            *self._scan(root / records, (".json",)),
            *self._scan(root / posters, POSTER_SUFFIXES),
        ]

    def _scan(self, folder: Path, suffixes: tuple[str, ...]) -> list[str]:
        """Index the files of a folder, and return the name and the size of each file."""
        sizes: list[str] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                name = _plain_name(PurePosixPath(entry.name))
                if name.endswith(suffixes):
                    self._paths[name] = Path(entry.path)  # includes folders and pipes, for errors
                if (size := _file_size(entry)) is not None:
                    sizes.append(f"{entry.name} {size}\n")
        return sizes

    def _names(self) -> Iterator[str]:
        return iter(self._paths)

    def _content(self, name: str) -> bytes | None:
        path = self._paths.get(name)
        return None if path is None else read_bounded(path, _max_bytes(name))


class MMIMDbArchive(_Layout):
    """A ``.tar`` or ``.tar.gz`` in MM-IMDb's layout, read as a stream.

    Args:
        path: The archive.
        progress: Show a progress bar.

    Raises:
        DataNotFoundError: There is no such file.
        DataError: The archive has another layout, is truncated, has a member outside, or its
            ``split.json`` is unusable.
    """

    sha256_of = "the archive"

    def __init__(self, path: Path, *, progress: bool = False) -> None:
        super().__init__(path)
        if not path.is_file():
            raise DataNotFoundError(f"{path} does not exist; expected an archive")
        self._positions: dict[str, Place] = {}
        self._too_large: dict[str, int] = {}
        self._spool = Spool()
        with open_archive(path, progress=progress) as archive:
            for member in archive.members():
                self._add(archive.tar, member)
            self.sha256 = archive.finish()
        if not any(name.endswith(".json") for name in self._names()):
            raise _other_layout(path)
        self._list_movies()

    def _add(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = PurePosixPath(member.name)
        if not member.isfile() or path.name.startswith("."):
            return
        in_dataset = path.parent.name == DATASET_FOLDER
        if not in_dataset and path.name == SYNTHETIC_MARKER:
            self.synthetic = True
        is_movie = in_dataset and path.suffix.lower() in _MOVIE_SUFFIXES
        is_split = not in_dataset and path.name == SPLIT_FILE
        if not is_movie and not is_split:
            return
        name = _plain_name(path)
        if is_split and member.size > MAX_SPLIT_BYTES:
            raise DataError(
                f"{SPLIT_FILE} of {self._path} has {member.size:,} bytes; expected at most "
                f"{MAX_SPLIT_BYTES:,}"
            )
        if is_movie and (name in self._positions or name in self._too_large):
            if name.endswith(".json"):
                self._repeated.append(name.removesuffix(".json"))
            return
        if len(self._positions) + len(self._too_large) >= MAX_FILES:
            raise DataError(
                f"{self._path} has more than {MAX_FILES:,} records and posters; expected "
                "an archive of movies"
            )
        if is_movie and member.size > _max_bytes(name):
            self._too_large[name] = member.size
            return
        stream = tar.extractfile(member)
        assert stream is not None, "a regular file has content"
        if is_split:
            self._split_text = stream.read()
        else:
            self._positions[name] = self._spool.append(stream.read())

    def _names(self) -> Iterator[str]:
        return iter([*self._positions, *self._too_large])

    def _content(self, name: str) -> bytes | None:
        if name in self._too_large:
            raise UnreadableFileError(
                f"{name} has {self._too_large[name]:,} bytes; expected at most {_max_bytes(name):,}"
            )
        position = self._positions.get(name)
        return None if position is None else self._spool.read(position)


def layout_root(path: Path) -> tuple[Path, tuple[str, str]] | None:
    """Return the folder with one of the layouts, at or in a path, and its two subfolders.

    Raises:
        OSError: A folder cannot be read.
    """
    roots = [path, *sorted(entry for entry in path.iterdir() if _is_dir(entry))]
    for folders in FOLDERS:
        for root in roots:
            if all(_is_dir(root / name) for name in folders) and _has_records(root / folders[0]):
                return root, folders
    return None


def _has_records(folder: Path) -> bool:
    """Return whether a folder has any JSON; MMBT's ``dataset`` may have only posters."""
    with os.scandir(folder) as entries:
        return any(entry.name.lower().endswith(".json") for entry in entries)


def _max_bytes(name: str) -> int:
    return MAX_RECORD_BYTES if name.endswith(".json") else MAX_POSTER_BYTES


def _is_dir(path: Path) -> bool:
    return os.path.isdir(path)  # unlike Path.is_dir, it returns False for a link loop


def _file_size(entry: os.DirEntry[str]) -> int | None:
    """Return the size of a regular file; None for everything else, such as a broken link."""
    try:
        status = entry.stat()
    except OSError as error:
        raise_system_error(error, Path(entry.path))
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _plain_name(path: PurePosixPath) -> str:
    """Return a file name with its suffix in lower case."""
    return path.stem + path.suffix.lower()


def _other_layout(path: Path) -> DataError:
    return DataError(
        f"{path} is not in MM-IMDb's layout; expected {SPLIT_FILE} and "
        f"{DATASET_FOLDER}/<id>.json with <id>.jpeg in it"
    )
