"""Data sets with one or several files for each split."""

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

from moviegenre.core.files import file_sha256
from moviegenre.core.types import Split
from moviegenre.data.records import MovieSource, RawMovie

SPLIT_WORDS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "dev": Split.VAL,
    "val": Split.VAL,
    "valid": Split.VAL,
    "validation": Split.VAL,
    "test": Split.TEST,
}
"""Names of the splits in file names."""

SplitFile = tuple[Path, Split | None]


class SplitFiles(MovieSource):
    """Movies in files of one kind; each file belongs to a split.

    Args:
        files: The files, each with its split; None for an unknown split.
    """

    sha256_of = "the files, by name"

    def __init__(self, files: Sequence[SplitFile]) -> None:
        self._files = sorted(files, key=_split_order)
        lines = (f"{path.name} {file_sha256(path)}\n" for path, _ in self._files)
        self.sha256 = hashlib.sha256("".join(lines).encode()).hexdigest()
        splits = {split for _, split in self._files}
        self.has_split = splits == set(Split)
        self.lacks = ", ".join(split.value for split in Split if split not in splits)

    def __iter__(self) -> Iterator[RawMovie]:
        """Yield every movie: train, validation, test."""
        for path, split in self._files:
            yield from self._movies(path, split)

    @abstractmethod
    def _movies(self, path: Path, split: Split | None) -> Iterator[RawMovie]:
        """Yield the movies of one file."""


def _split_order(file: SplitFile) -> tuple[int, str]:
    path, split = file
    return (len(Split) if split is None else list(Split).index(split), path.name)
