"""Rows of a sheet of an Excel workbook; needs the extra ``excel``."""

import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from moviegenre.core.errors import DataError, MissingExtraError, shortened
from moviegenre.data.tables.columns import is_plot_name, is_title_name
from moviegenre.data.tables.source import TableSource, check_zip
from moviegenre.data.unpacking import error_text, max_unpacked

_MAX_TEXTS_BYTES = 256 << 20  # of a workbook's list of texts, which is read into memory
_CHUNK_BYTES = 1 << 20
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY", "<!".encode("utf-16-le"), "<!".encode("utf-16-be"))
_MAX_EMPTY_ROWS = 1_000  # successive; Excel may store a format for a million empty rows


@contextmanager
def sheet_rows(
    source: TableSource, stream: BinaryIO, on_note: Callable[[str], None]
) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Open the sheet of films, usually the first, and yield its rows without empty ones.

    Args:
        source: The workbook's name, for messages.
        stream: The workbook.
        on_note: Called with a note that names the sheet that is read and the others.

    Raises:
        MissingExtraError: openpyxl is not installed.
        DataError: The stream is no workbook, or unpacks to more than ``max_unpacked``.
    """
    try:
        from openpyxl import load_workbook
    except ModuleNotFoundError:
        raise MissingExtraError("openpyxl", "excel", "reading .xlsx") from None
    _check(source, stream)
    try:
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl raises any exception for a damaged file
        raise _unreadable(source, error) from None
    try:
        sheets = book.worksheets
        if not sheets:
            raise DataError(f"{source} has no sheet; expected a table in the first one")
        yield _rows(source, _films_sheet(source, sheets, on_note))
    finally:
        book.close()


def _films_sheet(
    source: TableSource,
    sheets: Sequence[Any],
    on_note: Callable[[str], None],
) -> Any:  # noqa: ANN401 - a sheet of openpyxl
    """Return the first sheet, or if it has neither plots nor titles, the first one with both."""
    if len(sheets) == 1:
        return sheets[0]
    headers = [next(_rows(source, sheet), ()) for sheet in sheets]
    usual = [(any(map(is_plot_name, row)), any(map(is_title_name, row))) for row in headers]
    films = 0 if any(usual[0]) or (True, True) not in usual else usual.index((True, True))
    others = [sheet.title for sheet, row in zip(sheets, headers, strict=True) if row]
    others = [title for title in others if title != sheets[films].title]
    if others:
        names = shortened(", ".join(map(repr, others)))
        on_note(f"sheet {sheets[films].title!r} is read, the others are not ({names})")
    return sheets[films]


def _rows(source: TableSource, sheet: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    sheet.reset_dimensions()  # the size in a sheet's header may be wrong
    num_empty = 0
    try:
        for row in sheet.iter_rows(values_only=True):
            if any(cell is not None for cell in row):
                num_empty = 0
                yield tuple(_cell(cell) for cell in row)
            elif (num_empty := num_empty + 1) > _MAX_EMPTY_ROWS:
                return
    except DataError:
        raise
    except Exception as error:
        raise _unreadable(source, error) from None


def _cell(cell: object) -> object:
    if isinstance(cell, float) and cell.is_integer():  # Excel has no whole numbers
        return int(cell)
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    return cell


def _check(source: TableSource, stream: BinaryIO) -> None:
    """Refuse a workbook that unpacks to more than ``max_unpacked``, or declares entities."""
    check_zip(source, stream)
    size = stream.seek(0, os.SEEK_END)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            total_size = sum(member.file_size for member in members)
            texts = [member for member in members if "shared" in member.filename.lower()]
            texts_size = max((member.file_size for member in texts), default=0)
            if total_size > max_unpacked(size) or texts_size > _MAX_TEXTS_BYTES:
                raise DataError(f"{source} unpacks to {total_size:,} bytes; it is refused")
            for member in members:
                if Path(member.filename).suffix.lower() in (".xml", ".rels"):
                    with archive.open(member) as content:
                        head = content.read(_CHUNK_BYTES)
                    if any(mark in head for mark in _DECLARATIONS):
                        raise DataError(f"{source} declares XML entities; it is refused")
    except DataError:
        raise
    except Exception as error:
        raise _unreadable(source, error) from None
    finally:
        stream.seek(0)


def _unreadable(source: TableSource, error: Exception) -> DataError:
    return DataError(f"{source} cannot be read as an Excel workbook: {error_text(error)}")
