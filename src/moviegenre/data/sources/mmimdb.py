"""MM-IMDb's own layout: ``split.json`` and ``dataset/<id>.json`` with ``<id>.jpeg`` beside it.

Read from a folder, or from a tar archive in one pass without unpacking it: what it holds goes into
one temporary file, because members may come in any order.
"""

import hashlib
import json
import os
import tarfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from moviegenre.core.errors import DataError, DataNotFoundError
from moviegenre.core.types import Split
from moviegenre.data.records import RawMovie, clean_names, parse_year
from moviegenre.data.sources.archive import open_archive
from moviegenre.data.spool import Place, Spool

SPLIT_FILE = "split.json"
DATASET_FOLDER = "dataset"
SYNTHETIC_MARKER = "synthetic.json"
POSTER_SUFFIXES = (".jpeg", ".jpg")
_SPLIT_NAMES = {"train": Split.TRAIN, "dev": Split.VAL, "val": Split.VAL, "test": Split.TEST}


def split_json(parts: Mapping[Split, Sequence[str]]) -> str:
    """Return the content of ``split.json`` for movie ids by split."""
    named = {"dev" if s is Split.VAL else s.value: list(ids) for s, ids in parts.items()}
    return json.dumps(named, indent=1) + "\n"


class _Layout(ABC):
    """What a folder and an archive have in common: records and posters by movie id."""

    sha256_of: str

    def __init__(self, path: Path) -> None:
        self.description = str(path)
        self.sha256 = ""
        self.synthetic = False
        self._split_text: bytes | None = None
        self._repeated: list[str] = []

    @abstractmethod
    def _names(self) -> Iterator[str]:
        """Yield the names of all files of the data set folder."""

    @abstractmethod
    def _content(self, name: str) -> bytes | None:
        """Return the content of a file of the data set folder; None where there is none."""

    @property
    def has_split(self) -> bool:
        """Whether there is a ``split.json``."""
        return self._split_text is not None

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[RawMovie]:
        """Yield movies in the order of ``split.json``, then those that are not in it, by id."""
        for movie, split in self._order:
            yield self._movie(movie, split)

    @cached_property
    def _order(self) -> list[tuple[str, Split | None]]:
        listed = self._listed()
        known = {movie for movie, _ in listed}
        records = sorted(n.removesuffix(".json") for n in self._names() if n.endswith(".json"))
        others = [movie for movie in records if movie not in known]
        return [*listed, *((movie, None) for movie in [*others, *self._repeated])]

    def _listed(self) -> list[tuple[str, Split | None]]:
        if self._split_text is None:
            return []
        expected = "expected an object of train, dev and test, each a list of ids"
        try:
            parts = json.loads(self._split_text)
        except ValueError as error:
            raise DataError(
                f"{SPLIT_FILE} of {self.description} is damaged ({error}); {expected}"
            ) from None
        if not isinstance(parts, dict) or not all(isinstance(ids, list) for ids in parts.values()):
            raise DataError(f"{SPLIT_FILE} of {self.description} holds something else; {expected}")
        unknown = [name for name in parts if name not in _SPLIT_NAMES]
        if unknown:
            raise DataError(
                f"{SPLIT_FILE} of {self.description} names {', '.join(unknown)}; {expected}"
            )
        return [(str(movie), _SPLIT_NAMES[name]) for name, ids in parts.items() for movie in ids]

    def _movie(self, movie: str, split: Split | None) -> RawMovie:
        text = self._content(f"{movie}.json")
        if text is None:
            return RawMovie(movie, split=split, fault=f"{SPLIT_FILE} lists it, but it has no JSON")
        try:
            values = json.loads(text)
            if not isinstance(values, dict):
                raise ValueError(f"found {type(values).__name__}, expected an object")
            return self._read(movie, values, split)
        except ValueError as error:
            return RawMovie(movie, split=split, fault=f"its JSON is damaged: {error}")

    def _read(self, movie: str, values: dict[str, Any], split: Split | None) -> RawMovie:
        title = values.get("title")
        names = [movie + suffix for suffix in POSTER_SUFFIXES]
        found = ((name, self._content(name)) for name in names)
        name, poster = next(((n, c) for n, c in found if c is not None), (None, None))
        return RawMovie(
            id=movie,
            title=None if title is None else str(title),
            year=parse_year(values.get("year")),
            genres=clean_names(values.get("genres")),
            plots=clean_names(values.get("plot")),
            poster=poster,
            poster_name=name,
            split=split,
        )


class MMIMDbFolder(_Layout):
    """A folder in MM-IMDb's layout, or one that holds such a folder.

    Raises:
        DataError: The folder is not of that layout.
    """

    sha256_of = "names and sizes"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        roots = [path, *sorted(entry for entry in path.iterdir() if entry.is_dir())]
        root = next((r for r in roots if (r / DATASET_FOLDER).is_dir()), None)
        if root is None:
            raise _other_layout(path)
        self.synthetic = (root / SYNTHETIC_MARKER).is_file()
        if (root / SPLIT_FILE).is_file():
            self._split_text = (root / SPLIT_FILE).read_bytes()
        # An index of what is there, so that an id such as ../x in split.json leads nowhere.
        self._paths: dict[str, Path] = {}
        sizes: list[str] = []
        with os.scandir(root / DATASET_FOLDER) as entries:
            for entry in entries:
                if entry.is_file() and not entry.name.startswith("."):
                    self._paths[_plain_name(PurePosixPath(entry.name))] = Path(entry.path)
                    sizes.append(f"{entry.name} {entry.stat().st_size}\n")
        if not any(name.endswith(".json") for name in self._paths):
            raise _other_layout(path)
        digest = hashlib.sha256(self._split_text or b"")
        digest.update("".join(sorted(sizes)).encode(errors="surrogateescape"))
        self.sha256 = digest.hexdigest()

    def _names(self) -> Iterator[str]:
        return iter(self._paths)

    def _content(self, name: str) -> bytes | None:
        path = self._paths.get(name)
        return None if path is None else path.read_bytes()


class MMIMDbArchive(_Layout):
    """A ``.tar`` or ``.tar.gz`` in MM-IMDb's layout, read as a stream.

    Args:
        path: The archive.
        progress: Show a progress bar.

    Raises:
        DataNotFoundError: There is no such file.
        DataError: It is no such archive, is cut off, or has a member whose path leaves it.
    """

    sha256_of = "the archive"

    def __init__(self, path: Path, *, progress: bool = False) -> None:
        super().__init__(path)
        if not path.is_file():
            raise DataNotFoundError(f"{path} does not exist; expected an archive")
        self._places: dict[str, Place] = {}
        self._spool = Spool()
        with open_archive(path, progress=progress) as archive:
            for member in archive.members():
                self._take(archive.tar, member)
            self.sha256 = archive.finish()
        if not any(name.endswith(".json") for name in self._places):
            raise _other_layout(path)

    def _take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = PurePosixPath(member.name)
        if not member.isfile() or path.name.startswith("."):
            return
        in_dataset = path.parent.name == DATASET_FOLDER
        if not in_dataset and path.name == SYNTHETIC_MARKER:
            self.synthetic = True
        is_movie = in_dataset and path.suffix.lower() in (".json", *POSTER_SUFFIXES)
        is_split = not in_dataset and path.name == SPLIT_FILE
        if not is_movie and not is_split:
            return
        stream = tar.extractfile(member)
        assert stream is not None, "a regular file has content"
        content, name = stream.read(), _plain_name(path)
        if is_split:
            self._split_text = content
        elif name not in self._places:
            self._places[name] = self._spool.append(content)
        elif name.endswith(".json"):
            self._repeated.append(name.removesuffix(".json"))

    def _names(self) -> Iterator[str]:
        return iter(self._places)

    def _content(self, name: str) -> bytes | None:
        place = self._places.get(name)
        return None if place is None else self._spool.read(place)


def _plain_name(path: PurePosixPath) -> str:
    """Return a file name with its suffix in lower case."""
    return path.stem + path.suffix.lower()


def _other_layout(path: Path) -> DataError:
    return DataError(
        f"{path} is not in MM-IMDb's layout; expected {SPLIT_FILE} and "
        f"{DATASET_FOLDER}/<id>.json with <id>.jpeg in it"
    )
