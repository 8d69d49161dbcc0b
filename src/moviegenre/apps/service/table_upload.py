"""Parsing a request's form into a table in memory, within the limits."""

import asyncio
import re
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from moviegenre.apps.service.errors import RequestError
from moviegenre.apps.service.request_parsing import (
    FORM,
    check_media_type,
    open_form,
    refuse_repeated,
)
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.errors import DataError, shortened
from moviegenre.data.tables.source import TEXT_SUFFIXES, TableBytes, table_suffix, unpacked
from moviegenre.data.tables.zip_posters import ZipPosters

_FIELDS = ("file", "id_column", "plot_columns", "poster_column", "preview", "with_text")
_MAX_FIELDS = 64
_YES_OR_NO = {"": False, "false": False, "0": False, "true": True, "1": True}
_MAX_NAME_CHARS = 100  # of the name of a file or a field in messages
_MAX_FILES_PER_ROW = 10  # of a ZIP: a poster and other files
_MAX_VALUES_PER_ROW = 200  # commas in its plot are counted too
_MAX_LINES_PER_ROW = 100  # a plot in quotes may have lines of its own
_MAX_LINE_BYTES = 1_000_000  # a line of JSON can need twenty times as much memory


@dataclass(frozen=True)
class TableUpload:
    """A table as it was sent.

    Attributes:
        table: The uploaded table.
        id_column: The column of ids, if one was named.
        plot_columns: The columns of plots that were named.
        preview: Only show how the table is read.
        with_text: Answer each row with its plot, title and year as well.
        poster_column: The column of posters that was named.
        posters: The pictures of the uploaded ZIP; None if there are none.
    """

    table: TableBytes
    id_column: str | None
    plot_columns: tuple[str, ...]
    preview: bool
    with_text: bool
    poster_column: str | None
    posters: ZipPosters | None


async def read_table(request: Request, settings: ServiceSettings) -> TableUpload:
    """Return the table of a request.

    Raises:
        RequestError: The body is too large, too slow, of another media type, or invalid.
    """
    check_media_type(request, FORM)
    async with open_form(request, settings, max_fields=_MAX_FIELDS) as form:
        return await _table_upload(form, settings)


async def _table_upload(form: FormData, settings: ServiceSettings) -> TableUpload:
    for name in form:
        if name not in _FIELDS:
            raise RequestError(
                422,
                f"the form has an unknown field {shortened(name, _MAX_NAME_CHARS)!r}; expected "
                f"{', '.join(_FIELDS)}",
            )
    refuse_repeated(form, ("plot_columns",))
    uploads = [name for name, value in form.multi_items() if isinstance(value, UploadFile)]
    upload = form.get("file")
    if uploads != ["file"] or not isinstance(upload, UploadFile):
        raise RequestError(422, "the form has no table; expected a file in the field 'file'")
    preview, with_text = (_flag(form, name) for name in ("preview", "with_text"))
    name = file_name(upload.filename)
    table = TableBytes(name, await upload.read())
    posters: ZipPosters | None = None
    kind = table_suffix(table)
    if kind in (*TEXT_SUFFIXES, ".zip"):
        try:
            posters = await asyncio.to_thread(_posters, table, settings)
            table = await asyncio.to_thread(unpacked, table, settings.max_body_bytes)
        except DataError as error:
            raise RequestError(422, str(error)) from None
        kind = table_suffix(table)
    if kind not in TEXT_SUFFIXES:  # the unpacked size of Parquet is unknown
        expected = f"{', '.join(TEXT_SUFFIXES)}, or one of these as .gz or .zip"
        raise RequestError(415, f"{name} is not a table; expected {expected}")
    if kind == ".json":
        _check_values(name, table.content, settings.page_rows * _MAX_VALUES_PER_ROW)
    else:
        _check_lines(name, table.content, settings.page_rows * _MAX_LINES_PER_ROW)
    poster_column = str(form.get("poster_column") or "") or None
    if poster_column and posters is None:
        raise RequestError(
            422, "poster_column has no effect: the file is not a ZIP of a table and its posters"
        )
    return TableUpload(
        table,
        str(form.get("id_column") or "") or None,
        tuple(str(column) for column in form.getlist("plot_columns") if column),
        preview,
        with_text,
        poster_column,
        posters,
    )


def _posters(table: TableBytes, settings: ServiceSettings) -> ZipPosters | None:
    """Return the pictures of an upload; None if it is no ZIP, or has none.

    Raises:
        DataError: The ZIP is damaged, has too many files, or is too large when unpacked.
    """
    if table.suffix.lower() != ".zip":
        return None
    posters = ZipPosters(table, settings.max_body_bytes, _MAX_FILES_PER_ROW * settings.page_rows)
    return posters if posters.has_pictures else None


def _flag(form: FormData, name: str) -> bool:
    value = str(form.get(name, "")).lower()
    if value not in _YES_OR_NO:
        raise RequestError(422, f"{name} is neither true nor false")
    return _YES_OR_NO[value]


def file_name(path: str | None) -> str:
    r"""Return the name of an upload for messages: one short line without folders.

    Example:
        >>> file_name("../../etc/films.csv"), file_name("C:\\films\\a.csv"), file_name(None)
        ('films.csv', 'a.csv', 'the table')
    """
    name = re.split(r"[/\\]", path or "")[-1]
    printable = "".join(char for char in name if char.isprintable()).strip()
    return printable[-_MAX_NAME_CHARS:] or "the table"


def _check_values(name: str, content: bytes, max_values: int) -> None:
    """Refuse more values of JSON than a table needs, because each costs memory.

    Raises:
        RequestError: There are too many values.
    """
    num_values = sum(content.count(mark) for mark in (b",", b"[", b"{"))
    if num_values > max_values:
        raise RequestError(
            422, f"{name} has {num_values:,} values; expected at most {max_values:,}"
        )


def _check_lines(name: str, content: bytes, max_lines: int) -> None:
    """Refuse too many lines, and a line longer than any film needs, before parsing.

    Raises:
        RequestError: There are too many lines, or a line is too long.
    """
    # Blank lines are no rows, and a carriage return ends a line too.
    num_lines = content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")
    if num_lines > max_lines:
        raise RequestError(422, f"{name} has {num_lines:,} lines; expected at most {max_lines:,}")
    start = 0
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        if end - start > _MAX_LINE_BYTES:
            raise RequestError(
                422,
                f"{name} has a line of {end - start:,} bytes; expected at most {_MAX_LINE_BYTES:,}",
            )
        start = end + 1
