"""A catalogue's answers on disk: parts while the job runs, one file at its end."""

import csv
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import ConfigError, DataError
from moviegenre.core.files import atomic_path, write_text
from moviegenre.core.genres import GenreVocabulary

_OUT_SUFFIXES = (".parquet", ".csv", ".jsonl")
_FINGERPRINT_FILE = "job.json"
_DECIMALS = 6  # of a probability in CSV and JSON Lines
_RESERVED = ("id", "genres", "error", "warnings")
_FIRST_GENRE = 2  # its column


@dataclass(frozen=True)
class CatalogueSummary:
    """What became of a catalogue.

    Attributes:
        rows: How many it has, all of them in the output.
        with_errors: How many could not be read in full.
        empty: How many of these have no answer.
    """

    rows: int
    with_errors: int
    empty: int


def answer_schema(genres: GenreVocabulary) -> pa.Schema:
    """Return the columns of a catalogue's answers.

    Raises:
        DataError: A genre has the name of another column.
    """
    clash = [name for name in genres if name in _RESERVED]
    if clash:
        raise DataError(
            f"the genres {', '.join(clash)} have the names of other columns of the answer; train "
            "with other names"
        )
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("genres", pa.list_(pa.string()), nullable=False),
            *(pa.field(name, pa.float32()) for name in genres),  # null where nothing was read
            pa.field("error", pa.string()),  # null where all was read
            pa.field("warnings", pa.string()),  # null where the answer is as good as any
        ]
    )


def check_out(out: Path, catalogue: Path) -> None:
    """Refuse an output that cannot be written, or that would overwrite the catalogue.

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
    if out.resolve() == catalogue.resolve():
        raise ConfigError(f"{out} is the catalogue itself; name another file with --out")


def csv_header(schema: pa.Schema) -> str:
    """Return the first line of a catalogue's answers as CSV."""
    return _csv_text(schema.names)


def csv_lines(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> list[str]:
    """Return the lines of some films in a catalogue's answers as CSV.

    Args:
        rows: Their cells by column; a genre that is missing is left empty.
        schema: What ``answer_schema`` returned.
    """
    stored = pa.Table.from_pylist([dict(row) for row in rows], schema).to_pylist()
    return [_csv_line(_rounded(row)) for row in stored]


def _csv_line(row: Mapping[str, Any]) -> str:
    cells = {**row, "genres": "|".join(row["genres"])}
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

    def open(self, job: Mapping[str, Any], *, resume: bool) -> int:
        """Begin a job, or go on with it.

        Args:
            job: What the answers depend on, as plain values.
            resume: Go on, if it was begun.

        Returns:
            How many parts are there already.

        Raises:
            ConfigError: Another job was begun here, or this one and it is not to be resumed.
        """
        path = self.folder / _FINGERPRINT_FILE
        if not path.is_file():
            shutil.rmtree(self.folder, ignore_errors=True)
            write_text(path, json.dumps(job, indent=1) + "\n")
            return 0
        if not resume:
            raise ConfigError(
                f"{self.folder} holds an unfinished job; go on with --resume, or delete that "
                "folder to begin anew"
            )
        begun = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key in job if begun.get(key) != json.loads(json.dumps(job[key]))]
        if changed:
            raise ConfigError(
                f"{self.folder} was begun with another {', another '.join(changed)}; resume with "
                "the same, or delete that folder to begin anew"
            )
        number = 0
        while self._path(number).is_file():
            number += 1
        return number

    def write(self, number: int, rows: list[dict[str, Any]]) -> None:
        """Write a part in one step."""
        with atomic_path(self._path(number)) as temporary:
            pq.write_table(pa.Table.from_pylist(rows, self._schema), temporary)

    def merge(self, count: int) -> CatalogueSummary:
        """Write the output from its parts in one step, and remove them."""
        write = {".parquet": self._write_parquet, ".csv": self._write_csv}
        with atomic_path(self.out) as temporary:
            write.get(self.out.suffix.lower(), self._write_jsonl)(temporary, count)
        rows = errors = empty = 0
        for table in self._tables(count):
            rows += table.num_rows
            errors += table.num_rows - table["error"].null_count
            empty += table.column(_FIRST_GENRE).null_count
        shutil.rmtree(self.folder)
        return CatalogueSummary(rows, errors, empty)

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:06d}.parquet"

    def _tables(self, count: int) -> Iterator[pa.Table]:
        for number in range(count):
            yield pq.read_table(self._path(number), schema=self._schema)

    def _write_parquet(self, path: Path, count: int) -> None:
        with pq.ParquetWriter(path, self._schema) as writer:
            for table in self._tables(count):
                writer.write_table(table)

    def _write_csv(self, path: Path, count: int) -> None:
        with path.open("w", encoding="utf-8", newline="") as stream:
            stream.write(csv_header(self._schema))
            for row in self._plain_rows(count):
                stream.write(_csv_line(row))

    def _write_jsonl(self, path: Path, count: int) -> None:
        with path.open("w", encoding="utf-8") as stream:
            for row in self._plain_rows(count):
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _plain_rows(self, count: int) -> Iterator[dict[str, Any]]:
        for table in self._tables(count):
            yield from map(_rounded, table.to_pylist())
