"""A table job as a set of shards: rows of one input file each, named by their content.

The plan depends on the input alone, so every process that makes it makes the same one, and the
parts have the same names and bytes whatever computed them.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import ConfigError
from moviegenre.core.files import file_sha256
from moviegenre.data.tables.table_files import TableFile
from moviegenre.inference.catalogue_rows import Catalogue, id_hash

SHARD_ROWS = 2048
"""Rows of a shard: the most that a kill can lose, and the smallest share of a machine."""

Hashes = npt.NDArray[np.uint64]

_COMPARED_HASHES = 1 << 20  # at a time


@dataclass(frozen=True)
class Shard:
    """Some rows of one file.

    Attributes:
        file: Which of the input's files, counted from 0.
        first: Its first row in the file, counted from 0.
        rows: How many rows it has.
        content: The SHA-256 of the file, or the stamp of an object store.
        ids: The digest of its ids, see ``ids_digest``.
    """

    file: int
    first: int
    rows: int
    content: str
    ids: str

    @property
    def name(self) -> str:
        """Its name; sorted by name, shards stand in the order of the input."""
        digest = hashlib.sha256(self.content.encode()).hexdigest()[:12]
        return f"{self.file:05d}-{self.first:010d}-{digest}"

    @property
    def range(self) -> range:
        """Its rows in the file."""
        return range(self.first, self.first + self.rows)


@dataclass(frozen=True)
class Share:
    """Every N-th shard, for one of several processes.

    Attributes:
        number: Which share, from 1 on.
        of: How many shares there are.
    """

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Return the share that a text such as ``3/16`` names.

        Raises:
            ConfigError: It names none.
        """
        number, slash, of = text.partition("/")
        if slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
            return cls(int(number), int(of))
        raise ConfigError(f"`shards` is {text!r}; expected K/N, such as 3/16: the third of 16")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def select(self, shards: Sequence[Shard]) -> list[Shard]:
        """Return its shards."""
        return list(shards[self.number - 1 :: self.of])


@dataclass(frozen=True)
class Plan:
    """A job: everything its answers depend on, its files and its shards.

    Attributes:
        job: Everything the answers depend on, as plain values.
        files: The input's files: their names and stamps, see ``file_stamp``.
        shards: In the order of the input.
        repeated_ids: How many ids stand in several rows.
        is_finished: Whether all parts are there and were compared with the input.
    """

    job: Mapping[str, Any]
    files: Sequence[tuple[str, str]]
    shards: Sequence[Shard]
    repeated_ids: int
    is_finished: bool = False

    @property
    def rows(self) -> int:
        """How many rows the input has."""
        return sum(shard.rows for shard in self.shards)

    def to_json(self, parts: Mapping[str, Any] | None = None) -> bytes:
        """Return the plan as JSON; with its parts it is the manifest of a finished job.

        Args:
            parts: File and rows of each part, by the name of its shard.
        """
        values: dict[str, Any] = {
            "job": self.job,
            "files": self.files,
            "rows": self.rows,
            "repeated_ids": self.repeated_ids,
            "shards": [[s.file, s.first, s.rows, s.ids] for s in self.shards],
        }
        if parts is not None:
            values["parts"] = parts
        return (json.dumps(values, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes) -> "Plan":
        """Return the plan that ``to_json`` wrote.

        Raises:
            ValueError: It is none.
        """
        values = json.loads(content)
        try:
            files = [(str(name), str(digest)) for name, digest in values["files"]]
            shards = [
                Shard(int(file), int(first), int(rows), files[file][1], str(ids))
                for file, first, rows, ids in values["shards"]
            ]
            repeated = int(values["repeated_ids"])
            return cls(dict(values["job"]), files, shards, repeated, "parts" in values)
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"it is not the plan of a job ({error!r})") from None


def file_stamp(file: TableFile) -> str:
    """Return a stamp of a file's content: its SHA-256, or the stamp of its object store."""
    return file_sha256(file) if isinstance(file, Path) else file.stamp()


def ids_digest(ids: Iterable[str]) -> str:
    """Return a digest of some ids in their order."""
    digest = hashlib.sha256()
    for id_ in ids:
        digest.update(f"{id_}\0".encode())
    return digest.hexdigest()[:16]


def make_plan(
    job: Mapping[str, Any],
    catalogues: Sequence[Catalogue],
    files: Sequence[tuple[str, str]],
    shard_rows: int,
) -> tuple[Plan, Hashes]:
    """Read the ids of all tables once; in bounded memory.

    Args:
        job: Everything the answers depend on, as plain values.
        catalogues: The tables.
        files: Their names and stamps.
        shard_rows: The most rows of a shard.

    Returns:
        The plan, and the sorted hashes of ids that stand in several rows.

    Raises:
        DataError: A table is damaged as a whole.
    """
    shards: list[Shard] = []
    with tempfile.TemporaryFile() as stream:
        for number, (catalogue, (_, content)) in enumerate(zip(catalogues, files, strict=True)):
            first = 0
            ids = catalogue.ids()
            while chunk := list(islice(ids, shard_rows)):
                hashes = np.fromiter(map(id_hash, chunk), np.uint64, len(chunk))
                stream.write(hashes.tobytes())
                shards.append(Shard(number, first, len(chunk), content, ids_digest(chunk)))
                first += len(chunk)
        stream.flush()
        repeated = _repeated(stream) if shards else np.empty(0, np.uint64)
    return Plan(job, files, shards, len(repeated)), repeated


def _repeated(stream: BinaryIO) -> Hashes:
    """Return the hashes that stand in a file more than once, sorted on the disk."""
    hashes: Hashes = np.memmap(stream, np.uint64, mode="r+")
    hashes.sort()
    repeated: list[Hashes] = []
    for start in range(0, len(hashes), _COMPARED_HASHES):
        piece = np.asarray(hashes[start : start + _COMPARED_HASHES + 1])
        repeated.append(piece[:-1][piece[1:] == piece[:-1]])
    return np.unique(np.concatenate(repeated))
