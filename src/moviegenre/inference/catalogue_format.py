"""The columns of the predictions of a catalogue, and how each format writes them."""

import csv
import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import DataError
from moviegenre.core.genre_names import RESERVED_NAMES, reserved

_DECIMALS = 6  # of a probability in CSV and JSON Lines
_LISTS = ("genres", "modalities")  # cells that CSV joins


def kept_names(columns: Iterable[str], genres: Collection[str]) -> dict[str, str]:
    """Return the name of each kept column in the output.

    Args:
        columns: Columns of the catalogue.
        genres: The names of genres; a column with the name of a genre, or of another column of
            the answers, gets the prefix ``input_``.
    """
    used_names = {*RESERVED_NAMES, *genres}
    return {name: f"input_{name}" if name in used_names else name for name in columns}


def answer_schema(genres: Collection[str], kept: Iterable[str] = ()) -> pa.Schema:
    """Return the columns of the output.

    Args:
        genres: The names of genres.
        kept: Columns that are repeated from the catalogue.

    Raises:
        DataError: A genre has the name of another column.
    """
    clash = reserved(genres)
    if clash:
        raise DataError(
            f"the genres {', '.join(clash)} have the names of other columns of the answer; "
            "train with other names, or write other ones with `names`"
        )
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            *(pa.field(name, pa.string()) for name in kept),
            pa.field("genres", pa.list_(pa.string()), nullable=False),
            *(pa.field(name, pa.float32()) for name in genres),  # null if nothing was read
            pa.field("error", pa.string()),  # null if everything was read
            pa.field("warnings", pa.string()),  # null if there is no warning
            pa.field("modalities", pa.list_(pa.string()), nullable=False),  # parts that were read
        ]
    )


def csv_header(schema: pa.Schema) -> str:
    """Return the header line of the output as CSV."""
    return _csv_text(schema.names)


def csv_lines(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> list[str]:
    """Return the lines of some films in the output as CSV.

    Args:
        rows: Their cells by column; missing genres stay empty.
        schema: The result of ``answer_schema``.
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


def write_answers(
    stream: BinaryIO, suffix: str, tables: Iterable[pa.Table], schema: pa.Schema
) -> None:
    """Write the answers of all films in one format.

    Args:
        stream: The output.
        suffix: ``.parquet``, ``.csv`` or ``.jsonl``.
        tables: The answers in the order of the films, in chunks.
        schema: The result of ``answer_schema``.
    """
    if suffix == ".parquet":
        with pq.ParquetWriter(stream, schema) as writer:
            for table in tables:
                writer.write_table(table)
        return
    if suffix == ".csv":
        stream.write(csv_header(schema).encode())
    for table in tables:
        for row in map(_rounded, table.to_pylist()):
            is_csv = suffix == ".csv"
            line = _csv_line(row) if is_csv else json.dumps(row, ensure_ascii=False) + "\n"
            stream.write(line.encode())
