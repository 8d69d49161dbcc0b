"""Rows of JSON documents: arrays, which are read row by row, and other documents."""

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from moviegenre.core.errors import DataError, shortened
from moviegenre.data.json_text import json_object, num_values
from moviegenre.data.limits import MAX_RECORD_BYTES, MAX_RECORD_VALUES
from moviegenre.data.lines import is_utf8
from moviegenre.data.tables import json_pages

_OBJECT = re.compile(r'[\ufeff\s]*(\[\s*)?\{\s*"[^"]{0,1000}"\s*:')
_CHUNK_CHARS = 1 << 16
_BLANK = "\ufeff \t\r\n"
_FOUND_CHARS = 30  # of the text in a message
_CUT_CHARS = 20  # a fault so close to the end of the buffer may be a value that continues


def is_json(head: str) -> bool:
    """Return whether a text begins like objects of JSON, whatever its name.

    Args:
        head: The beginning of the text.
    """
    return _OBJECT.match(head) is not None


def is_document(head: str, suffix: str) -> bool:
    """Return whether a text is JSON documents of any length, not a document on each line.

    Args:
        head: The beginning of the text.
        suffix: The suffix of its name.
    """
    text = head.lstrip(_BLANK)
    line, end, other_lines = text.partition("\n")
    if line.strip() == "{" and other_lines.lstrip().startswith('"'):  # an object on several lines
        return True
    if text.startswith("["):
        return suffix == ".json" or text[1:].lstrip(_BLANK).startswith("{")
    if suffix != ".json":
        return False
    if not end or not other_lines.strip():
        return True
    try:
        return not isinstance(json.loads(line), dict)
    except ValueError:
        return True


def document_rows(stream: TextIO, name: str, on_note: json_pages.OnNote) -> Iterator[Any]:
    """Yield the rows of JSON documents, one after another.

    An array is read row by row, any other document at once.

    Args:
        stream: The documents, from the beginning.
        name: The table's name, for messages.
        on_note: Called with a note that names the lists that are not read.

    Raises:
        DataError: The text is no JSON, or a film's record or a page is far too large.
    """
    text = _JsonText(stream, name)
    while first := text.next_char(_BLANK):
        if first != "[":
            value = text.value(MAX_RECORD_VALUES)
            yield from json_pages.document_rows(value, name, on_note)
            continue
        text.skip_char()
        while text.next_char(_BLANK + ",") != "]":
            yield from json_pages.item_rows(text.value(2 * MAX_RECORD_VALUES))
        text.skip_char()


class _JsonText:
    """The values of a text; of the text, only the value that is read is in memory.

    Args:
        stream: The text.
        name: Its name, for messages.
    """

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._decoder = json.JSONDecoder(object_pairs_hook=json_object)
        self._buffer, self._position, self._is_at_end = "", 0, False
        self._line, self._column = 1, 1  # of the buffer's first character

    def next_char(self, skipped: str) -> str:
        """Return the next character that is not skipped; empty at the end."""
        while True:
            while self._position < len(self._buffer) and self._buffer[self._position] in skipped:
                self._position += 1
            if self._position < len(self._buffer) or self._is_at_end:
                return self._buffer[self._position : self._position + 1]
            self._read()

    def skip_char(self) -> None:
        """Skip the next character."""
        self._position += 1

    def value(self, max_values: int) -> Any:  # noqa: ANN401 - any JSON value
        """Read the next value.

        Args:
            max_values: The maximum number of values within it, estimated by ``num_values``.

        Raises:
            DataError: There is no value, or it is too large.
        """
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._position)
                # a number may continue in the next chunk
                if end < len(self._buffer) or self._is_at_end:
                    self._position = end
                    return value
            except RecursionError:
                raise DataError(f"{self._name} has JSON within JSON too many times") from None
            except json.JSONDecodeError as error:
                may_continue = error.msg.startswith("Unterminated")
                may_continue |= error.pos > len(self._buffer) - _CUT_CHARS
                if self._is_at_end or not may_continue:
                    raise self._error(error) from None
            except ValueError as error:  # a number of thousands of digits
                raise DataError(f"{self._name} is no JSON: {shortened(str(error))}") from None
            self._read(max_values)

    def _read(self, max_values: int | None = None) -> None:
        """Read the next part of the text."""
        skipped = self._buffer[: self._position]
        self._line, self._column = self._place(self._position)
        self._buffer = self._buffer[len(skipped) :]
        self._position = 0
        if len(self._buffer) > MAX_RECORD_BYTES:
            raise DataError(
                f"{self._name} has a record of more than {MAX_RECORD_BYTES:,} characters, or is no "
                "JSON"
            )
        chunk = self._stream.read(max(_CHUNK_CHARS, len(self._buffer)))
        if not is_utf8(chunk):
            raise DataError(f"{self._name} is not UTF-8; save it as UTF-8")
        self._is_at_end = not chunk
        self._buffer += chunk
        is_long = max_values is not None and len(self._buffer) > max_values // 2
        if max_values is not None and is_long and num_values(self._buffer) > max_values:
            raise DataError(f"{self._name} has a record of more than {MAX_RECORD_VALUES:,} values")

    def _place(self, position: int) -> tuple[int, int]:
        """Return the line and the column of a position in the buffer, counted from 1."""
        before = self._buffer[:position]
        num_lines = before.count("\n")
        start = len(before) - before.rfind("\n") if num_lines else self._column + len(before)
        return self._line + num_lines, start

    def _error(self, error: json.JSONDecodeError) -> DataError:
        line, column = self._place(error.pos)
        found = self._buffer[error.pos : error.pos + _FOUND_CHARS].partition("\n")[0]
        place = f"line {line}, column {column}"
        if not found.strip():
            return DataError(f"{self._name} is no JSON, {place}: {error.msg}; is it whole?")
        return DataError(
            f"{self._name} is no JSON, {place}: {error.msg}, found {found!r}; correct it there"
        )
