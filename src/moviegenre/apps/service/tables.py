"""``POST /predict/table``: a table of plots goes up, its answers come back line by line.

An upload lives in the memory of the request that brought it. Names of posters are looked for in the
ZIP that was uploaded and nowhere else, since they would name files of this machine.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from moviegenre.apps.service.asking import Asking
from moviegenre.apps.service.clients import client_of
from moviegenre.apps.service.observing import note
from moviegenre.apps.service.refusals import BUSY, UNFIT, Refusal
from moviegenre.apps.service.schemas import REFUSALS, TABLE_BODY, TABLE_LINES, TablePreview
from moviegenre.apps.service.table_answers import RowAnswer, TableAnswerer, preview, rows_of
from moviegenre.apps.service.table_bodies import TableRequest, read_table
from moviegenre.apps.service.table_stream import LineStream, line
from moviegenre.core.errors import DataError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.data.tables.zip_posters import ZipPosters

if TYPE_CHECKING:
    import pyarrow as pa

    from moviegenre.inference.catalogue_texts import TextRow

TABLES_AT_ONCE = 2
"""Tables whose rows are computed at the same time, a few rows a turn; the others wait meanwhile."""

MAX_TABLES = 16
"""Tables that are answered or wait; one more is refused, to come back later."""

MAX_CLIENT_TABLES = 4
"""The same for each client, so that one cannot keep out the others."""

_READ_AT_ONCE = 2  # parsing takes some times a table's size in memory


class Tables:
    """The tables of a service.

    Args:
        asking: The way to the model.
        genres: The model's.
    """

    def __init__(self, asking: Asking, genres: GenreVocabulary) -> None:
        self._asking = asking
        self._genres = genres
        self._reading = asyncio.Semaphore(_READ_AT_ONCE)
        self._turns = asyncio.Semaphore(TABLES_AT_ONCE)
        self._open: Counter[str] = Counter()  # tables by client
        self._is_stopping = False

    def stop(self) -> None:
        """End running tables with an error at their next rows, so that a stop need not wait."""
        self._is_stopping = True

    async def respond(self, request: Request) -> Response:
        """Return the answer to a request: a preview, or lines.

        Raises:
            Refusal: The table is not taken.
        """
        client = client_of(request)
        self._asking.require_room(client)
        self._require_room(client)
        table = await read_table(request, self._asking.settings)
        if table.preview:
            async with self._reading:
                found = await asyncio.to_thread(preview, table, self._asking.settings)
            return JSONResponse(found.model_dump())
        schema = self._schema()
        async with self._reading:
            rows = await asyncio.to_thread(rows_of, table, self._asking.settings)
        self._require_room(client)  # others may have come in while this one was read
        note(request, table_rows=len(rows), table_bytes=len(table.table.content))
        lines = self._lines(client, rows, schema, table)
        return LineStream(lines, self._asking.settings.deadline_seconds)

    def _schema(self) -> "pa.Schema":
        from moviegenre.inference.catalogue_format import answer_schema

        try:
            return answer_schema(self._genres)
        except DataError as error:
            raise Refusal(UNFIT, str(error)) from None

    def _require_room(self, client: str) -> None:
        own, others = self._open[client], self._open.total()
        if own >= MAX_CLIENT_TABLES or others >= MAX_TABLES:
            whose = f"{own} of your tables" if own >= MAX_CLIENT_TABLES else f"{others} tables"
            raise Refusal(
                BUSY,
                f"{whose} are waiting; try again later",
                {"Retry-After": str(self._asking.settings.retry_after_seconds)},
            )

    async def _lines(
        self, client: str, rows: "Sequence[TextRow]", schema: "pa.Schema", table: TableRequest
    ) -> AsyncGenerator[bytes, None]:
        """Yield the lines of an answer."""
        from moviegenre.inference.catalogue_format import csv_header

        self._open[client] += 1
        try:
            yield line({"type": "start", "rows": len(rows), "csv": csv_header(schema)})
            with nullcontext() if table.posters is None else table.posters.opened():
                slices = self._answerer(client, table.posters).answers(rows)
                while answers := await self._next(slices):
                    texts = [
                        _texts(rows[one.row - 1]) if table.with_text else {} for one in answers
                    ]
                    yield b"".join(_row_lines(answers, texts, schema))
            yield line({"type": "end"})
        except Refusal as refusal:
            yield line({"type": "error", "error": refusal.message})
        finally:
            self._open[client] -= 1
            self._open = +self._open  # a client that has left is forgotten

    async def _next(self, slices: AsyncIterator[list[RowAnswer]]) -> list[RowAnswer] | None:
        """Return the next answers in turn with other tables; None after the last.

        A turn ends before its client reads them: two slow clients would keep out all others.
        """
        async with self._turns:
            return await anext(slices, None)

    def _answerer(self, client: str, posters: ZipPosters | None) -> TableAnswerer:
        ask = partial(self._asking.ask, client=client, kind="table")
        return TableAnswerer(ask, self._asking.settings, lambda: self._is_stopping, posters)


def _texts(row: "TextRow") -> dict[str, Any]:
    """Return what was read of a row, as UTF-8: JSON can spell halves of characters."""
    plot, title = (
        text.encode("utf-8", "replace").decode("utf-8")
        for text in ("\n".join(row.plots), row.title or "")
    )
    return {"plot": plot, "title": title or None, "year": row.year}


def _row_lines(
    answers: Sequence[RowAnswer], texts: Sequence[Mapping[str, Any]], schema: "pa.Schema"
) -> list[bytes]:
    """Return a line for each of some rows, with what a CSV file has of it."""
    from moviegenre.inference.catalogue_format import csv_lines

    cells = [
        {
            "id": row.id,
            "genres": row.genres,
            **row.probabilities,
            "error": row.error,
            "warnings": " ".join(row.warnings) or None,
            "modalities": row.modalities,
        }
        for row in answers
    ]
    return [
        line({"type": "row", **vars(row), **text, "csv": csv})
        for row, text, csv in zip(answers, texts, csv_lines(cells, schema), strict=True)
    ]


def add_tables(app: FastAPI, asking: Asking, genres: GenreVocabulary) -> Tables:
    """Serve ``POST /predict/table``.

    Args:
        app: The service.
        asking: The way to the model.
        genres: The model's.

    Returns:
        What is to be told when the service begins to stop.
    """
    tables = Tables(asking, genres)

    @app.post(
        "/predict/table",
        response_model=TablePreview,
        responses={200: TABLE_LINES, **REFUSALS},
        openapi_extra=TABLE_BODY,
        summary="Predict the genres of a table of plots",
        description="The answers come as lines, in the table's order, while they are computed; a "
        "row that cannot be read has an `error`.",
    )
    async def predict_table(request: Request) -> Response:
        return await tables.respond(request)

    return tables
