"""A table of films on its way through the model: its rows, and their answers in order."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from moviegenre.apps.service.answering import Answer, Question
from moviegenre.apps.service.bodies import checked_question
from moviegenre.apps.service.patience import ask_patiently
from moviegenre.apps.service.refusals import BUSY, UNFIT, Refusal
from moviegenre.apps.service.schemas import TablePreview
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.apps.service.table_bodies import TableRequest
from moviegenre.core.errors import DataError, MovieGenreError
from moviegenre.data.tables.columns import find_plot_column, plot_candidates, plot_column_note
from moviegenre.data.tables.known_tables import KnownTable, recognise
from moviegenre.data.tables.zip_posters import ZipPosters
from moviegenre.inference.film_reading import used_instead

if TYPE_CHECKING:
    from moviegenre.data.tables.rows import Table
    from moviegenre.inference.catalogue_texts import TextRow

FAILED = "the service failed on this film; its log says why"

FILMS_AT_ONCE = 8
"""Few, so that others' single films need not wait for a whole table."""

_MAX_COLUMNS = 1000
_PREVIEW_ROWS = 5
_PREVIEW_CHARS = 200  # of a cell
_ERROR_CHARS = 500  # some name what was found, which may be long

Ask = Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]
"""The way to the model; raises ``Refusal``."""


def preview(request: TableRequest, settings: ServiceSettings) -> TablePreview:
    """Return what was understood of a table, without computing anything.

    Raises:
        Refusal: It cannot be read.
    """
    from moviegenre.data.tables.columns import ID_COLUMNS, usual_column
    from moviegenre.data.tables.rows import Table

    try:
        table = Table(request.table, max_rows=settings.page_rows + 1)
        columns = _columns(table)
        known = recognise(columns)
        candidates = _plot_columns(columns, known)
        rows = [
            [_cell(row.values.get(name)) for name in columns]
            for row in itertools.islice(table.rows(), _PREVIEW_ROWS)
        ]
    except MovieGenreError as error:
        raise Refusal(UNFIT, str(error)) from None
    return TablePreview(
        name=request.table.name,
        columns=columns,
        rows=rows,
        id_column=usual_column(columns, known.id if known and known.id else ID_COLUMNS),
        plot_columns=candidates if len(candidates) == 1 else [],
        poster_column=_poster_column(request, settings, candidates),
        has_posters=request.posters is not None,
        note="; ".join([*_about(table, known), *_preview_note(candidates)]) or None,
    )


def _poster_column(
    request: TableRequest, settings: ServiceSettings, plots: Sequence[str]
) -> str | None:
    """Return the column that names pictures of the ZIP; None where there is none."""
    from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable

    if request.posters is None:
        return None
    columns = CatalogueColumns(plots=tuple(plots))
    try:
        table = TextTable(request.table, columns, settings.page_rows + 1, request.posters)
    except DataError:  # it has nothing that is read; the rows will say so
        return None
    return table.columns.poster


def _plot_columns(columns: Sequence[str], known: KnownTable | None) -> list[str]:
    """Return the columns that may be the plot: of a well-known table the one that is."""
    if known is None:
        return plot_candidates(columns)
    return [name for name in columns if name.lower() == known.plots[0]][:1]


def _about(table: "Table", known: KnownTable | None) -> list[str]:
    """Return what was found out about how a table is written, as sentence parts."""
    return [*table.notes, *([f"recognised as {known.title}"] if known else ())]


def _preview_note(candidates: Sequence[str]) -> list[str]:
    """Say which column is read as the plot, or that one of several has to be chosen."""
    if len(candidates) == 1:
        return [note] if (note := plot_column_note(candidates[0])) else []
    named = ", ".join(repr(name) for name in candidates)
    told = f"there is no column 'plot', but {named}; choose the columns of plots"
    return [told] if named else []


def _usual_plots(request: TableRequest, settings: ServiceSettings) -> tuple[str, ...]:
    """Return the column of plots of a table for which none is named; none where posters are read.

    Raises:
        DataError: None has a usual name, or several have.
    """
    from moviegenre.data.tables.rows import Table

    columns = _columns(Table(request.table, max_rows=settings.page_rows + 1))
    if (known := recognise(columns)) is not None:
        return tuple(_plot_columns(columns, known))
    advice = "choose the columns of plots (plot_columns)"
    found = find_plot_column(columns, table=request.table.name, advice=advice)
    if found is None and request.posters is None:
        raise DataError(
            f"{request.table.name} has no column 'plot' (found {_listing(columns)}); {advice}, as "
            "posters are read here only from a ZIP that holds the table and its posters"
        )
    return () if found is None else (found,)


def rows_of(request: TableRequest, settings: ServiceSettings) -> "list[TextRow]":
    """Return all rows of a table, which the limits keep few and short.

    Raises:
        Refusal: It cannot be read, lacks a column, or has too many rows.
    """
    from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable

    try:
        plots = request.plot_columns or _usual_plots(request, settings)
        columns = CatalogueColumns(request.id_column, plots, request.poster_column)
        table = TextTable(request.table, columns, settings.page_rows + 1, request.posters)
        rows = list(itertools.islice(table.texts(), settings.page_rows + 1))
    except MovieGenreError as error:
        raise Refusal(UNFIT, str(error)) from None
    if len(rows) > settings.page_rows:
        raise Refusal(
            UNFIT,
            f"the table has more than {settings.page_rows:,} rows, which is the limit here; for "
            "larger ones use: moviegenre predict --input",
        )
    return rows


@dataclass(frozen=True)
class RowAnswer:
    """The answer to a row.

    Attributes:
        row: Its number, from 1.
        id: As in the table, or its number.
        genres: The chosen ones, most probable first.
        probabilities: By genre; none where the row has no answer.
        error: Why the row could not be read in full; None where it could.
        modalities: What the answer rests on.
        warnings: What the reader of the answer should know, as sentences.
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
        ask: The way to the model.
        settings: The limits.
        is_stopping: Whether the service takes no more films.
        posters: The pictures that rows name; None reads none.
    """

    def __init__(
        self,
        ask: Ask,
        settings: ServiceSettings,
        is_stopping: Callable[[], bool],
        posters: ZipPosters | None = None,
    ) -> None:
        self._posters = posters
        self._ask = ask
        self._settings = settings
        self._is_stopping = is_stopping

    async def answers(self, rows: "Sequence[TextRow]") -> AsyncIterator[list[RowAnswer]]:
        """Yield the answers to all rows in order, a few at a time.

        Raises:
            Refusal: The service is stopping.
        """
        at_once = max(1, min(FILMS_AT_ONCE, self._settings.max_queue // 2))
        for start in range(0, len(rows), at_once):
            if self._is_stopping():
                raise Refusal(BUSY, "the service is stopping; try again later")
            yield await self._answers(rows[start : start + at_once], start + 1)

    async def _answers(self, rows: "Sequence[TextRow]", number: int) -> list[RowAnswer]:
        """Return the answers to some rows; one that cannot be read does not spoil the others.

        Args:
            rows: The rows.
            number: Of the first.
        """
        answers: dict[int, Answer] = {}
        questions: dict[int, Question] = {}
        faults: dict[int, str] = {}
        for place, row in enumerate(rows):
            if not row.is_readable:
                continue
            try:
                plot = _clean("\n".join(row.plots))
                question = checked_question(plot, None, False, self._settings)
            except Refusal as refusal:
                answers[place] = refusal
                continue
            poster = await asyncio.to_thread(self._poster, row) if row.poster else None
            if isinstance(poster, str):
                faults[place], poster = poster, None
            questions[place] = replace(question, poster=poster, title=row.title, year=row.year)
        answers |= await self._answered(questions)
        for place, question in questions.items():
            if question.poster is not None and isinstance(answers[place], MovieGenreError):
                faults[place] = str(answers[place])
        broken = [place for place in faults if questions[place].poster is not None]
        again = {place: replace(questions[place], poster=None) for place in broken}
        answers |= await self._answered(again)
        return [
            _row_answer(number + place, row, answers.get(place), faults.get(place))
            for place, row in enumerate(rows)
        ]

    async def _answered(self, questions: Mapping[int, Question]) -> dict[int, Answer]:
        """Return the answers to some rows, by their places."""
        if not questions:
            return {}
        found = await self._patiently(list(questions.values()))
        return dict(zip(questions, found, strict=True))

    def _poster(self, row: "TextRow") -> bytes | str | None:
        """Return the poster that a row names; a text says why it cannot be read."""
        assert self._posters is not None, "otherwise no row has a name"
        try:
            poster = self._posters.find(row.poster)
            if poster is not None:
                checked_question(None, poster, False, self._settings)
        except (MovieGenreError, Refusal) as error:
            return str(error)
        return poster

    async def _patiently(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """Return answers; others go first where the queue is full, or the time was up.

        Raises:
            Refusal: The service is stopping.
        """
        try:
            return await ask_patiently(
                lambda: self._ask(questions), self._settings, self._is_stopping
            )
        except Refusal as refusal:
            if self._is_stopping():
                raise
            return [refusal] * len(questions)


def _row_answer(
    number: int, row: "TextRow", answer: Answer | None, poster_fault: str | None
) -> RowAnswer:
    faults = list(row.faults)
    if poster_fault is not None:
        parts = answer["modalities"] if isinstance(answer, dict) else []
        faults.append(f"{poster_fault}{used_instead(parts)}")
    if isinstance(answer, Refusal | MovieGenreError):
        faults.append(str(answer))
    elif isinstance(answer, Exception):
        faults.append(FAILED)
    warnings = answer.get("warnings", []) if isinstance(answer, dict) else []
    if isinstance(answer, dict) and not answer["modalities"]:  # as the command has it
        faults.append(f"no plot: {' '.join(warnings)}")
        answer, warnings = None, []
    nothing: dict[str, Any] = {"genres": [], "probabilities": {}, "modalities": []}
    found = answer if isinstance(answer, dict) else nothing
    return RowAnswer(
        row=number,
        id=_clean(row.id),
        genres=found["genres"],
        probabilities=found["probabilities"],
        error=_clean("; ".join(faults))[:_ERROR_CHARS] or None,
        warnings=warnings,
        modalities=found["modalities"],
    )


def _columns(table: "Table") -> list[str]:
    """Return the columns of a table.

    Raises:
        DataError: It cannot be read, or has far too many.
    """
    columns = table.columns
    if len(columns) > _MAX_COLUMNS:
        raise DataError(
            f"{table.source.name} has {len(columns):,} columns; expected at most {_MAX_COLUMNS:,}"
        )
    return [_clean(name) for name in columns]


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(names[:10])
    return f"{shown}, ..." if len(names) > 10 else shown


def _cell(value: object) -> str:
    text = "" if value is None else _clean(str(value))
    return text if len(text) <= _PREVIEW_CHARS else f"{text[:_PREVIEW_CHARS]}..."


def _clean(text: str) -> str:
    """Return a text that is UTF-8: JSON can spell halves of characters, which are none."""
    return text.encode("utf-8", "replace").decode("utf-8")
