"""The rows of somebody's catalogue as films, each with what is wrong with it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moviegenre.core.errors import (
    ConfigError,
    DataError,
    DataNotFoundError,
    InputError,
    MovieGenreError,
    did_you_mean,
    missing_path_message,
    shortened,
)
from moviegenre.core.reading import is_there
from moviegenre.core.types import Modality
from moviegenre.data.records import clean_names, parse_title, parse_year, whole_text
from moviegenre.data.sources.rows import Row, TableSource, column_names, read_rows
from moviegenre.data.sources.table import TABLE_SUFFIXES, cell_text
from moviegenre.inference.films import Film, FilmReader, Plot, Poster
from moviegenre.inference.plot_column import find_plot_column, plot_column_note

logger = logging.getLogger(__name__)

_LONGEST_ERROR = 1_000  # characters of the column error


@dataclass(frozen=True)
class CatalogueColumns:
    """Which column of a catalogue holds what; what is not named is looked for.

    Attributes:
        id: The film's id; None takes ``id``, or the row's number where there is none.
        plots: Plots, joined in this order; none takes ``plot``, or the only column with another
            usual name, see ``plot_column``. Of an ensemble each member takes one or joins them, by
            its own rule.
        poster: The poster's file, or in Parquet its bytes; None takes ``poster``.
        title: The film's title; None takes ``title``, where there is one.
        year: The year of its release; None takes ``year``, where there is one.
    """

    id: str | None = None
    plots: tuple[str, ...] = ()
    poster: str | None = None
    title: str | None = None
    year: str | None = None


@dataclass(frozen=True)
class Entry:
    """A row of a catalogue.

    Attributes:
        id: As in the catalogue, as text.
        film: What the model reads of it; None where there is nothing to read.
        error: Why the row could not be read in full; None where it could.
    """

    id: str
    film: Film | None
    error: str | None


@dataclass(frozen=True)
class TextRow:
    """A row of a catalogue without its poster.

    Attributes:
        id: As in the catalogue, as text.
        plots: Its texts; none where there is none that can be read.
        title: The film's title; None where there is none.
        year: The year of its release; None where there is none that can be read.
        faults: What could not be read.
        is_readable: Whether the cells stand in their columns.
    """

    id: str
    plots: tuple[str, ...]
    title: str | None = None
    year: int | None = None
    faults: tuple[str, ...] = ()
    is_readable: bool = True


class TextTable:
    """The plots of a table: no file but the table itself is opened.

    Args:
        source: ``.csv``, ``.jsonl``, ``.ndjson`` or ``.parquet``; or an upload in memory.
        columns: Which column holds what.

    Raises:
        DataError: The table cannot be read, columns are not there (the message lists these), or
            several may be the plot and none is named.

    Attributes:
        known: The table's columns.
        columns: Which of them hold what.
    """

    def __init__(self, source: TableSource, columns: CatalogueColumns) -> None:
        self._source = source
        self.known = column_names(source)
        self.columns = _found(source, columns, self.known)

    def texts(self) -> Iterator[TextRow]:
        """Yield every row without its poster, in order."""
        for number, row in enumerate(read_rows(self._source, self._used()), start=1):
            yield self._text_row(row, number)

    def _used(self, *, posters: bool = False) -> list[str]:
        """Return the columns that are read."""
        columns = self.columns
        named = [columns.id, *columns.plots, columns.title, columns.year]
        named.append(columns.poster if posters else None)
        return [name for name in named if name is not None]

    def _text_row(self, row: Row, number: int) -> TextRow:
        given = row.values.get(self.columns.id) if self.columns.id else None
        id_ = str(number) if given in (None, "") else cell_text(given)
        if row.fault:  # its cells may stand in the wrong columns
            fault = f"row {number}: {row.fault}"
            return TextRow(id_, (), faults=(fault,), is_readable=False)
        faults: list[str] = []
        texts: list[str] = []
        for name in self.columns.plots:
            try:
                texts += clean_names(row.values.get(name))
            except ValueError as error:
                faults.append(f"column {name}: {error}")
        title, year = self._title_and_year(row)
        return TextRow(id_, tuple(texts), title, year, tuple(faults))

    def _title_and_year(self, row: Row) -> tuple[str | None, int | None]:
        """Return a row's title and year, None where it has none that can be read."""
        names = (self.columns.title, self.columns.year)
        title, year = (row.values.get(name) if name else None for name in names)
        return parse_title(title), parse_year(year)


class Catalogue(TextTable):
    """A table of films without genres.

    Args:
        path: ``.csv``, ``.jsonl``, ``.ndjson`` or ``.parquet``.
        columns: Which column holds what.
        posters: What paths of posters are relative to; None takes the table's own folder.

    Raises:
        DataNotFoundError: The table or the folder of posters does not exist.
        DataError: The table cannot be read, columns are not there (the message lists these), or
            several may be the plot and none is named.
        ConfigError: Posters are named and there is no column for them.

    Attributes:
        path: As given.
        posters: What paths of posters are relative to.
    """

    def __init__(self, path: Path, columns: CatalogueColumns, posters: Path | None) -> None:
        if not path.is_file():
            raise DataNotFoundError(missing_path_message(path, "a catalogue", "check the path"))
        if path.suffix.lower() not in TABLE_SUFFIXES:
            raise DataError(f"{path} is no table; expected {', '.join(TABLE_SUFFIXES)}")
        super().__init__(path, columns)
        self.path = path
        for name in () if columns.plots else self.columns.plots:
            if note := plot_column_note(name):
                logger.info("%s: %s; name another with `plot_column`", path, note)
        if posters is not None and self.columns.poster is None:
            raise ConfigError(
                f"`posters` has no effect: {path} has no column 'poster'; name it with "
                "`poster_column`"
            )
        if posters is not None and not posters.is_dir():
            step = "name the folder that the paths in the table are relative to"
            raise DataNotFoundError(missing_path_message(posters, "a folder of posters", step))
        self.posters = posters or path.parent

    @property
    def unread(self) -> frozenset[Modality]:
        """Modalities that no column was named for, and none has the name of."""
        held = {Modality.PLOT: self.columns.plots, Modality.POSTER: self.columns.poster}
        return frozenset(modality for modality, column in held.items() if not column)

    def entries(self, reader: FilmReader, skip: int = 0) -> Iterator[Entry]:
        """Yield every row as a film, in order.

        Args:
            reader: The model's.
            skip: So many rows at the start are passed over without looking at their posters.
        """
        used = self._used(posters=Modality.POSTER in reader.modalities)
        for number, row in enumerate(read_rows(self.path, used), start=1):
            if number > skip:
                yield self._entry(reader, row, number)

    def _entry(self, reader: FilmReader, row: Row, number: int) -> Entry:
        told = self._text_row(row, number)
        faults = list(told.faults)
        if not told.is_readable:
            return Entry(told.id, None, _joined(faults))
        plot = told.plots if reader.chooses_plots else "\n".join(told.plots)
        try:
            poster = self._poster(row, looked_at=Modality.POSTER in reader.modalities)
            film: Film | None = reader.read(plot, poster, told.title, told.year)
        except MovieGenreError as error:
            film = self._plot_alone(reader, plot, told.title, told.year)
            faults.append(f"{error}{_read_instead(told, film)}")
        if film is not None and not film.modalities:
            lacking = "no plot" if self.columns.poster is None else "no plot and no poster"
            faults.append(f"{lacking}: {' '.join(film.warnings)}")
            film = None
        return Entry(told.id, film, _joined(faults) if faults else None)

    def _poster(self, row: Row, *, looked_at: bool) -> Poster:
        """Return a row's poster; a path is only followed where the model looks at posters.

        Raises:
            InputError: There is no such file. Unlike elsewhere no other is suggested: looking
                through a folder of a hundred thousand for every row would take all day.
        """
        value = row.values.get(self.columns.poster) if self.columns.poster else None
        if isinstance(value, Mapping):  # as this package and Hugging Face's keep images in Parquet
            value = value.get("bytes")
        if isinstance(value, bytes):
            return value or None
        name = cell_text(value).strip()
        if not name:
            return None
        path = (self.posters / name).absolute()  # a name such as ~x is that of a file
        if looked_at and not is_there(path):
            raise InputError(f"{shortened(str(path))} does not exist; expected a poster's file")
        return path

    def _plot_alone(
        self, reader: FilmReader, plot: Plot, title: str | None, year: int | None
    ) -> Film | None:
        """Return what a broken poster leaves; None where that is nothing."""
        try:
            return reader.read(plot, None, title, year)
        except MovieGenreError:
            return None


def _read_instead(row: TextRow, film: Film | None) -> str:
    """Say what the answer rests on where a poster could not be read; empty for no answer."""
    if film is None or not film.modalities:
        return ""
    return f"; the {'plot' if row.plots else 'title'} alone was used"


def _joined(faults: Sequence[str]) -> str:
    return whole_text(shortened("; ".join(faults), _LONGEST_ERROR))


def _found(path: TableSource, columns: CatalogueColumns, known: Sequence[str]) -> CatalogueColumns:
    """Return the columns with what was not named filled in."""
    named = [columns.id, *columns.plots, columns.poster, columns.title, columns.year]
    missing = [name for name in named if name is not None and name not in known]
    if missing:
        told = "; ".join(f"no column {name!r}, {did_you_mean(name, known)}" for name in missing)
        raise DataError(f"{path}: {told}")

    def usual(name: str) -> Any:  # noqa: ANN401 - a text or None
        return name if name in known else None

    advice = "name the one to read, or all of them, with `plot_column`"
    plot = None if columns.plots else find_plot_column(known, table=str(path), advice=advice)
    found = CatalogueColumns(
        id=columns.id or usual("id"),
        plots=columns.plots or ((plot,) if plot else ()),
        poster=columns.poster or usual("poster"),
        title=columns.title or usual("title"),
        year=columns.year or usual("year"),
    )
    if not found.plots and found.poster is None:
        for mark, name in ((";", "semicolons"), ("\t", "tabs")):
            if len(known) == 1 and mark in known[0] and path.suffix.lower() == ".csv":
                raise DataError(f"{path} has its cells between {name}; expected commas")
        raise DataError(
            f"{path} has neither a column 'plot' nor 'poster' (found "
            f"{shortened(', '.join(known))}); name "
            "yours with `plot_column` and `poster_column`"
        )
    return found
