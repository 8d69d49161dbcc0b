"""The predictions of a catalogue on disk: parts during the job, one file at its end."""

import csv
import io
import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import ConfigError, DamagedError, DataError
from moviegenre.core.files import atomic_file, write_text
from moviegenre.core.genre_names import RESERVED_NAMES, reserved
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.reading import real_path
from moviegenre.core.seals import check_seal, read_sealed, sealed_file

logger = logging.getLogger(__name__)

_OUT_SUFFIXES = (".parquet", ".csv", ".jsonl")
_FINGERPRINT_FILE = "job.json"
_DECIMALS = 6  # of a probability in CSV and JSON Lines
_LISTS = ("genres", "modalities")  # cells that CSV joins


@dataclass(frozen=True)
class CatalogueSummary:
    """The result of predicting a catalogue.

    Attributes:
        rows: How many it has, all of them in the output.
        with_errors: How many could not be read in full.
        empty: How many of these have no answer.
    """

    rows: int
    with_errors: int
    empty: int


def kept_names(columns: Iterable[str], genres: GenreVocabulary) -> dict[str, str]:
    """Return the name of each kept column in the output.

    Args:
        columns: Columns of the catalogue.
        genres: The model's; a column with the name of a genre, or of another column of the
            answers, is called ``input_`` and its name.
    """
    taken = {*RESERVED_NAMES, *genres}
    return {name: f"input_{name}" if name in taken else name for name in columns}


def answer_schema(genres: GenreVocabulary, kept: Iterable[str] = ()) -> pa.Schema:
    """Return the columns of the output.

    Args:
        genres: The model's.
        kept: Columns that are repeated from the catalogue.

    Raises:
        DataError: A genre has the name of another column.
    """
    clash = reserved(genres)
    if clash:
        raise DataError(
            f"the genres {', '.join(clash)} have the names of other columns of the answer; train "
            "with other names"
        )
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            *(pa.field(name, pa.string()) for name in kept),
            pa.field("genres", pa.list_(pa.string()), nullable=False),
            *(pa.field(name, pa.float32()) for name in genres),  # null where nothing was read
            pa.field("error", pa.string()),  # null where all was read
            pa.field("warnings", pa.string()),  # null where the answer is as good as any
            pa.field("modalities", pa.list_(pa.string()), nullable=False),  # what was read
        ]
    )


def check_out(out: Path, catalogue: Path) -> None:
    """Raise an error if the output cannot be written or would overwrite the catalogue.

    Args:
        out: Where the answers are to go.
        catalogue: What is to be answered.

    Raises:
        ConfigError: The output has another ending, or is the catalogue itself.
    """
    if out.suffix.lower() not in _OUT_SUFFIXES:
        raise ConfigError(
            f"{out} ends in {out.suffix!r}; expected an ending of {', '.join(_OUT_SUFFIXES)}"
        )
    if real_path(out) == real_path(catalogue):
        raise ConfigError(f"{out} is the catalogue itself; name another file with `out`")


def csv_header(schema: pa.Schema) -> str:
    """Return the header line of the output as CSV."""
    return _csv_text(schema.names)


def csv_lines(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> list[str]:
    """Return the lines of some films in the output as CSV.

    Args:
        rows: Their cells by column; a genre that is missing is left empty.
        schema: What ``answer_schema`` returned.
    """
    stored = pa.Table.from_pylist([dict(row) for row in rows], schema).to_pylist()
    return [_csv_line(_rounded(row)) for row in stored]


def _csv_line(row: Mapping[str, Any]) -> str:
    cells = {**row, **{name: "|".join(row[name]) for name in _LISTS}}
    return _csv_text("" if cell is None else cell for cell in cells.values())


def _csv_text(cells: Iterable[Any]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(cell, _DECIMALS) if isinstance(cell, float) else cell
        for name, cell in row.items()
    }


class Parts:
    """The parts of one job, in a folder beside its output.

    Args:
        out: The output: ``.parquet``, ``.csv`` or ``.jsonl``.
        schema: Its columns.
    """

    def __init__(self, out: Path, schema: pa.Schema) -> None:
        self.out = out
        self.folder = out.with_name(f"{out.name}.parts")
        self._schema = schema

    def open(self, job: Mapping[str, Any]) -> int:
        """Start or resume a job.

        Args:
            job: What the answers depend on, as plain values.

        Returns:
            How many parts are there already. Damaged ones, and those after them, do not count.

        Raises:
            ConfigError: Another job was begun here.
        """
        path = self.folder / _FINGERPRINT_FILE
        begun = _read_job(path)
        if begun is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            write_text(path, json.dumps(job, indent=1) + "\n")
            return 0
        changed = [key for key in job if begun.get(key) != json.loads(json.dumps(job[key]))]
        if changed:
            raise ConfigError(
                f"{self.folder} holds an unfinished job, begun with another "
                f"{', another '.join(changed)}; go on with the same, or delete that folder to "
                "begin anew"
            )
        number = 0
        while self._is_whole(number):
            number += 1
        return number

    def write(self, number: int, rows: list[dict[str, Any]]) -> None:
        """Write a part in one step."""
        with sealed_file(self._path(number)) as stream:
            pq.write_table(pa.Table.from_pylist(rows, self._schema), stream)

    def _is_whole(self, number: int) -> bool:
        """Return whether a part exists and is undamaged."""
        path = self._path(number)
        if not path.is_file():
            return False
        try:
            if check_seal(path):
                return True
            logger.warning("%s is damaged: its end is missing; it is made again", path)
        except DamagedError as error:
            logger.warning("%s; it is made again", error)
        return False

    def merge(self, count: int) -> CatalogueSummary:
        """Write the output from its parts in one step, and remove them."""
        write = {".parquet": self._write_parquet, ".csv": self._write_csv}
        with atomic_file(self.out) as stream:
            write.get(self.out.suffix.lower(), self._write_jsonl)(stream, count)
        rows = errors = empty = 0
        probability = self._schema.names[self._schema.names.index("genres") + 1]
        for table in self._tables(count):
            rows += table.num_rows
            errors += table.num_rows - table["error"].null_count
            empty += table[probability].null_count
        (self.folder / _FINGERPRINT_FILE).unlink()  # without it, what is left is no job
        shutil.rmtree(self.folder, ignore_errors=True)
        return CatalogueSummary(rows, errors, empty)

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:06d}.parquet"

    def _tables(self, count: int) -> Iterator[pa.Table]:
        for number in range(count):
            content = pa.BufferReader(read_sealed(self._path(number)))
            # Arrow's own threads would let go of Python's bytes at any time, and end the process
            # with 134 if the interpreter is gone by then.
            with pq.ParquetFile(content, pre_buffer=False) as part:
                yield part.read(use_threads=False)

    def _write_parquet(self, stream: BinaryIO, count: int) -> None:
        with pq.ParquetWriter(stream, self._schema) as writer:
            for table in self._tables(count):
                writer.write_table(table)

    def _write_csv(self, stream: BinaryIO, count: int) -> None:
        stream.write(csv_header(self._schema).encode())
        for row in self._plain_rows(count):
            stream.write(_csv_line(row).encode())

    def _write_jsonl(self, stream: BinaryIO, count: int) -> None:
        for row in self._plain_rows(count):
            stream.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")

    def _plain_rows(self, count: int) -> Iterator[dict[str, Any]]:
        for table in self._tables(count):
            yield from map(_rounded, table.to_pylist())


def _read_job(path: Path) -> dict[str, Any] | None:
    """Return the settings of an unfinished job; None if there is none to resume."""
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("it holds no object")
    except ValueError as error:
        logger.warning("%s is damaged (%s); the job begins anew", path, error)
        return None
    return found
