"""Preview, rows and answers of an uploaded table."""

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from moviegenre.apps.service.errors import STOPPING, RequestError
from moviegenre.apps.service.film_predictor import Answer, FilmInput
from moviegenre.apps.service.model_queue import ModelQueue, retry_while_busy
from moviegenre.apps.service.request_parsing import check_plot, check_poster
from moviegenre.apps.service.schemas import TablePreview
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.apps.service.table_upload import TableUpload
from moviegenre.core.errors import DataError, MovieGenreError
from moviegenre.data.records import whole_text
from moviegenre.data.tables.columns import find_plot_column, plot_candidates, plot_column_note
from moviegenre.data.tables.known_tables import KnownTable, recognise
from moviegenre.data.tables.zip_posters import ZipPosters
from moviegenre.inference.film_reading import used_instead

if TYPE_CHECKING:
    from moviegenre.data.tables.table import Table
    from moviegenre.inference.catalogue_texts import TextRow

FAILED = "the service failed on this film; its log has the reason"

FILMS_AT_ONCE = 8
"""Films of a table that are computed together; few, so that single films need not wait long."""

_MAX_COLUMNS = 1000
_MAX_LISTED = 10  # columns in a message
_PREVIEW_ROWS = 5
_PREVIEW_CHARS = 200  # of a cell
_ERROR_CHARS = 500  # some repeat a value of the table, which may be long
_FIELDS = {
    "id_column": "id_column",
    "plot_column": "plot_columns",
    "poster_column": "poster_column",
}
_SETTING = re.compile(r"`([a-z_]+)`")
_OTHER_SETTING = re.compile(rf" \([^()]*`(?!(?:{'|'.join(_FIELDS)})`)[a-z_]+`[^()]*\)")


def _with_fields(message: str) -> str:
    """Return a message with fields of the form in place of settings.

    Advice in parentheses on settings that the form lacks is left out.
    """
    message = _OTHER_SETTING.sub("", message)
    return _SETTING.sub(lambda name: _FIELDS.get(name[1], name[0]), message)


def preview(upload: TableUpload, settings: ServiceSettings) -> TablePreview:
    """Return how a table is read, without computing anything.

    Raises:
        RequestError: The table cannot be read.
    """
    from moviegenre.data.tables.columns import ID_COLUMNS, usual_column
    from moviegenre.data.tables.table import Table

    try:
        table = Table(upload.table, max_rows=settings.page_rows + 1)
        columns = _columns(table)
        known = recognise(columns)
        candidates = _plot_columns(columns, known)
        rows = [
            [_cell(row.values.get(name)) for name in columns]
            for row in itertools.islice(table.rows(), _PREVIEW_ROWS)
        ]
    except MovieGenreError as error:
        raise RequestError(422, _with_fields(str(error))) from None
    notes = [
        *table.notes,
        f"recognised as {known.title}" if known else "",
        _plot_note(candidates),
    ]
    return TablePreview(
        name=upload.table.name,
        columns=columns,
        rows=rows,
        id_column=usual_column(columns, known.id if known and known.id else ID_COLUMNS),
        plot_columns=candidates if len(candidates) == 1 else [],
        poster_column=_poster_column(upload, settings, candidates),
        has_posters=upload.posters is not None,
        note=_with_fields("; ".join(filter(None, notes))) or None,
    )


def _poster_column(
    upload: TableUpload, settings: ServiceSettings, candidates: Sequence[str]
) -> str | None:
    """Return the column that names pictures of the ZIP; None if there is none."""
    from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable

    if upload.posters is None:
        return None
    columns = CatalogueColumns(plots=tuple(candidates))
    try:
        table = TextTable(upload.table, columns, settings.page_rows + 1, upload.posters)
    except DataError:  # `read_rows` reports the error
        return None
    return table.columns.poster


def _plot_columns(columns: Sequence[str], known_table: KnownTable | None) -> list[str]:
    """Return the columns that may be the plot; a well-known table has one."""
    if known_table is None:
        return plot_candidates(columns)
    found = (name for plot in known_table.plots for name in columns if name.lower() == plot)
    return list(itertools.islice(found, 1))


def _plot_note(candidates: Sequence[str]) -> str:
    """Return a note on the column that is read as the plot, or on the columns to choose from."""
    if len(candidates) == 1:
        return plot_column_note(candidates[0])
    names = ", ".join(repr(name) for name in candidates)
    return f"there is no column 'plot', but {names}; choose the columns of plots" if names else ""


def _usual_plot_columns(upload: TableUpload, settings: ServiceSettings) -> tuple[str, ...]:
    """Return the column of plots by its usual name; no column if only posters are read.

    Raises:
        DataError: No column has a usual name, or several have.
    """
    from moviegenre.data.tables.missing_plots import missing_plots_hint
    from moviegenre.data.tables.table import Table

    table = Table(upload.table, max_rows=settings.page_rows + 1)
    columns = _columns(table)
    if (known_table := recognise(columns)) is not None:
        return tuple(_plot_columns(columns, known_table))
    advice = "choose the columns of plots (plot_columns)"
    plot = find_plot_column(columns, table=upload.table.name, advice=advice)
    if plot is None and upload.posters is None:
        column_names = ", ".join(columns[:_MAX_LISTED]) + (", ..." if columns[_MAX_LISTED:] else "")
        titles_advice = "a row without a plot is answered from its title if there is such a column"
        hint = missing_plots_hint(table, advice, titles_advice)
        raise DataError(
            f"{upload.table.name} has no column 'plot' (found {column_names}); {hint}; posters are "
            "read here only from a ZIP that holds the table and its posters"
        )
    return () if plot is None else (plot,)


def read_rows(upload: TableUpload, settings: ServiceSettings) -> "list[TextRow]":
    """Return all rows of a table; the limits keep them few and short.

    Raises:
        RequestError: The table cannot be read, lacks a column, or has too many rows.
    """
    from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable

    try:
        plots = upload.plot_columns or _usual_plot_columns(upload, settings)
        columns = CatalogueColumns(upload.id_column, plots, upload.poster_column)
        table = TextTable(upload.table, columns, settings.page_rows + 1, upload.posters)
        rows = list(itertools.islice(table.texts(), settings.page_rows + 1))
    except MovieGenreError as error:
        raise RequestError(422, _with_fields(str(error))) from None
    if len(rows) > settings.page_rows:
        raise RequestError(
            422,
            f"the table has more than {settings.page_rows:,} rows, which is the limit here; for "
            "larger ones use: moviegenre predict --input",
        )
    return rows


@dataclass(frozen=True)
class RowAnswer:
    """The answer to a row.

    Attributes:
        row: Its number, from 1.
        id: Its id in the table, or its number.
        genres: The chosen genres, most probable first.
        probabilities: Probabilities by genre; empty if the row has no answer.
        error: Why the row could not be read in full; None if it could.
        warnings: Warnings for the reader of the answer, as sentences.
        modalities: The inputs that the answer is based on.
    """

    row: int
    id: str
    genres: list[str]
    probabilities: dict[str, float]
    error: str | None
    warnings: list[str]
    modalities: list[str]


class TableAnswerer:
    """Answers the rows of a table.

    Args:
        queue: The queue of the model.
        client: The client that sent the table.
        is_stopping: Returns whether the service is stopping.
        posters: The pictures that rows name; None if there are none.
    """

    def __init__(
        self,
        queue: ModelQueue,
        client: str,
        is_stopping: Callable[[], bool],
        posters: ZipPosters | None,
    ) -> None:
        self._queue = queue
        self._settings = queue.settings
        self._client = client
        self._is_stopping = is_stopping
        self._posters = posters

    async def answers(self, rows: "Sequence[TextRow]") -> AsyncIterator[list[RowAnswer]]:
        """Yield the answers to all rows in order, a few at a time.

        Raises:
            RequestError: The service is stopping.
        """
        counts = Counter(whole_text(row.id) for row in rows)
        repeated = {id_ for id_, number in counts.items() if number > 1}
        num_films = max(1, min(FILMS_AT_ONCE, self._settings.max_queue // 2))
        for start in range(0, len(rows), num_films):
            if self._is_stopping():
                raise RequestError(503, STOPPING)
            answers = await self._answers(rows[start : start + num_films], start + 1)
            yield [
                _with_id_warning(answer) if answer.id in repeated else answer for answer in answers
            ]

    async def _answers(self, rows: "Sequence[TextRow]", number: int) -> list[RowAnswer]:
        """Return the answers to some rows; an unreadable row does not affect the others.

        Args:
            rows: The rows.
            number: The number of the first row.
        """
        answers: dict[int, Answer] = {}
        films: dict[int, FilmInput] = {}
        faults: dict[int, str] = {}
        for index, row in enumerate(rows):
            if not row.is_readable:
                continue
            plot = whole_text("\n".join(row.plots))
            try:
                check_plot(plot, self._settings)
            except RequestError as error:
                answers[index] = error
                continue
            poster = await asyncio.to_thread(self._poster, row) if row.poster else None
            if isinstance(poster, str):
                faults[index], poster = poster, None
            films[index] = FilmInput(
                plot, poster, title=row.title, year=row.year, warn_unread=False
            )
        answers |= await self._predict(films)
        without_poster: dict[int, FilmInput] = {}
        for index, film in films.items():
            if film.poster is not None and isinstance(answers[index], MovieGenreError):
                faults[index] = str(answers[index])
                without_poster[index] = replace(film, poster=None)
        answers |= await self._predict(without_poster)
        return [
            _row_answer(number + index, row, answers.get(index), faults.get(index))
            for index, row in enumerate(rows)
        ]

    async def _predict(self, films: Mapping[int, FilmInput]) -> dict[int, Answer]:
        """Return the answers to some rows, by their indices; films of others may go first.

        Raises:
            RequestError: The service is stopping.
        """
        if not films:
            return {}
        predict = partial(
            self._queue.predict, list(films.values()), client=self._client, kind="table"
        )
        try:
            answers = await retry_while_busy(predict, self._settings, self._is_stopping)
        except RequestError as error:
            if self._is_stopping():
                raise
            return dict.fromkeys(films, error)
        return dict(zip(films, answers, strict=True))

    def _poster(self, row: "TextRow") -> bytes | str | None:
        """Return the poster that a row names, or the error as a text."""
        assert self._posters is not None, "without posters, no row names one"
        try:
            poster = self._posters.find(row.poster)
            check_poster(poster, self._settings)
        except (MovieGenreError, RequestError) as error:
            return str(error)
        return poster


def _row_answer(
    number: int, row: "TextRow", answer: Answer | None, poster_fault: str | None
) -> RowAnswer:
    faults = list(row.faults)
    values = answer if isinstance(answer, dict) else {}
    if poster_fault is not None:
        faults.append(f"{poster_fault}{used_instead(values.get('modalities', []))}")
    if isinstance(answer, RequestError | MovieGenreError):
        faults.append(str(answer))
    elif isinstance(answer, Exception):
        faults.append(FAILED)
    if values and not values["modalities"]:  # as in `moviegenre predict`
        faults.append(f"no plot: {' '.join(values.get('warnings', []))}")
        values = {}
    return RowAnswer(
        row=number,
        id=whole_text(row.id),
        genres=values.get("genres", []),
        probabilities=values.get("probabilities", {}),
        error=whole_text("; ".join(faults))[:_ERROR_CHARS] or None,
        warnings=[*values.get("warnings", []), *row.warnings],
        modalities=values.get("modalities", []),
    )


def _with_id_warning(answer: RowAnswer) -> RowAnswer:
    from moviegenre.inference.catalogue_texts import repeated_id_warning

    return replace(answer, warnings=[*answer.warnings, repeated_id_warning(answer.id)])


def _columns(table: "Table") -> list[str]:
    """Return the columns of a table.

    Raises:
        DataError: The table cannot be read, or has too many columns.
    """
    columns = table.columns
    if len(columns) > _MAX_COLUMNS:
        raise DataError(
            f"{table.source.name} has {len(columns):,} columns; expected at most {_MAX_COLUMNS:,}"
        )
    return [whole_text(name) for name in columns]


def _cell(value: object) -> str:
    text = "" if value is None else whole_text(str(value))
    return text if len(text) <= _PREVIEW_CHARS else f"{text[:_PREVIEW_CHARS]}..."
