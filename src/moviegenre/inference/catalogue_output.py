"""The output of a catalogue's predictions: parts during the job, then one file or a folder."""

import hashlib
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import ConfigError, DamagedError, DataError
from moviegenre.core.files import atomic_file
from moviegenre.core.locks import locked
from moviegenre.core.reading import real_path
from moviegenre.data.storage import Folder, LocalFolder, StoreFolder, is_address
from moviegenre.data.tables.table_files import TableFile
from moviegenre.inference.catalogue_format import write_answers
from moviegenre.inference.shard_work import MANIFEST_FILE, REPEATED_FILE, TRY_PREFIX
from moviegenre.inference.shards import Plan, Shard, Share, ids_digest

logger = logging.getLogger(__name__)

OUT_SUFFIXES = (".parquet", ".csv", ".jsonl")


@dataclass
class CatalogueSummary:
    """The result of predicting a catalogue.

    Attributes:
        rows: The number of rows; the output has the same ids in the same order.
        with_errors: The number of rows that could not be read in full.
        empty: The number of these rows without an answer.
        with_warnings: The number of rows with an answer and a warning.
    """

    rows: int = 0
    with_errors: int = 0
    empty: int = 0
    with_warnings: int = 0


class Output:
    """The output of a job and the folder of its parts.

    Args:
        out: A ``.parquet``, ``.csv`` or ``.jsonl`` file, into which the parts are joined; or a
            folder here or in an object store, which keeps them.

    Raises:
        ConfigError: The output is a file with another ending.

    Attributes:
        name: As given, for messages.
        file: The file; None for a folder.
        folder: The folder of the parts.
    """

    def __init__(self, out: Path | str) -> None:
        self.name = str(out)
        self.file: Path | None = None
        path = Path(out)
        is_file = path.suffix.lower() in OUT_SUFFIXES
        if is_address(self.name):
            if is_file:
                raise ConfigError(
                    f"{out} is one file; an object store gets a folder of Parquet parts: name a "
                    "folder, without an ending"
                )
            self.folder: Folder = StoreFolder(self.name.rstrip("/"))
        elif path.is_dir() or self.name.endswith("/") or not path.suffix:
            self.folder = LocalFolder(path)
        elif is_file:
            self.file = path
            self.folder = LocalFolder(path.with_name(f"{path.name}.parts"))
        else:
            raise ConfigError(
                f"{out} ends in {path.suffix!r}; expected an ending of {', '.join(OUT_SUFFIXES)}, "
                "or a folder: a name that ends in /"
            )

    def check_inputs(self, tables: Sequence[TableFile]) -> None:
        """Raise an error if the output is one of the tables, or a folder with one of them.

        Args:
            tables: The tables to predict.

        Raises:
            ConfigError: It is.
        """
        for table in tables:
            if isinstance(table, Path):
                table_path, out_path = real_path(table), real_path(Path(self.name))
                if table_path == out_path and self.file is not None:
                    raise ConfigError(
                        f"{self.name} is the table itself; name another file with `out`"
                    )
                inside = self.file is None and out_path in table_path.parents
            else:
                inside = str(table).startswith(f"{self.folder.address}/")
            if inside:
                raise ConfigError(
                    f"{table} lies in {self.name}, the folder for the answers; name another "
                    "folder with `out`"
                )

    def locked(self, share: Share) -> AbstractContextManager[None]:
        """Keep other runs away from the whole output, or from a share of it.

        Object stores have no locks: two runs there do the same work twice.

        Raises:
            BusyError: Another run has locked it.
        """
        if not isinstance(self.folder, LocalFolder):
            return nullcontext()
        if share.of == 1:
            return locked(self.file or self.folder.path)
        path = self.folder.path / f"share-{share.number}-of-{share.of}"
        return locked(path, "name another share with `shards`")

    def locked_whole(self) -> AbstractContextManager[None]:
        """Wait until no other run plans or joins."""
        if not isinstance(self.folder, LocalFolder):
            return nullcontext()
        return locked(self.file or self.folder.path, wait=True)

    def read_plan(self, job: Mapping[str, Any]) -> Plan | None:
        """Return the plan of an unfinished job; None if there is none.

        Args:
            job: Everything the answers depend on, as plain values.

        Raises:
            ConfigError: Another job was begun here, or the folder has other files.
        """
        content = self.folder.read(MANIFEST_FILE)
        if content is None:
            other_names = [name for name in self.folder.names() if name[0] not in "._"]
            if other_names and self.file is None:
                raise ConfigError(
                    f"{self.folder.address} is not empty (found {other_names[0]}) and holds no "
                    "job; name a new folder with `out`"
                )
            self._clear()
            return None
        try:
            plan = Plan.from_json(content)
        except ValueError as error:
            path = f"{self.folder.address}/{MANIFEST_FILE}"
            logger.warning("%s is damaged (%s); the job starts again", path, error)
            self._clear()
            return None
        changed = [key for key in job if plan.job.get(key) != job[key]]
        if changed:
            raise ConfigError(
                f"{self.folder.address} holds {'a' if plan.is_finished else 'an unfinished'} job, "
                f"started with another {', another '.join(changed)}; use the same ones, or delete "
                "that folder to start again"
            )
        return plan

    def parts(self) -> dict[str, list[str]]:
        """Return the names of the existing parts, by the name of their shard."""
        parts: dict[str, list[str]] = {}
        for name in self.folder.names():
            if name.startswith("part-") and name.endswith(".parquet"):
                parts.setdefault(name[5:].rpartition("-")[0], []).append(name)
        return parts

    def missing(self, shards: Sequence[Shard]) -> list[Shard]:
        """Return the shards without an undamaged part."""
        parts = self.parts()
        return [shard for shard in shards if not self._keep_one_part(parts.get(shard.name, []))]

    def finish(self, plan: Plan, schema: pa.Schema) -> CatalogueSummary:
        """Compare all ids with the ids of the input, and write the file or the manifest.

        Args:
            plan: The job.
            schema: The columns of the parts.

        Raises:
            DamagedError: A part is damaged.
            DataError: A part has other ids than its shard.
        """
        summary = CatalogueSummary()
        parts: dict[str, Any] = {}
        tables = self._checked(plan, schema, summary, parts)
        if self.file is not None:
            with atomic_file(self.file) as stream:
                write_answers(stream, self.file.suffix.lower(), tables, schema)
        else:
            for _ in tables:
                pass
            self.folder.write(MANIFEST_FILE, plan.to_json(parts))
        self._tidy()
        return summary

    def _clear(self) -> None:
        """Remove another job's files; hidden files are locks."""
        for name in self.folder.names():
            if name[0] != ".":
                self.folder.remove(name)

    def _keep_one_part(self, names: Sequence[str]) -> bool:
        """Return whether one of a shard's parts is undamaged; remove all other parts."""
        has_part = False
        for name in names:
            if has_part or not self._is_undamaged(name):
                self.folder.remove(name)
            else:
                has_part = True
        return has_part

    def _is_undamaged(self, name: str) -> bool:
        content = self.folder.read(name) or b""
        if _has_named_digest(name, content):
            return True
        path = f"{self.folder.address}/{name}"
        logger.warning("%s is damaged: it is not what was written; it is made again", path)
        return False

    def _checked(
        self, plan: Plan, schema: pa.Schema, summary: CatalogueSummary, parts: dict[str, Any]
    ) -> Iterator[pa.Table]:
        """Yield the parts, each compared with its shard; fill ``summary`` and ``parts``."""
        names = self.parts()
        probability = schema.names[schema.names.index("genres") + 1]
        for shard in plan.shards:
            name = sorted(names[shard.name])[0]
            content = self.folder.read(name) or b""
            path = f"{self.folder.address}/{name}"
            if not _has_named_digest(name, content):
                raise DamagedError(f"{path} is damaged; run the same command again")
            # Arrow's own threads could release Python's bytes after the interpreter has ended;
            # the process would then exit with 134.
            with pq.ParquetFile(pa.BufferReader(content), pre_buffer=False) as part:
                table = part.read(use_threads=False)
            if table.num_rows != shard.rows or ids_digest(table["id"].to_pylist()) != shard.ids:
                raise DataError(
                    f"{path} has other ids than rows {shard.first + 1} to {shard.range.stop} of "
                    f"{plan.files[shard.file][0]}; delete it and run the same command again"
                )
            summary.rows += table.num_rows
            summary.with_errors += table.num_rows - table["error"].null_count
            summary.empty += table[probability].null_count
            pairs = zip(table["warnings"].to_pylist(), table[probability].to_pylist(), strict=True)
            summary.with_warnings += sum(None not in pair for pair in pairs)
            parts[shard.name] = {"file": name, "rows": table.num_rows}
            yield table

    def _tidy(self) -> None:
        """Remove the files that only an unfinished job needs."""
        if self.file is None:
            for name in self.folder.names():
                if name.startswith(TRY_PREFIX) or name == REPEATED_FILE:
                    self.folder.remove(name)
        elif isinstance(self.folder, LocalFolder):
            self.folder.remove(MANIFEST_FILE)  # without it, the folder is no job
            shutil.rmtree(self.folder.path, ignore_errors=True)


def _has_named_digest(name: str, content: bytes) -> bool:
    digest = name.removesuffix(".parquet").rpartition("-")[2]
    return hashlib.sha256(content).hexdigest()[:16] == digest
