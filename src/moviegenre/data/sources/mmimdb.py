"""MM-IMDb's own layout: ``split.json`` and ``dataset/<id>.json`` with ``<id>.jpeg`` beside it.

Read from a folder, or from a tar archive in one pass without unpacking it: records are kept in
memory, posters go into one temporary file, because members may come in any order.
"""

import json
import tarfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from moviegenre.core.errors import DataError, DataNotFoundError
from moviegenre.core.files import file_sha256
from moviegenre.core.types import Split
from moviegenre.data.records import RawMovie, clean_names, parse_year
from moviegenre.data.spool import Place, Spool

SPLIT_FILE = "split.json"
DATASET_FOLDER = "dataset"
SYNTHETIC_MARKER = "synthetic.json"
POSTER_SUFFIXES = (".jpeg", ".jpg")
_SPLIT_NAMES = {"train": Split.TRAIN, "dev": Split.VAL, "val": Split.VAL, "test": Split.TEST}


class _Layout(ABC):
    """What a folder and an archive have in common: records and posters by movie id."""

    description: str
    sha256: str | None
    synthetic: bool
    repeated: tuple[str, ...] = ()

    @abstractmethod
    def ids(self) -> list[str]:
        """Return the ids of all records, sorted."""

    @abstractmethod
    def record(self, movie: str) -> bytes | None:
        """Return a movie's JSON; None where there is none."""

    @abstractmethod
    def poster(self, movie: str) -> tuple[str, bytes] | None:
        """Return a poster's file name and bytes; None where there is none."""

    @abstractmethod
    def split_text(self) -> bytes | None:
        """Return the content of ``split.json``; None where there is none."""

    @property
    def has_split(self) -> bool:
        """Whether there is a ``split.json``."""
        return self.split_text() is not None

    def __iter__(self) -> Iterator[RawMovie]:
        """Yield movies in the order of ``split.json``, then those that are not in it."""
        listed = self._listed()
        seen: set[str] = set()
        for movie, split in listed:
            yield self._read(movie, split)
            seen.add(movie)
        for movie in self.ids():
            if movie not in seen:
                yield self._read(movie, None)
        for movie in self.repeated:
            yield self._read(movie, None)

    def _listed(self) -> list[tuple[str, Split]]:
        text = self.split_text()
        if text is None:
            return []
        try:
            content = json.loads(text)
            parts = {_SPLIT_NAMES[name]: list(ids) for name, ids in content.items()}
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            raise DataError(
                f"{SPLIT_FILE} of {self.description} is damaged ({error}); expected an object of "
                "train, dev and test, each a list of ids"
            ) from None
        return [(str(movie), split) for split, ids in parts.items() for movie in ids]

    def _read(self, movie: str, split: Split | None) -> RawMovie:
        text = self.record(movie)
        if text is None:
            return RawMovie(movie, split=split, fault=f"{SPLIT_FILE} lists it, but it has no JSON")
        try:
            values: dict[str, Any] = json.loads(text)
            title = values.get("title")
            poster = self.poster(movie)
            return RawMovie(
                id=movie,
                title=None if title is None else str(title),
                year=parse_year(values.get("year")),
                genres=clean_names(values.get("genres")),
                plots=clean_names(values.get("plot")),
                poster=poster[1] if poster else None,
                poster_name=poster[0] if poster else None,
                split=split,
            )
        except (ValueError, AttributeError, UnicodeDecodeError) as error:
            return RawMovie(movie, split=split, fault=f"its JSON is damaged: {error}")


class MMIMDbFolder(_Layout):
    """A folder in MM-IMDb's layout, or one that holds such a folder.

    Raises:
        DataError: The folder is not of that layout.
    """

    def __init__(self, path: Path) -> None:
        roots = [path, *sorted(entry for entry in path.iterdir() if entry.is_dir())]
        root = next((r for r in roots if (r / DATASET_FOLDER).is_dir()), None)
        if root is None:
            raise DataError(
                f"{path} is not in MM-IMDb's layout; expected {SPLIT_FILE} and "
                f"{DATASET_FOLDER}/<id>.json with <id>.jpeg in it"
            )
        self._root = root
        self.description = str(path)
        self.sha256 = None
        self.synthetic = (root / SYNTHETIC_MARKER).is_file()

    def ids(self) -> list[str]:
        """Return the ids of all records, sorted."""
        return sorted(p.stem for p in (self._root / DATASET_FOLDER).glob("*.json"))

    def record(self, movie: str) -> bytes | None:
        """Return a movie's JSON."""
        return self._bytes(f"{movie}.json")

    def poster(self, movie: str) -> tuple[str, bytes] | None:
        """Return a poster's file name and bytes."""
        for suffix in POSTER_SUFFIXES:
            found = self._bytes(movie + suffix)
            if found is not None:
                return movie + suffix, found
        return None

    def _bytes(self, name: str) -> bytes | None:
        path = self._root / DATASET_FOLDER / name
        if PurePosixPath(name).name != name or not path.is_file():
            return None  # an id such as ../x of a forged split.json must not leave the folder
        return path.read_bytes()

    def split_text(self) -> bytes | None:
        """Return the content of ``split.json``."""
        path = self._root / SPLIT_FILE
        return path.read_bytes() if path.is_file() else None


class MMIMDbArchive(_Layout):
    """A ``.tar`` or ``.tar.gz`` in MM-IMDb's layout, read as a stream.

    Raises:
        DataNotFoundError: There is no such file.
        DataError: It is no such archive, is cut off, or has a member whose path leaves it.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise DataNotFoundError(f"{path} does not exist; expected an archive")
        self.description = str(path)
        self.sha256 = file_sha256(path)
        self.synthetic = False
        self._records: dict[str, bytes] = {}
        self._places: dict[str, tuple[str, Place]] = {}
        self._split: bytes | None = None
        self._spool = Spool()
        self._scan(path)
        if not self._records:
            raise DataError(
                f"{path} is not in MM-IMDb's layout; expected {SPLIT_FILE} and "
                f"{DATASET_FOLDER}/<id>.json with <id>.jpeg in it"
            )

    def _scan(self, path: Path) -> None:
        repeated: list[str] = []
        try:
            with tarfile.open(path, mode="r|*") as archive:
                for member in archive:
                    name = PurePosixPath(member.name)
                    if name.is_absolute() or ".." in name.parts:
                        raise DataError(
                            f"{path} has a member {member.name!r}, whose path leaves the archive; "
                            "it is refused: get the archive from where it was published"
                        )
                    if not member.isfile() or name.name.startswith("."):
                        continue
                    stream = archive.extractfile(member)
                    assert stream is not None, "a regular file has content"
                    self._take(name, stream.read(), repeated)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise DataError(
                f"{path} cannot be read as a tar archive: {error}; is it whole?"
            ) from None
        self.repeated = tuple(repeated)

    def _take(self, name: PurePosixPath, content: bytes, repeated: list[str]) -> None:
        if name.name == SPLIT_FILE:
            self._split = content
        elif name.name == SYNTHETIC_MARKER:
            self.synthetic = True
        elif name.parent.name != DATASET_FOLDER:
            return
        elif name.suffix == ".json":
            if name.stem in self._records:
                repeated.append(name.stem)
            else:
                self._records[name.stem] = content
        elif name.suffix.lower() in POSTER_SUFFIXES and name.stem not in self._places:
            self._places[name.stem] = (name.name, self._spool.append(content))

    def ids(self) -> list[str]:
        """Return the ids of all records, sorted."""
        return sorted(self._records)

    def record(self, movie: str) -> bytes | None:
        """Return a movie's JSON."""
        return self._records.get(movie)

    def poster(self, movie: str) -> tuple[str, bytes] | None:
        """Return a poster's file name and bytes."""
        if movie not in self._places:
            return None
        name, place = self._places[movie]
        return name, self._spool.read(place)

    def split_text(self) -> bytes | None:
        """Return the content of ``split.json``."""
        return self._split
