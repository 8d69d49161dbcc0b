"""Somebody's own table of movies: CSV, JSON Lines or Parquet, posters as files beside it."""

import reprlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from moviegenre.core.errors import (
    DataError,
    DataNotFoundError,
    did_you_mean,
    missing_path_message,
)
from moviegenre.core.files import file_sha256
from moviegenre.core.reading import UnreadableFileError, is_there, read_bounded
from moviegenre.core.types import Split
from moviegenre.data.limits import MAX_NAME_CHARS, MAX_POSTER_BYTES
from moviegenre.data.records import RawMovie, clean_names, parse_title, parse_year, whole_text
from moviegenre.data.sources.rows import Row, column_names, read_rows

TABLE_SUFFIXES = (".csv", ".jsonl", ".ndjson", ".parquet")
_SEPARATORS = ("|", ";", ",")
_SPLIT_NAMES = {
    "train": Split.TRAIN,
    "val": Split.VAL,
    "dev": Split.VAL,
    "valid": Split.VAL,
    "validation": Split.VAL,
    "test": Split.TEST,
}


@dataclass(frozen=True)
class TableColumns:
    """Which column holds what.

    Attributes:
        id: The movie's id; None numbers the rows.
        plots: Plots, in this order.
        poster: Path of the poster, relative to the table; None where there are no posters.
        genres: A list, or names joined by a separator.
        split: ``train``, ``val`` (or ``dev``) or ``test``; None where there is no split.
        title: The title, where there is such a column.
        year: The year, likewise.
        separator: What joins genre names; None tells by itself: ``|``, ``;`` or ``,``.
    """

    id: str | None = None
    plots: tuple[str, ...] = ("plot",)
    poster: str | None = None
    genres: str = "genres"
    split: str | None = None
    title: str = "title"
    year: str = "year"
    separator: str | None = None

    @property
    def required(self) -> list[str]:
        """The columns that must be there."""
        named = [self.id, *self.plots, self.poster, self.genres, self.split]
        return [name for name in named if name is not None]

    @property
    def read(self) -> frozenset[str]:
        """The columns that are read, where they are there."""
        return frozenset([*self.required, self.title, self.year])


class MovieTable:
    """A table of movies.

    Args:
        path: ``.csv``, ``.jsonl``, ``.ndjson`` or ``.parquet``.
        columns: Which column holds what.

    Raises:
        DataNotFoundError: There is no such file.
        DataError: It cannot be read, or columns are not there; the message lists all these.
    """

    synthetic = False
    sha256_of = "the table"

    def __init__(self, path: Path, columns: TableColumns) -> None:
        if not path.is_file():
            raise DataNotFoundError(missing_path_message(path, "a table", "check the path"))
        self._path = path
        self._columns = columns
        self.description = str(path)
        self.sha256 = file_sha256(path)
        self.has_split = columns.split is not None
        known = column_names(path)
        missing = [name for name in columns.required if name not in known]
        if missing:
            told = "; ".join(f"no column {name!r}, {did_you_mean(name, known)}" for name in missing)
            raise DataError(f"{path}: {told}")

    def __iter__(self) -> Iterator[RawMovie]:
        """Yield every row, in order.

        Raises:
            DataError: The file is damaged as a whole, not in one of its rows.
        """
        separator = self._columns.separator or self._find_separator()
        for number, row in enumerate(read_rows(self._path, self._columns.read), start=1):
            movie = self._id(row, number)
            try:
                yield self._movie(movie, row, separator)
            except ValueError as error:
                yield RawMovie(movie, fault=f"row {number}: {error}")

    def _id(self, row: Row, number: int) -> str:
        if self._columns.id is None:
            return str(number)
        given = row.values.get(self._columns.id)
        return cell_text(given).strip() if given not in (None, "") else f"row {number}"

    def _movie(self, movie: str, row: Row, separator: str) -> RawMovie:
        if row.fault:
            raise ValueError(row.fault)
        columns, values = self._columns, row.values
        plots: list[str] = []
        for name in columns.plots:
            plots += clean_names(values.get(name))
        name = cell_text(values.get(columns.poster)).strip() if columns.poster else ""
        poster, fault = self._poster(name) if name else (None, "")
        said = values.get(columns.split) if columns.split else None
        split = _SPLIT_NAMES.get(cell_text(said).strip().lower())
        told = reprlib.repr(said)
        return RawMovie(
            id=movie,
            title=parse_title(values.get(columns.title)),
            year=parse_year(values.get(columns.year)),
            genres=_names(values.get(columns.genres), separator),
            plots=tuple(plots),
            poster=poster,
            poster_name=whole_text(name) or None,
            poster_fault=fault,
            split=split,
            split_text=f"{columns.split} is {told}" if columns.split and split is None else "",
        )

    def _poster(self, name: str) -> tuple[bytes | None, str]:
        """Return a poster's bytes, and why they cannot be read; neither where there is no file."""
        path = self._path.parent / name
        if not is_there(path):
            return None, ""
        try:
            return read_bounded(path, MAX_POSTER_BYTES), ""
        except UnreadableFileError as error:
            return None, str(error)

    def _find_separator(self) -> str:
        """Return the separator that most rows have, in the order of ``_SEPARATORS``."""
        column = self._columns.genres
        texts = (row.values.get(column) for row in read_rows(self._path, [column]))
        counts = dict.fromkeys(_SEPARATORS, 0)
        for text in texts:
            if isinstance(text, str) and not _is_list(text):
                for separator in _SEPARATORS:
                    counts[separator] += separator in text
        return max(_SEPARATORS, key=lambda separator: counts[separator])


def cell_text(value: object) -> str:
    """Return a cell that names something as text, empty where there is none.

    Of a text longer than any name the beginning is returned.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else reprlib.repr(value)
    return whole_text(text[: MAX_NAME_CHARS + 1])


def _names(genres: object, separator: str) -> tuple[str, ...]:
    """Return the genres of a cell: a list, a list written as text, or joined names.

    Raises:
        ValueError: It is none of these.
    """
    if not isinstance(genres, str):
        return clean_names(genres)
    if _is_list(genres):  # as pandas writes a column of lists to CSV: "['Drama', 'War']"
        parts: Sequence[str] = [
            part.strip().strip("'\"") for part in genres.strip()[1:-1].split(",")
        ]
        return clean_names(parts)
    return clean_names(genres.split(separator))


def _is_list(text: str) -> bool:
    return text.strip().startswith("[") and text.strip().endswith("]")
