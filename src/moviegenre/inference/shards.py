"""A table job as a set of shards: rows of one input file each, named by their content.

The plan depends only on the input, so every process makes the same plan, and the parts have the
same names and bytes on every machine.
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
"""Rows of a shard: the maximum that a killed process loses, and the minimum for a machine."""

Hashes = npt.NDArray[np.uint64]

_CHUNK_HASHES = 1 << 20  # hashes that are compared at a time


@dataclass(frozen=True)
class Shard:
    """Some rows of one file.

    Attributes:
        file: The index of its input file.
        first: The index of its first row in the file.
        rows: The number of its rows.
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
        """Its name; names sort in the order of the input."""
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
        number: The number of this share, counted from 1.
        of: The number of all shares.
    """

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Return the share of a text such as ``3/16``.

        Raises:
            ConfigError: The text has another form.
        """
        number, slash, num_shares = text.partition("/")
        if (
            slash
            and number.isdecimal()
            and num_shares.isdecimal()
            and 1 <= int(number) <= int(num_shares)
        ):
            return cls(int(number), int(num_shares))
        raise ConfigError(f"`shards` is {text!r}; expected K/N, such as 3/16: the third of 16")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def select(self, shards: Sequence[Shard]) -> list[Shard]:
        """Return its shards."""
        return list(shards[self.number - 1 :: self.of])


@dataclass(frozen=True)
class Plan:
    """A job: its settings and model, its files and its shards.

    Attributes:
        job: Everything the answers depend on, as plain values.
        files: The input's files: their names and stamps, see ``file_stamp``.
        shards: In the order of the input.
        repeated_ids: The number of ids that several rows have.
        is_finished: Whether all parts exist and were compared with the input.
    """

    job: Mapping[str, Any]
    files: Sequence[tuple[str, str]]
    shards: Sequence[Shard]
    repeated_ids: int
    is_finished: bool = False

    @property
    def rows(self) -> int:
        """The number of rows of the input."""
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
            "shards": [[shard.file, shard.first, shard.rows, shard.ids] for shard in self.shards],
        }
        if parts is not None:
            values["parts"] = parts
        return (json.dumps(values, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes) -> "Plan":
        """Return the plan that ``to_json`` wrote.

        Raises:
            ValueError: The content is not a plan.
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
    """Return the plan of a job; reads the ids of all tables once, in bounded memory.

    Args:
        job: Everything the answers depend on, as plain values.
        catalogues: The tables.
        files: Their names and stamps.
        shard_rows: The maximum number of rows of a shard.

    Returns:
        The plan, and the sorted hashes of ids that several rows have.

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
    """Return the hashes that are more than once in a file, which is sorted on the disk."""
    hashes: Hashes = np.memmap(stream, np.uint64, mode="r+")
    hashes.sort()
    repeated: list[Hashes] = []
    for start in range(0, len(hashes), _CHUNK_HASHES):
        chunk = np.asarray(hashes[start : start + _CHUNK_HASHES + 1])
        repeated.append(chunk[:-1][chunk[1:] == chunk[:-1]])
    return np.unique(np.concatenate(repeated))
