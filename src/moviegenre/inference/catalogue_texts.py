"""The rows of a catalogue as texts: id, plots, title, year, and the name of a poster."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from moviegenre.core.errors import DataError, did_you_mean, shortened
from moviegenre.data.records import parse_title
from moviegenre.data.tables.cells import cell_text, plot_texts
from moviegenre.data.tables.columns import find_columns, require_single
from moviegenre.data.tables.missing_plots import missing_plots_hint
from moviegenre.data.tables.poster_files import PosterFiles
from moviegenre.data.tables.rows import Row
from moviegenre.data.tables.series import kind_column, kind_warning
from moviegenre.data.tables.source import TableSource
from moviegenre.data.tables.table import Table, Written
from moviegenre.data.titles import end_with_years, split_title
from moviegenre.inference.title_check import check_year, year_cell

_SEARCHED_ROWS = 50  # for an existing poster, and for years in titles


@dataclass(frozen=True)
class CatalogueColumns:
    """The columns of a catalogue; columns that are not named are searched for.

    Attributes:
        id: The film's id; None takes a column with a usual name, see ``columns``, or the row's
            number if there is no such column.
        plots: Plots, joined in this order; if empty, ``plot`` or the only column with another
            usual name, see ``plot_column``. Each member of an ensemble takes one plot or joins
            them, by its own rule.
        poster: The poster's file, or in Parquet its bytes; None takes ``poster``, or a column with
            another usual name that names files.
        title: The film's title; None takes a column with a usual name, if there is one. A table
            with neither plots nor posters is read only if it is named.
        year: The year of its release; None takes a column with a usual name, if there is one.
        kept: Columns that answers repeat.
        written: How the table is written; None detects it.
        format: A well-known table, see ``known_tables``; None detects it.
    """

    id: str | None = None
    plots: tuple[str, ...] = ()
    poster: str | None = None
    title: str | None = None
    year: str | None = None
    kept: tuple[str, ...] = ()
    written: Written | None = None
    format: str | None = None


@dataclass(frozen=True)
class TextRow:
    """A row of a catalogue; of its poster only the name.

    Attributes:
        id: The id in the catalogue, as text.
        plots: Its texts; empty if no text can be read.
        title: The film's title; None if there is none.
        year: The year of its release; None if no year can be read.
        faults: Errors of reading.
        is_readable: Whether the cells are in their columns.
        poster: The name of its poster, if names are read; empty if it has none.
        warnings: Warnings about the row, as sentences.
    """

    id: str
    plots: tuple[str, ...]
    title: str | None = None
    year: int | None = None
    faults: tuple[str, ...] = ()
    is_readable: bool = True
    poster: str = ""
    warnings: tuple[str, ...] = ()


def row_id(row: Row, column: str | None, number: int, label: str = "") -> str:
    """Return the id of a row: its cell, else its number in a form that no id has by chance.

    Args:
        row: The row.
        column: The column of ids; None if there is none.
        number: The row's number, counted from 1.
        label: The prefix of the number if there is no column: the table's name, of several.
    """
    if column is None:
        return f"{label}{number}"
    return cell_text(row.values.get(column)).strip() or f"row {number}"


def repeated_id_warning(id_: str) -> str:
    """Return the warning of a row whose id other rows have too."""
    return f"Several rows have the id {shortened(id_, 60)}."


class TextTable:
    """The plots of a table; opens no other file.

    Args:
        source: A table, see ``tables.source``.
        columns: The names of its columns.
        max_rows: The rows of JSON that are searched for columns; None searches all.
        posters: The files that posters' names refer to; None reads no names.

    Raises:
        DataError: The table cannot be read, columns are missing (the message lists them), or
            several columns may be the plot and none is named.

    Attributes:
        known: The table's columns.
        columns: The names of the columns that are read.
        notes: Notes about the table, as parts of sentences.
    """

    def __init__(
        self,
        source: TableSource,
        columns: CatalogueColumns,
        max_rows: int | None = None,
        posters: PosterFiles | None = None,
    ) -> None:
        self._source = source
        self._label = ""
        self._posters = posters
        self._table = Table(source, columns.written, max_rows)
        self.known = self._table.columns
        self.notes = list(self._table.notes)
        self._has_unusable_posters = False
        self.columns = self._with_usual_names(columns)
        self._kind_column = kind_column(self.known)
        used = _names(self.columns, self.columns.poster)
        require_single(used, self._table.twice, str(source))
        if twice := [name for name in self._table.twice if name not in used]:
            self.notes.append(f"several columns are named {shortened(', '.join(twice))}")

    def texts(self) -> Iterator[TextRow]:
        """Yield every row, in order; of its poster only the name."""
        name = None if self._posters is None else self.columns.poster
        used = self._used(posters=name is not None)
        for number, row in enumerate(self._table.rows(used), start=1):
            text = self._text_row(row, number)
            if name is not None and text.is_readable:
                text = replace(text, poster=cell_text(row.values.get(name)).strip())
            yield text

    def _with_usual_names(self, columns: CatalogueColumns) -> CatalogueColumns:
        """Return the columns with the missing names filled in.

        Raises:
            DataError: A column is missing, or there is nothing to read.
        """
        known, path = self.known, self._source
        missing = [name for name in _names(columns, columns.poster) if name not in known]
        if missing:
            listed = "; ".join(
                f"no column {name!r}, {did_you_mean(name, known)}" for name in missing
            )
            raise DataError(f"{path}: {listed}")
        usual = find_columns(
            known,
            table=str(path),
            advice="name the one to read, or all of them, with `plot_column`",
            format=columns.format,
            needs_plot=not columns.plots,
        )
        poster = columns.poster or usual.poster
        if poster and self._posters is not None:
            self._posters.learn(partial(self._table.cells, poster))
        poster = columns.poster or self._usual_poster(usual.poster)
        filled = replace(
            columns,
            id=columns.id or usual.id,
            plots=columns.plots or ((usual.plot,) if usual.plot else ()),
            poster=poster,
            title=columns.title or usual.title,
            year=columns.year or usual.year,
        )
        if not filled.plots and filled.poster is None and columns.title is None:
            found = shortened(", ".join(known))
            hint = missing_plots_hint(
                self._table,
                "name yours with `plot_column` and `poster_column`",
                "to predict from titles alone, which is less certain, name `title_column`",
            )
            raise DataError(
                f"{path} has neither a column 'plot' nor 'poster' (found {found}); {hint}"
            )
        unused = {name for name, value in vars(columns).items() if value} | {"genres"}
        unused |= {"plot"} if columns.plots else set()
        unused |= set() if poster else {"poster"}
        if note := usual.note(unused):
            self.notes.append(note)
        if filled.title and not filled.year and self._has_years_in_titles(filled.title):
            self.notes.append(f"year from the end of the titles in column {filled.title!r}")
        return filled

    def _has_years_in_titles(self, name: str) -> bool:
        """Return whether most titles of the first rows end with a year."""
        cells = islice(self._table.cells(name), _SEARCHED_ROWS)
        return end_with_years(map(cell_text, cells))

    def _usual_poster(self, name: str | None) -> str | None:
        """Return a poster column with a usual name, if it may have names of existing files."""
        if name is None or name == "poster":
            return name
        if self._posters is None:
            return None
        if self._posters.names_files(islice(self._table.cells(name), _SEARCHED_ROWS)):
            return name
        self.notes.append(f"column {name!r} is not read, since it names no files here")
        self._has_unusable_posters = True
        return None

    def _used(self, *, posters: bool = False) -> list[str]:
        """Return the columns that are read."""
        names = _names(self.columns, self.columns.poster if posters else None)
        return names if self._kind_column is None else [*names, self._kind_column]

    def _text_row(self, row: Row, number: int) -> TextRow:
        id_ = row_id(row, self.columns.id, number, self._label)
        if row.fault:  # its cells may be in the wrong columns
            fault = f"row {number}: {row.fault}"
            return TextRow(id_, (), faults=(fault,), is_readable=False)
        faults: list[str] = []
        texts: list[str] = []
        for name in self.columns.plots:
            try:
                texts += plot_texts(row.values.get(name))
            except ValueError as error:
                faults.append(f"column {name}: {error}")
        names = (self.columns.title, self.columns.year)
        title, year = (row.values.get(name) if name else None for name in names)
        release, warning = check_year(year_cell(year))
        title, release = split_title(parse_title(title), release)
        kind = kind_warning(row.values.get(self._kind_column or ""))
        warnings = tuple(filter(None, [kind, warning]))
        return TextRow(id_, tuple(texts), title, release, tuple(faults), warnings=warnings)


def _names(columns: CatalogueColumns, poster: str | None) -> list[str]:
    names = [columns.id, *columns.plots, poster, columns.title, columns.year, *columns.kept]
    return [name for name in names if name is not None]
