"""The rows of a catalogue as films, each with its faults."""

import hashlib
import logging
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from moviegenre.core.errors import (
    ConfigError,
    DataError,
    DataNotFoundError,
    MovieGenreError,
    did_you_mean,
    missing_path_message,
    shortened,
)
from moviegenre.core.types import Modality
from moviegenre.data.placeholders import is_poster_placeholder
from moviegenre.data.records import whole_text
from moviegenre.data.storage import StoreFile
from moviegenre.data.tables.cells import cell_text, kept_text, picture_cell
from moviegenre.data.tables.poster_files import MissingPosterError, WebAddressError
from moviegenre.data.tables.rows import Row
from moviegenre.data.tables.source import is_table, known_suffixes
from moviegenre.data.tables.table import RowReader
from moviegenre.data.tables.zip_posters import ZipPosters, poster_files
from moviegenre.inference.catalogue_texts import (
    CatalogueColumns,
    TextTable,
    repeated_id_warning,
    row_id,
)
from moviegenre.inference.film_reading import film_without_poster, used_instead
from moviegenre.inference.films import Film, FilmReader
from moviegenre.inference.poster_input import Poster

logger = logging.getLogger(__name__)

_MAX_ERROR_CHARS = 1_000  # in the column error
_OTHER_COLUMNS = "name other columns with `plot_column`, `id_column`, `title_column` and so on"
_CRASHED = "reading or computing this row has ended the process three times; it was left out"


@dataclass(frozen=True)
class Entry:
    """A row of a catalogue.

    Attributes:
        id: The id in the catalogue, as text.
        film: The film in the model's form; None if there is nothing to read.
        error: Why the row could not be read in full; None if it was.
        kept: Cells that the answer repeats, as texts, by column.
        warning: A warning about the row itself, as a sentence.
    """

    id: str
    film: Film | None
    error: str | None
    kept: Mapping[str, str | None] = field(default_factory=dict)
    warning: str | None = None


def id_hash(id_: str) -> int:
    """Return a 64-bit hash of an id, the same in every process."""
    return int.from_bytes(hashlib.blake2b(id_.encode(), digest_size=8).digest(), "little")


class Catalogue(TextTable):
    """A table of films without genres.

    Args:
        path: A file on this machine or in an object store.
        columns: The names of its columns.
        posters: The folder, or address in an object store, that paths of posters are relative to.
            With None it is the table's own folder, or the table's ZIP if that also has images.
        label: The prefix of row numbers that serve as ids, if there are several tables.

    Raises:
        DataNotFoundError: The table or the folder of posters does not exist.
        DataError: The table cannot be read, columns are missing (the message lists them), or
            several columns may be the plot and none is named.
        ConfigError: Posters are named and there is no column for them.

    Attributes:
        path: The table.
        posters: The folder or address that paths of posters are relative to.
    """

    def __init__(
        self,
        path: Path | StoreFile,
        columns: CatalogueColumns,
        posters: Path | str | None,
        label: str = "",
    ) -> None:
        if not path.is_file():
            raise DataNotFoundError(
                missing_path_message(path, "a table", "check the path")
                if isinstance(path, Path)
                else f"{path} does not exist; expected a table; check the address"
            )
        if not is_table(path):
            raise DataError(f"{path} is not a table; expected {known_suffixes()}")
        self._files = poster_files(path, posters)
        super().__init__(path, columns, posters=self._files)
        self.path = path
        self._label = label
        if self.notes:
            has_columns = any("column" in note for note in self.notes)
            advice = [_OTHER_COLUMNS] if has_columns else []
            logger.info("%s: %s", path, "; ".join([*self.notes, *advice]))
        if posters is not None and self.columns.poster is None:
            raise ConfigError(
                f"`posters` has no effect: {path} has no column 'poster'; name it with "
                "`poster_column`"
            )
        if isinstance(posters, Path) and not posters.is_dir():
            step = "name the folder that the paths in the table are relative to"
            raise DataNotFoundError(missing_path_message(posters, "a folder of posters", step))
        self.posters = posters or (path.parent if isinstance(path, Path) else path.folder)

    @property
    def unread(self) -> frozenset[Modality]:
        """Modalities without a column.

        A poster column without usable file names is not included; it has a note of its own.
        """
        poster = self.columns.poster or self._has_unusable_posters
        columns = {Modality.PLOT: self.columns.plots, Modality.POSTER: poster}
        return frozenset(modality for modality, column in columns.items() if not column)

    @property
    def poster_place(self) -> str:
        """The location of the posters: a folder, an address, or the ZIP with the table."""
        if isinstance(self._files, ZipPosters):
            return str(self.path)
        return str(self.posters.absolute() if isinstance(self.posters, Path) else self.posters)

    def missing_posters(self, most_rows: int) -> tuple[int, int]:
        """Return how many of the first rows name a poster, if none of the posters exists; else 0.

        Web addresses do not count, because another folder would not help.

        Args:
            most_rows: The maximum number of rows to read; often the first row is enough.

        Returns:
            The number of missing posters, and the number of rows that were read.
        """
        missing = num_rows = 0
        if self.columns.poster is None:
            return missing, num_rows
        with self._files.opened():
            for row in islice(self._table.rows([self.columns.poster]), most_rows):
                num_rows += 1
                try:
                    if not row.fault and self._poster(row, is_read=True) is not None:
                        return 0, num_rows
                except WebAddressError:
                    continue
                except MissingPosterError:
                    missing += 1
                except MovieGenreError:  # the poster exists, but cannot be read
                    return 0, num_rows
        return missing, num_rows

    def keeping(self, columns: Sequence[str]) -> "Catalogue":
        """Return the same table with columns to copy into the output.

        Raises:
            DataError: A column is missing.
        """
        missing = [name for name in columns if name not in self.known]
        if missing:
            hints = (f"no column {name!r}, {did_you_mean(name, self.known)}" for name in missing)
            raise DataError(f"{self.path}: {'; '.join(hints)}")
        other = copy(self)
        other.columns = replace(self.columns, kept=tuple(dict.fromkeys(columns)))
        return other

    def ids(self) -> Iterator[str]:
        """Yield the id of every row, in order; reads no other column of Parquet."""
        name = self.columns.id
        for number, row in enumerate(self._table.rows([name] if name else ()), start=1):
            yield row_id(row, name, number, self._label)

    def row_reader(self, reader: FilmReader) -> RowReader:
        """Return a reader of the columns that a model needs.

        Args:
            reader: The model's reader.
        """
        return RowReader(self._table, self._used(posters=Modality.POSTER in reader.modalities))

    def entries(
        self,
        reader: FilmReader,
        wanted: range | None = None,
        rows: RowReader | None = None,
        *,
        repeated: Callable[[str], bool] = lambda _id: False,
        crashing: Collection[int] = (),
    ) -> Iterator[Entry]:
        """Yield rows as films, in order.

        Args:
            reader: The model's reader.
            wanted: The rows to yield, counted from 0; None yields all.
            rows: The result of ``row_reader``, to continue at its position; None starts at row 0.
            repeated: Returns whether several rows have an id.
            crashing: Rows, counted from 0, that ended the process each time; they are not read.
        """
        rows = rows or self.row_reader(reader)
        wanted = range(sys.maxsize) if wanted is None else wanted
        with self._files.opened():
            for number, row in enumerate(rows.rows(wanted), start=wanted.start + 1):
                if number - 1 in crashing:
                    id_ = row_id(row, self.columns.id, number, self._label)
                    yield Entry(id_, None, _CRASHED, self._kept(row))
                else:
                    yield self._entry(reader, row, number, repeated)

    def preview(self, num_rows: int) -> Iterator[dict[str, object]]:
        """Yield the first rows as they are read, without a model."""
        used = self._used(posters=True)
        for number, row in enumerate(islice(self._table.rows(used), num_rows), start=1):
            text = self._text_row(row, number)
            faults = list(text.faults)
            poster: object = None
            try:
                poster = self._poster(row, is_read=True)
            except MovieGenreError as error:
                faults.append(str(error))
            yield {
                "id": text.id,
                "title": text.title,
                "year": text.year,
                "plot": " / ".join(text.plots),
                "poster": f"{len(poster):,} bytes" if isinstance(poster, bytes) else poster,
                "error": "; ".join(faults),
            }

    def _kept(self, row: Row) -> dict[str, str | None]:
        return {name: kept_text(row.values.get(name)) for name in self.columns.kept}

    def _entry(
        self, reader: FilmReader, row: Row, number: int, repeated: Callable[[str], bool]
    ) -> Entry:
        text = self._text_row(row, number)
        faults = list(text.faults)
        kept_cells = self._kept(row)
        repetition = [repeated_id_warning(text.id)] if repeated(text.id) else []
        warning = " ".join([*text.warnings, *repetition]) or None
        if not text.is_readable:
            return Entry(text.id, None, _joined(faults), kept_cells, warning)
        plot = text.plots if reader.chooses_plots else "\n".join(text.plots)
        try:
            poster = self._poster(row, is_read=Modality.POSTER in reader.modalities)
            film: Film | None = reader.read(plot, poster, text.title, text.year)
        except MovieGenreError as error:
            film = film_without_poster(reader, plot, text.title, text.year)
            is_empty = not text.plots and not faults and str(error).startswith("a film needs")
            reason = f"{self._lacking()}: " if is_empty else ""
            parts = film.parts if film and film.modalities else ()
            faults.append(f"{reason}{error}{used_instead(parts)}")
        if film is not None and not film.modalities:
            faults.append(f"{self._lacking()}: {' '.join(film.warnings)}")
            film = None
        return Entry(text.id, film, _joined(faults) if faults else None, kept_cells, warning)

    def _lacking(self) -> str:
        return "no plot" if self.columns.poster is None else "no plot and no poster"

    def _poster(self, row: Row, *, is_read: bool) -> Poster:
        """Return a row's poster; a path is opened only if the model reads posters.

        Raises:
            InputError: The file does not exist.
        """
        value = row.values.get(self.columns.poster) if self.columns.poster else None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        value = picture_cell(value)
        if isinstance(value, bytes):
            return value or None
        name = cell_text(value).strip()
        if not is_read:
            return self._files.place(name) if name and not is_poster_placeholder(name) else None
        return self._files.find(name)


def _joined(faults: Sequence[str]) -> str:
    return whole_text(shortened("; ".join(faults), _MAX_ERROR_CHARS))
