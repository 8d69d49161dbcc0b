"""The rows of a catalogue as films, each with its faults."""

import logging
from array import array
from collections.abc import Container, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

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
from moviegenre.data.tables.cells import cell_text, kept_text
from moviegenre.data.tables.rows import Row
from moviegenre.data.tables.source import is_table, known_suffixes
from moviegenre.data.tables.zip_posters import poster_files
from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable, row_id
from moviegenre.inference.film_reading import used_instead
from moviegenre.inference.films import Film, FilmReader, Plot, Poster

logger = logging.getLogger(__name__)

_LONGEST_ERROR = 1_000  # characters of the column error


@dataclass(frozen=True)
class Entry:
    """A row of a catalogue.

    Attributes:
        id: As in the catalogue, as text.
        film: What the model reads of it; None where there is nothing to read.
        error: Why the row could not be read in full; None where it could.
        kept: Cells that the answer repeats, as texts, by column.
        warning: What the reader should know of the row itself, as a sentence.
    """

    id: str
    film: Film | None
    error: str | None
    kept: Mapping[str, str | None] = field(default_factory=dict)
    warning: str | None = None


class Catalogue(TextTable):
    """A table of films without genres.

    Args:
        path: ``.csv``, ``.jsonl``, ``.ndjson`` or ``.parquet``.
        columns: Which column holds what.
        posters: What paths of posters are relative to; None takes the table's own folder, or the
            ZIP that the table lies in, if that holds pictures.

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
        if not is_table(path):
            raise DataError(f"{path} is no table; expected {known_suffixes()}")
        self._files = poster_files(path, posters)
        super().__init__(path, columns, posters=self._files)
        self.path = path
        if self.notes:
            logger.info("%s: %s; options name others", path, "; ".join(self.notes))
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
        """Modalities without a column."""
        held = {Modality.PLOT: self.columns.plots, Modality.POSTER: self.columns.poster}
        return frozenset(modality for modality, column in held.items() if not column)

    def keeping(self, columns: Sequence[str]) -> "Catalogue":
        """Return the same table with columns to copy into the output.

        Raises:
            DataError: One is not there.
        """
        missing = [name for name in columns if name not in self.known]
        if missing:
            hints = (f"no column {name!r}, {did_you_mean(name, self.known)}" for name in missing)
            raise DataError(f"{self.path}: {'; '.join(hints)}")
        other = copy(self)
        other.columns = replace(self.columns, kept=tuple(dict.fromkeys(columns)))
        return other

    def count(self) -> tuple[int, frozenset[int]]:
        """Return the number of rows and the hashes of duplicate ids."""
        name = self.columns.id
        if name is None:
            return self._table.count(), frozenset()
        hashes = array("q")
        for number, row in enumerate(self._table.rows([name]), start=1):
            hashes.append(hash(row_id(row, name, number)))
        values, numbers = np.unique(np.array(hashes, dtype=np.int64), return_counts=True)
        return self._table.count(), frozenset(values[numbers > 1].tolist())

    def entries(
        self, reader: FilmReader, skip: int = 0, twice: Container[int] = ()
    ) -> Iterator[Entry]:
        """Yield every row as a film, in order.

        Args:
            reader: The model's.
            skip: So many rows at the start are passed over without looking at their posters.
            twice: Hashes of ids that several rows have, see ``count``.
        """
        used = self._used(posters=Modality.POSTER in reader.modalities)
        with self._files.opened():
            for number, row in enumerate(self._table.rows(used), start=1):
                if number > skip:
                    yield self._entry(reader, row, number, twice)

    def preview(self, num_rows: int) -> Iterator[dict[str, object]]:
        """Yield the first rows as they are read, without a model."""
        used = self._used(posters=True)
        for number, row in enumerate(islice(self._table.rows(used), num_rows), start=1):
            text = self._text_row(row, number)
            faults = list(text.faults)
            poster: object = None
            try:
                poster = self._poster(row, looked_at=True)
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

    def _entry(self, reader: FilmReader, row: Row, number: int, twice: Container[int]) -> Entry:
        text = self._text_row(row, number)
        faults = list(text.faults)
        kept = {name: kept_text(row.values.get(name)) for name in self.columns.kept}
        warning = None
        if hash(text.id) in twice:
            warning = f"Several rows have the id {shortened(text.id, 60)}."
        if not text.is_readable:
            return Entry(text.id, None, _joined(faults), kept, warning)
        plot = text.plots if reader.chooses_plots else "\n".join(text.plots)
        try:
            poster = self._poster(row, looked_at=Modality.POSTER in reader.modalities)
            film: Film | None = reader.read(plot, poster, text.title, text.year)
        except MovieGenreError as error:
            film = self._plot_alone(reader, plot, text.title, text.year)
            nothing = not text.plots and not faults and str(error).startswith("a film needs")
            lack = f"{self._lacking()}: " if nothing else ""
            faults.append(
                f"{lack}{error}{used_instead(film.parts if film and film.modalities else ())}"
            )
        if film is not None and not film.modalities:
            faults.append(f"{self._lacking()}: {' '.join(film.warnings)}")
            film = None
        return Entry(text.id, film, _joined(faults) if faults else None, kept, warning)

    def _lacking(self) -> str:
        return "no plot" if self.columns.poster is None else "no plot and no poster"

    def _poster(self, row: Row, *, looked_at: bool) -> Poster:
        """Return a row's poster; a path is opened only if the model reads posters.

        Raises:
            InputError: There is no such file.
        """
        value = row.values.get(self.columns.poster) if self.columns.poster else None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, Mapping):  # as this package and Hugging Face's keep images in Parquet
            value = value.get("bytes") or value.get("path")
        if isinstance(value, bytes):
            return value or None
        name = cell_text(value).strip()
        if not looked_at:
            return self._files.place(name) if name and not is_poster_placeholder(name) else None
        return self._files.find(name)

    def _plot_alone(
        self, reader: FilmReader, plot: Plot, title: str | None, year: int | None
    ) -> Film | None:
        """Return the entry without its broken poster; None if nothing else can be read."""
        try:
            return reader.read(plot, None, title, year)
        except MovieGenreError:
            return None


def _joined(faults: Sequence[str]) -> str:
    return whole_text(shortened("; ".join(faults), _LONGEST_ERROR))
