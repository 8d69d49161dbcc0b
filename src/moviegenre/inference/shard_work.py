"""Compute shards: each becomes one Parquet part, in any process.

A row that ends the process (a fault in a decoder, too little memory) must not end the job. While a
process computes a shard, there is a small file beside the parts with the shard's name. If the next
process finds the file, the first one died, and the rows are tried one by one. A row that ends two
more processes is left out, with a reason in the column ``error``.
"""

import hashlib
import io
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import BusyError, DataError
from moviegenre.core.genre_mapping import GenreNames
from moviegenre.core.prefetch import prefetch
from moviegenre.data.storage import Folder
from moviegenre.data.tables.table import RowReader
from moviegenre.inference.catalogue_format import answer_schema
from moviegenre.inference.catalogue_rows import Catalogue, Entry, id_hash
from moviegenre.inference.prediction import Prediction
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.shards import Shard, ids_digest

MANIFEST_FILE = "_manifest.json"
REPEATED_FILE = "_repeated_ids.bin"
TRY_PREFIX = "_try-"

WINDOW_ROWS = 256
"""Rows in memory: read ahead and sorted into batches."""

_MAX_ROW_DEATHS = 2  # deaths while the row was tried alone, after one death in a batch
_MAX_SHARD_DEATHS = 5  # deaths while no row was tried alone


def part_name(shard: Shard, content: bytes) -> str:
    """Return the name of a shard's part, which ends with the digest of its bytes."""
    return f"part-{shard.name}-{hashlib.sha256(content).hexdigest()[:16]}.parquet"


@dataclass(frozen=True)
class ShardWork:
    """The work of a worker, without the model; can be sent to another machine.

    Attributes:
        catalogues: The tables.
        folder: The folder of the parts.
        kept: The output name of each kept column.
        names: The names of genres in the output.
        batch_size: Films that are computed together.
    """

    catalogues: Sequence[Catalogue]
    folder: Folder
    kept: Mapping[str, str]
    names: GenreNames
    batch_size: int


@dataclass
class _Attempts:
    """How often processes died on a shard.

    Attributes:
        ended: Deaths while all rows were computed.
        row: The row that is tried alone now.
        rows: Deaths while a row was tried alone, by its number.
    """

    ended: int = 0
    row: int | None = None
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def crashing(self) -> frozenset[int]:
        """Rows that are left out."""
        return frozenset(int(row) for row, deaths in self.rows.items() if deaths >= _MAX_ROW_DEATHS)


class ShardWorker:
    """Computes shards with one model.

    Args:
        work: The work.
        predictor: The model.
    """

    def __init__(self, work: ShardWork, predictor: Predictor) -> None:
        self._work = work
        self._folder = work.folder
        self._predictor = predictor
        written_names = work.names.of(predictor.model.genres)
        self._schema = answer_schema(written_names, work.kept.values())
        self._readers: dict[int, RowReader] = {}
        self._own_shards: dict[Shard, None] = {}
        self._repeated = np.frombuffer(self._folder.read(REPEATED_FILE) or b"", np.uint64)

    def run(
        self, shards: Sequence[Shard], on_rows: Callable[[int], None] = lambda _rows: None
    ) -> Generator[Shard, None, None]:
        """Compute shards, write their parts and yield each shard when it is done.

        Args:
            shards: In the order of the input.
            on_rows: Called with the number of rows that were computed since the last call.

        Raises:
            DataError: The input has changed, or rows end the process only together.
            BusyError: Another run has finished the job.
        """
        crashed = self._crashed_shards(shards)
        try:
            yield from self._compute([shard for shard in shards if shard not in crashed], on_rows)
            for shard in shards:
                if shard in crashed:
                    yield from self._compute([shard], on_rows, self._find_crashing_rows(shard))
        finally:  # only a process that dies leaves its files behind
            while self._own_shards:
                self._folder.remove(_attempts_name(self._own_shards.popitem()[0]))

    def _compute(
        self,
        shards: Sequence[Shard],
        on_rows: Callable[[int], None],
        crashing: frozenset[int] = frozenset(),
    ) -> Iterator[Shard]:
        entries = (entry for shard in shards for entry in self._entries(shard, crashing))
        with closing(prefetch(entries, WINDOW_ROWS)) as ready:
            for shard in shards:
                tables: list[pa.Table] = []
                num_done = num_rows = 0
                while num_done < shard.rows:
                    on_rows(num_rows)
                    num_wanted = min(WINDOW_ROWS, shard.rows - num_done)
                    chunk = list(islice(ready, num_wanted))
                    num_rows = len(chunk)
                    num_done += num_rows
                    if num_rows < num_wanted:
                        raise _changed_error(self._work, shard)
                    tables.append(pa.Table.from_pylist(self._answers(chunk), self._schema))
                self._write(shard, pa.concat_tables(tables).combine_chunks())
                on_rows(num_rows)
                yield shard

    def _entries(
        self, shard: Shard, crashing: frozenset[int], *, alone: bool = False
    ) -> Iterator[Entry]:
        """Yield the rows of a shard, after writing that this process computes it."""
        if not alone and shard not in self._own_shards:
            self._own_shards[shard] = None
            self._note(shard, _Attempts())
        catalogue, reader = self._work.catalogues[shard.file], self._predictor.reader
        if shard.file not in self._readers:  # keep only one file open
            self._readers = {shard.file: catalogue.row_reader(reader)}
        yield from catalogue.entries(
            reader,
            shard.range,
            self._readers[shard.file],
            repeated=self._is_repeated,
            crashing=crashing,
        )

    def _is_repeated(self, id_: str) -> bool:
        if not len(self._repeated):
            return False
        hashed = np.uint64(id_hash(id_))
        index = int(np.searchsorted(self._repeated, hashed))
        return index < len(self._repeated) and bool(self._repeated[index] == hashed)

    def _answers(self, entries: Sequence[Entry]) -> list[dict[str, Any]]:
        """Return the rows of the output for some rows of the input."""
        films = [entry.film for entry in entries if entry.film is not None]
        predictions = iter(self._predictor.predict_films(films, self._work.batch_size))
        kept, names = self._work.kept, self._work.names
        rows: list[dict[str, Any]] = []
        for entry in entries:
            prediction = next(predictions) if entry.film is not None else None
            warnings = [*(prediction.warnings if prediction else ()), entry.warning]
            rows.append(
                {
                    "id": entry.id,
                    **{kept[name]: cell for name, cell in entry.kept.items()},
                    "genres": list(names.of(prediction.genres)) if prediction else [],
                    **(self._probabilities(prediction) if prediction else {}),
                    "error": entry.error,
                    "warnings": " ".join(warning for warning in warnings if warning) or None,
                    "modalities": prediction.modalities if prediction else [],
                }
            )
        return rows

    def _probabilities(self, prediction: Prediction) -> dict[str, float]:
        """Return the probability of each written name, see ``GenreNames.genre_of``."""
        genre_of = self._work.names.genre_of(prediction.genres, prediction.probabilities)
        return {name: prediction.probabilities[genre] for name, genre in genre_of.items()}

    def _write(self, shard: Shard, table: pa.Table) -> None:
        if ids_digest(table["id"].to_pylist()) != shard.ids:
            raise _changed_error(self._work, shard)
        if not self._folder.has(MANIFEST_FILE):
            raise BusyError(f"{self._folder.address} is gone: another run has finished this job")
        stream = io.BytesIO()
        pq.write_table(table, stream)
        self._folder.write(part_name(shard, stream.getvalue()), stream.getvalue())
        self._folder.remove(_attempts_name(shard))
        self._own_shards.pop(shard, None)

    def _crashed_shards(self, shards: Sequence[Shard]) -> set[Shard]:
        """Return the shards that a process was computing when it died."""
        if len(shards) == 1:  # one read is cheaper than a list of all files
            (shard,) = shards
            return set() if self._folder.read(_attempts_name(shard)) is None else {shard}
        names = set(self._folder.names())
        return {shard for shard in shards if _attempts_name(shard) in names}

    def _find_crashing_rows(self, shard: Shard) -> frozenset[int]:
        """Try each row of a shard alone; return the rows that ended a process before."""
        attempts = _read_attempts(self._folder.read(_attempts_name(shard)))
        if attempts.ended >= _MAX_SHARD_DEATHS:
            raise DataError(
                f"{self._work.catalogues[shard.file].path}: rows {shard.first + 1} to "
                f"{shard.range.stop} have ended {attempts.ended} processes, although no single "
                "row does; is there too little memory? Try a smaller `batch_size`"
            )
        self._own_shards[shard] = None
        crashing = attempts.crashing
        self._readers.clear()
        entries = self._entries(shard, crashing, alone=True)
        for row in shard.range:
            attempts.row = None if row in crashing else row
            self._note(shard, attempts)
            entry = next(entries, None)
            if entry is not None and entry.film is not None:
                self._predictor.predict_films([entry.film], 1)
        attempts.row = None
        self._note(shard, attempts)
        self._readers.clear()
        return crashing

    def _note(self, shard: Shard, attempts: _Attempts) -> None:
        self._folder.write(_attempts_name(shard), json.dumps(vars(attempts)).encode())


def _attempts_name(shard: Shard) -> str:
    return f"{TRY_PREFIX}{shard.name}.json"


def _read_attempts(content: bytes | None) -> _Attempts:
    """Return the record of a dead process, including its own death."""
    try:
        attempts = _Attempts(**json.loads(content or b"{}"))
    except (ValueError, TypeError):  # an incomplete file after a power cut
        attempts = _Attempts()
    if attempts.row is None:
        attempts.ended += 1
    else:
        attempts.rows[str(attempts.row)] = attempts.rows.get(str(attempts.row), 0) + 1
    return attempts


def _changed_error(work: ShardWork, shard: Shard) -> DataError:
    return DataError(
        f"{work.catalogues[shard.file].path} has changed since the job began: rows "
        f"{shard.first + 1} to {shard.range.stop} have other ids; delete {work.folder.address} "
        "to start again"
    )
