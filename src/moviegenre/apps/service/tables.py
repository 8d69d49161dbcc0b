"""``POST /predict/table``: a client uploads a table of plots and gets the answers line by line.

An upload stays in memory until its request ends. Posters are read only from the uploaded ZIP,
because other paths would name files of this machine.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from moviegenre.apps.service.errors import RequestError
from moviegenre.apps.service.line_stream import LineStream, line
from moviegenre.apps.service.model_queue import ModelQueue
from moviegenre.apps.service.openapi import ERROR_RESPONSES, TABLE_BODY, TABLE_LINES
from moviegenre.apps.service.request_log import add_to_log
from moviegenre.apps.service.schemas import TablePreview
from moviegenre.apps.service.table_answers import RowAnswer, TableAnswerer, preview, read_rows
from moviegenre.apps.service.table_upload import TableUpload, read_table
from moviegenre.core.errors import DataError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.data.records import whole_text

if TYPE_CHECKING:
    import pyarrow as pa

    from moviegenre.inference.catalogue_texts import TextRow

TABLES_AT_ONCE = 2
"""Tables that are computed at the same time, a few rows in each turn; other tables wait."""

MAX_TABLES = 16
"""The most tables that are computed or wait; more are refused with a 503."""

MAX_CLIENT_TABLES = 4
"""The same for each client, so that one client cannot block the others."""

_READ_AT_ONCE = 2  # parsing needs several times a table's size in memory


class Tables:
    """The tables that a service answers."""

    def __init__(self, queue: ModelQueue, genres: GenreVocabulary) -> None:
        self._queue = queue
        self._genres = genres
        self._reading = asyncio.Semaphore(_READ_AT_ONCE)
        self._turns = asyncio.Semaphore(TABLES_AT_ONCE)
        self._open: Counter[str] = Counter()  # tables by client
        self._is_stopping = False

    def stop(self) -> None:
        """End running tables with an error at their next rows, so that the service stops soon."""
        self._is_stopping = True

    async def respond(self, request: Request) -> Response:
        """Return the answer to a request: a preview, or lines.

        Raises:
            RequestError: The table is not accepted.
        """
        client, settings = request.state.client, self._queue.settings
        self._queue.require_room(client)
        self._require_room(client)
        upload = await read_table(request, settings)
        if upload.preview:
            async with self._reading:
                table_preview = await asyncio.to_thread(preview, upload, settings)
            return JSONResponse(table_preview.model_dump())
        schema = self._schema()
        async with self._reading:
            rows = await asyncio.to_thread(read_rows, upload, settings)
        self._require_room(client)  # other tables may have arrived while this one was read
        add_to_log(request, table_rows=len(rows), table_bytes=len(upload.table.content))
        return LineStream(self._lines(client, rows, schema, upload), settings.deadline_seconds)

    def _schema(self) -> "pa.Schema":
        from moviegenre.inference.catalogue_format import answer_schema

        try:
            return answer_schema(self._genres)
        except DataError as error:
            raise RequestError(422, str(error)) from None

    def _require_room(self, client: str) -> None:
        num_own, num_open = self._open[client], self._open.total()
        if num_own >= MAX_CLIENT_TABLES or num_open >= MAX_TABLES:
            tables = (
                f"{num_own} of your tables"
                if num_own >= MAX_CLIENT_TABLES
                else f"{num_open} tables"
            )
            raise RequestError(
                503, f"{tables} are waiting; try again later", self._queue.settings.retry_after
            )

    async def _lines(
        self, client: str, rows: "Sequence[TextRow]", schema: "pa.Schema", upload: TableUpload
    ) -> AsyncGenerator[bytes, None]:
        """Yield the lines of an answer."""
        from moviegenre.inference.catalogue_format import csv_header

        self._open[client] += 1
        try:
            yield line({"type": "start", "rows": len(rows), "csv": csv_header(schema)})
            with nullcontext() if upload.posters is None else upload.posters.opened():
                answerer = TableAnswerer(
                    self._queue, client, lambda: self._is_stopping, upload.posters
                )
                chunks = answerer.answers(rows)
                while answers := await self._next(chunks):
                    texts = rows if upload.with_text else None
                    yield b"".join(_row_lines(answers, texts, schema))
            yield line({"type": "end"})
        except RequestError as error:
            yield line({"type": "error", "error": error.message})
        finally:
            self._open[client] -= 1
            self._open = +self._open  # drops clients without tables

    async def _next(self, chunks: AsyncIterator[list[RowAnswer]]) -> list[RowAnswer] | None:
        """Return the next answers, in turn with other tables; None after the last.

        A turn ends before the client reads them; otherwise two slow clients would block all others.
        """
        async with self._turns:
            return await anext(chunks, None)


def _texts(row: "TextRow") -> dict[str, Any]:
    """Return the texts of a row."""
    plot, title = whole_text("\n".join(row.plots)), whole_text(row.title or "")
    return {"plot": plot, "title": title or None, "year": row.year}


def _row_lines(
    answers: Sequence[RowAnswer], rows: "Sequence[TextRow] | None", schema: "pa.Schema"
) -> list[bytes]:
    """Return a line for each answer, with its line of a CSV file.

    Args:
        answers: Some answers.
        rows: All rows of the table, for their texts; None adds no texts.
        schema: The schema of the CSV file.
    """
    from moviegenre.inference.catalogue_format import csv_lines

    cells = [
        {
            "id": answer.id,
            "genres": answer.genres,
            **answer.probabilities,
            "error": answer.error,
            "warnings": " ".join(answer.warnings) or None,
            "modalities": answer.modalities,
        }
        for answer in answers
    ]
    return [
        line(
            {
                "type": "row",
                **vars(answer),
                **(_texts(rows[answer.row - 1]) if rows else {}),
                "csv": csv,
            }
        )
        for answer, csv in zip(answers, csv_lines(cells, schema), strict=True)
    ]


def add_tables(app: FastAPI, queue: ModelQueue, genres: GenreVocabulary) -> Tables:
    """Serve ``POST /predict/table``; ``stop`` of the result is called when the service stops."""
    tables = Tables(queue, genres)

    @app.post(
        "/predict/table",
        response_model=TablePreview,
        responses={200: TABLE_LINES, **ERROR_RESPONSES},
        openapi_extra=TABLE_BODY,
        summary="Predict the genres of a table of plots",
        description="Streams the answers as lines in the table's order. A row that cannot be "
        "read has an `error`.",
    )
    async def predict_table(request: Request) -> Response:
        return await tables.respond(request)

    return tables
