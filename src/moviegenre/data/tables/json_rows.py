"""Rows of JSON documents: an array, a page of TMDb, films by id, or one film."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from moviegenre.core.errors import DataError, shortened
from moviegenre.data.json_text import num_values, parse_json
from moviegenre.data.limits import MAX_RECORD_BYTES, MAX_RECORD_VALUES
from moviegenre.data.lines import is_utf8

_CHUNK_CHARS = 1 << 16
_BLANK = " \t\r\n"
_ROW_KEYS = ("results", "items", "movies", "films", "data", "rows", "search")


def is_document(head: str, suffix: str) -> bool:
    """Return whether a text is one JSON document, not a document on each line.

    Args:
        head: The beginning of the text.
        suffix: The suffix of its name.
    """
    text = head.lstrip("\ufeff" + _BLANK)
    if text.startswith("["):
        return suffix == ".json" or text[1:].lstrip(_BLANK).startswith("{")
    if suffix != ".json":
        return False
    line, end, other_lines = text.partition("\n")
    if not end or not other_lines.strip():
        return True
    try:
        return not isinstance(json.loads(line), dict)
    except ValueError:
        return True


def document_rows(stream: TextIO, name: str) -> Iterator[Any]:
    """Yield the rows of a JSON document, unchanged.

    An array is read row by row, any other document at once.

    Args:
        stream: The document, at its beginning.
        name: The table's name, for messages.

    Raises:
        DataError: The document is no JSON, or a film's record or a page is far too large.
    """
    head = stream.read(_CHUNK_CHARS)
    start = len(head) - len(head.lstrip("\ufeff" + _BLANK))
    if head[start : start + 1] == "[":
        yield from _array_rows(stream, head[start + 1 :], name)
        return
    text = head + stream.read(MAX_RECORD_BYTES)
    if not is_utf8(text):
        raise DataError(f"{name} is not UTF-8; save it as UTF-8")
    try:
        yield from _page_rows(parse_json(text.lstrip("\ufeff")))
    except ValueError as error:
        raise DataError(f"{name} is no JSON: {error}") from None


def _array_rows(stream: TextIO, buffer: str, name: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    position, is_at_end = 0, False
    while True:
        while position < len(buffer) and buffer[position] in _BLANK + ",":
            position += 1
        if buffer[position : position + 1] == "]":
            return
        try:
            is_long = len(buffer) - position > MAX_RECORD_VALUES
            if is_long and num_values(buffer[position:]) > 2 * MAX_RECORD_VALUES:
                raise DataError(f"{name} has a record of more than {MAX_RECORD_VALUES:,} values")
            value, end = decoder.raw_decode(buffer, position)
            if end < len(buffer) or is_at_end:  # a number may continue in the next chunk
                position = end
                yield value
                continue
        except RecursionError:
            raise DataError(f"{name} has JSON within JSON too many times") from None
        except ValueError as error:
            if is_at_end:
                fault = shortened(str(error))
                raise DataError(f"{name} is no JSON: {fault}; is it whole?") from None
        buffer = buffer[position:]
        position = 0
        if len(buffer) > MAX_RECORD_BYTES:
            raise DataError(
                f"{name} has a record of more than {MAX_RECORD_BYTES:,} characters, or is no JSON"
            )
        chunk = stream.read(max(_CHUNK_CHARS, len(buffer)))
        if not is_utf8(chunk):
            raise DataError(f"{name} is not UTF-8; save it as UTF-8")
        is_at_end = not chunk
        buffer += chunk


def _page_rows(document: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON value
    """Yield the rows of a document: the items of its list, its values, or the document itself."""
    if not isinstance(document, dict):
        yield document
        return
    lists = {str(key).lower(): value for key, value in document.items() if _is_rows(value)}
    key = next((key for key in _ROW_KEYS if key in lists), None)
    if key is None and len(lists) == 1 and "id" not in document and "plot" not in document:
        key = next(iter(lists))
    if key is not None:
        yield from lists[key]
    elif {"columns", "data"} <= document.keys() and _is_split(document):
        names = [str(name) for name in document["columns"]]
        yield from (dict(zip(names, cells, strict=False)) for cells in document["data"])
    elif _is_by_column(document):
        for key in next(iter(document.values())):
            yield {name: column[key] for name, column in document.items()}
    elif document and all(isinstance(value, dict) for value in document.values()):
        yield from ({"id": key, **value} for key, value in document.items())
    else:
        yield document


def _is_split(document: dict[str, Any]) -> bool:
    """Return whether a document is pandas' ``orient="split"``: names, and lists of cells."""
    lists = [document["columns"], document["data"]]
    return all(isinstance(value, list) for value in lists) and all(
        isinstance(cells, list) for cells in document["data"]
    )


def _is_by_column(document: dict[str, Any]) -> bool:
    """Return whether a document is pandas' default form.

    Each column is then a mapping from row numbers to cells.
    """
    if not document or not all(isinstance(column, dict) for column in document.values()):
        return False
    first = next(iter(document.values()))
    return bool(first) and all(
        column.keys() == first.keys() and all(key.isdecimal() for key in column)
        for column in document.values()
    )


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
