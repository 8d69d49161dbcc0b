"""A user's table of movies, with posters as files."""

import logging
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from moviegenre.core.errors import (
    DataError,
    DataNotFoundError,
    did_you_mean,
    missing_path_message,
    shortened,
)
from moviegenre.core.files import file_sha256
from moviegenre.core.types import Split
from moviegenre.data.placeholders import is_placeholder
from moviegenre.data.records import MovieSource, RawMovie, parse_title
from moviegenre.data.sources.split_files import SPLIT_WORDS
from moviegenre.data.tables.cells import cell_text, plot_texts
from moviegenre.data.tables.columns import (
    SPLIT_COLUMNS,
    find_columns,
    require_single,
    usual_column,
)
from moviegenre.data.tables.genre_cells import GenreColumn, flag_columns, flagged, flags_hint
from moviegenre.data.tables.missing_plots import missing_plots_hint
from moviegenre.data.tables.poster_files import LoadedPoster
from moviegenre.data.tables.rows import Row
from moviegenre.data.tables.series import kind_column, other_kind
from moviegenre.data.tables.table import Table, Written
from moviegenre.data.tables.zip_posters import poster_files
from moviegenre.data.titles import split_title
from moviegenre.data.years import usable_year

logger = logging.getLogger(__name__)

_ADVICE = "name the one to read, or all of them, with `plot_column`"
_CHECKED_ROWS = 50  # rows that are searched for an existing poster


@dataclass(frozen=True)
class TableColumns:
    """The columns of a table; columns that are not named are found by their usual names.

    Attributes:
        id: The movie's id; without it, rows are numbered.
        plots: Plots, in this order.
        poster: Path of the poster, relative to the table or to its ZIP.
        genres: A list, a mapping, or names joined by a separator.
        split: ``train``, ``val`` (or ``dev``) or ``test``; None takes a column with a usual name
            that names splits, if there is one.
        title: The title.
        year: The year.
        separator: The separator of genre names; None detects it, see ``genre_cells``.
        flags: Columns of single genres, see ``genre_cells.flag_columns``.
        written: The text format of the table; None detects it.
        format: A well-known table, see ``known_tables``; None detects it.
    """

    id: str | None = None
    plots: tuple[str, ...] = ()
    poster: str | None = None
    genres: str | None = None
    split: str | None = None
    title: str | None = None
    year: str | None = None
    separator: str | None = None
    flags: tuple[str, ...] = ()
    written: Written | None = None
    format: str | None = None


class MovieTable(MovieSource):
    """A table of movies.

    Args:
        path: A table, see ``tables.source``.
        columns: The table's columns.

    Raises:
        DataNotFoundError: There is no such file.
        DataError: The table cannot be read, or columns are missing; the message lists them.

    Attributes:
        notes: Notes on the table, as parts of sentences.
        split_name: The column of splits; None if there is none.
        split_note: Which column has the splits, or why one is not read; empty if no column is
            called so.
    """

    form = "a table of movies"
    sha256_of = "the table"

    def __init__(self, path: Path, columns: TableColumns) -> None:
        if not path.is_file():
            raise DataNotFoundError(missing_path_message(path, "a table", "check the path"))
        self._path = path
        self._posters = poster_files(path)
        self.sha256 = file_sha256(path)
        self._table = Table(path, columns.written)
        known = self._table.columns
        self.notes = list(self._table.notes)
        self._find_columns(columns, known)
        self._genres = GenreColumn(self._genres_name or "", columns.separator)
        self._knows_format = False
        self._logged = ""
        used = self._used_columns()
        require_single(used, self._table.twice, str(path))
        self._kind_name = kind_column(name for name in known if name not in used)

    def _find_columns(self, columns: TableColumns, known: Sequence[str]) -> None:
        """Fill in the columns that are not named."""
        usual = find_columns(
            known,
            table=str(self._path),
            advice=_ADVICE,
            format=columns.format,
            needs_plot=not columns.plots,
        )
        if poster := columns.poster or usual.poster:
            self._posters.learn(partial(self._table.cells, poster))
        self._poster_name = columns.poster or self._usual_poster(usual.poster)
        self._plots = columns.plots or ((usual.plot,) if usual.plot else ())
        self.has_plots = bool(self._plots)
        if not self.has_plots and self._poster_name:
            self.form = "a table of posters with no column of plots (`plot_column` names one)"
            self.notes.append("no column of plots, so the posters alone are read")
        self._flags = flag_columns(columns.flags, known) if columns.flags else {}
        self._genres_name = None if columns.flags else columns.genres or usual.genres or "genres"
        self._id_name = columns.id or usual.id
        self._title_name, self._year_name = columns.title or usual.title, columns.year or usual.year
        self.split_name: str | None = None
        self._require(columns, known)
        self._find_split(columns.split, known)
        unused = {name for name, value in vars(columns).items() if value}
        unused |= {"plot"} if columns.plots else set()
        unused |= set() if self._poster_name else {"poster"}
        unused |= {"genres"} if columns.flags else set()
        if note := usual.note(unused):
            self.notes.append(note)
        if self._flags:
            self.notes.append(f"genres from {len(self._flags)} columns, one for each genre")

    def _find_split(self, named: str | None, known: Sequence[str]) -> None:
        """Take the named column of splits, or one with a usual name and with names of splits."""
        unused = [name for name in known if name not in self._used_columns()]
        name = named or usual_column(unused, SPLIT_COLUMNS)
        self.split_note = ""
        if name is None:
            return
        splits: set[Split] = set()
        other = ""
        for row in self._table.rows([name]):
            text = "" if row.fault else cell_text(row.values.get(name)).strip()
            if split := SPLIT_WORDS.get(text.lower()):
                splits.add(split)
            else:
                other = other or text
        values = f"has {shortened(other)!r}, for example" if other else "is empty"
        if not splits and named is None:
            self.split_note = (
                f"column {name!r} is not read, since it {values}; expected train, val and test"
            )
            return
        self.split_name = name
        self.has_split = splits == set(Split)
        self.split_note = f"split from column {name!r}"
        if lacks := ", ".join(split.value for split in Split if split not in splits):
            self.lacks = f"{lacks} (column {name!r} {values if not splits else 'names none'})"

    def _require(self, columns: TableColumns, known: Sequence[str]) -> None:
        """Check that all named and needed columns exist."""
        used = {
            "id_column": [columns.id],
            "plot_column": self._plots or ([] if self._poster_name else ["plot"]),
            "poster_column": [columns.poster],
            "genres_column": [self._genres_name],
            "split_column": [columns.split],
            "title_column": [columns.title],
            "year_column": [columns.year],
        }
        missing = {
            name: setting
            for setting, names in used.items()
            for name in names
            if name and name not in known
        }
        if missing:
            faults = "; ".join(
                f"no column {name!r}, {did_you_mean(name, known)}" for name in missing
            )
            settings = " and ".join(f"`{setting}`" for setting in dict.fromkeys(missing.values()))
            hint = flags_hint(known) if self._genres_name in missing and not columns.genres else ""
            advice = hint or f"name one of these with {settings}"
            if "plot" in missing and not columns.plots:
                advice = missing_plots_hint(self._table, advice)
            raise DataError(f"{self._path}: {faults}; {advice}")

    @property
    def found(self) -> dict[str, str]:
        """The columns by their content, as text."""
        flags = f"{len(self._flags)} columns, one for each" if self._flags else ""
        return {
            "id": self._id_name or "(the row's number)",
            "plot": ", ".join(self._plots) or "(none)",
            "genres": self._genres_name or flags,
            "poster": self._poster_name or "(none)",
            "title": self._title_name or "(none)",
            "year": self._year_name or "(none)",
            **({"split": self.split_name} if self.split_name else {}),
        }

    def _usual_poster(self, name: str | None) -> str | None:
        """Return a poster column with a usual name, if it may have names of existing files."""
        if name is None or name == "poster":
            return name
        if self._posters.names_files(islice(self._table.cells(name), _CHECKED_ROWS)):
            return name
        self.notes.append(f"column {name!r} is not read, since it names no files here")
        return None

    def _used_columns(self) -> list[str]:
        """Return the columns that are read."""
        named = [self._id_name, *self._plots, self._poster_name, self._genres_name]
        named += [self.split_name, self._title_name, self._year_name, *self._flags]
        return [name for name in named if name is not None]

    def genres(self) -> Iterator[tuple[str, ...]]:
        """Yield the genres of every row, none for a damaged row; no poster is read.

        Raises:
            DataError: See ``__iter__``.
        """
        self._learn_genres()
        columns = [self._genres_name] if self._genres_name is not None else list(self._flags)
        for row in self._table.rows(columns):
            try:
                yield () if row.fault else self._names(row.values)[0]
            except ValueError:
                yield ()

    def _learn_genres(self) -> None:
        if self._genres_name is not None and not self._knows_format:
            column = self._genres_name
            self._genres.learn(row.values.get(column) for row in self._table.rows([column]))
            self._knows_format = True

    def __iter__(self) -> Iterator[RawMovie]:
        """Yield every row, in order.

        Raises:
            DataError: The complete file is damaged, not only a row, or its genres are unknown
                numbers.
        """
        self._learn_genres()
        notes = "; ".join([*self.notes, *self._genres.notes])
        if notes != self._logged:  # a table may be read several times
            logger.info("%s: %s", self._path, notes)
            self._logged = notes
        columns = [*self._used_columns(), *([self._kind_name] if self._kind_name else [])]
        with self._posters.opened():
            for number, row in enumerate(self._table.rows(columns), start=1):
                movie = self._id(row, number)
                try:
                    yield self._movie(movie, row)
                except ValueError as error:
                    yield RawMovie(movie, fault=f"row {number}: {error}")

    def _id(self, row: Row, number: int) -> str:
        if self._id_name is None:
            return str(number)
        return cell_text(row.values.get(self._id_name)).strip() or f"row {number}"

    def _movie(self, movie: str, row: Row) -> RawMovie:
        if row.fault:
            raise ValueError(row.fault)
        values = row.values
        plots = [text for name in self._plots for text in plot_texts(values.get(name))]
        usable_plots = tuple(text for text in plots if not is_placeholder(text))
        genres, placeholder = self._names(values)
        poster, poster_name = self._poster(values)
        cell = values.get(self.split_name) if self.split_name else None
        split = SPLIT_WORDS.get(cell_text(cell).strip().lower())
        split_text = f"{self.split_name} is {reprlib.repr(cell)}"
        year, unusable_year = usable_year(values.get(self._year_name or ""))
        title, year = split_title(parse_title(values.get(self._title_name or "")), year)
        kind, _ = other_kind(values.get(self._kind_name or ""))
        return RawMovie(
            id=movie,
            title=title,
            year=year,
            genres=genres,
            plots=usable_plots,
            poster=poster.content,
            poster_name=poster_name,
            poster_fault=poster.fault,
            split=split,
            split_text=split_text if self.split_name and split is None else "",
            genre_placeholder=placeholder,
            plot_placeholder=plots[0] if plots and not usable_plots else "",
            poster_lack=poster.lack,
            series=f"column {self._kind_name!r} says that it is {kind}" if kind else "",
            unusable_year=unusable_year,
        )

    def _names(self, values: Mapping[str, object]) -> tuple[tuple[str, ...], str]:
        """Return a row's genres, or none and the row's placeholder, if it has one."""
        if self._genres_name is None:
            return tuple(flagged(values, self._flags)), ""
        return self._genres.names(values.get(self._genres_name))

    def _poster(self, values: Mapping[str, object]) -> tuple[LoadedPoster, str | None]:
        """Return a row's poster and its name."""
        cell = values.get(self._poster_name) if self._poster_name else None
        if isinstance(cell, list) and len(cell) == 1:
            cell = cell[0]
        if isinstance(cell, Mapping):  # an image in Parquet of this package or of Hugging Face
            content = cell.get("bytes")
            if isinstance(content, bytes) and content:
                return LoadedPoster(content), cell_text(cell.get("path")) or None
            cell = cell.get("path")
        if isinstance(cell, bytes):
            return LoadedPoster(cell or None), None
        name = cell_text(cell).strip()
        return self._posters.load(name), name or None
