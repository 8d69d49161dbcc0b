"""The lines of a text file, with a limit on their length."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from moviegenre.core.reading import open_regular
from moviegenre.data.limits import MAX_RECORD_BYTES

_SKIPPED_CHARS = 1 << 20  # characters of a too long line that are read at a time
_NO_UTF8 = re.compile("[\udc80-\udcff]")  # Python's surrogates for bytes that are not UTF-8


@dataclass(frozen=True)
class Line:
    """A line of a text file.

    Attributes:
        text: The line with its line end; empty if it is too long.
        fault: Why it cannot be read; empty if it can.
        is_too_long: Whether it cannot be read because it is too long.
    """

    text: str
    fault: str = ""
    is_too_long: bool = False


def bounded_lines(stream: TextIO, max_chars: int = MAX_RECORD_BYTES) -> Iterator[Line]:
    """Yield every line; the text of a too long line is skipped and never held in memory.

    Args:
        stream: Text opened with ``errors="surrogateescape"``, so that bytes that are not UTF-8
            affect only their own line.
        max_chars: The maximum length of a line.
    """
    while text := stream.readline(max_chars + 1):
        if len(text) > max_chars and not text.endswith("\n"):
            while (skipped := stream.readline(_SKIPPED_CHARS)) and not skipped.endswith("\n"):
                pass
            yield Line("", f"more than {max_chars:,} characters long", is_too_long=True)
        elif not is_utf8(text):
            yield Line(text, "not UTF-8; save it as UTF-8")
        else:
            yield Line(text)


def file_lines(path: Path, newline: str | None = None) -> Iterator[Line]:
    """Yield the lines of a file in UTF-8, see ``bounded_lines``.

    Args:
        path: The file; a byte order mark is left out.
        newline: The argument ``newline`` of ``open``.

    Raises:
        DataError: The file is not regular, or cannot be opened.
    """
    with (
        open_regular(path) as stream,
        io.TextIOWrapper(
            stream, encoding="utf-8-sig", errors="surrogateescape", newline=newline
        ) as text,
    ):
        yield from bounded_lines(text)


def is_utf8(text: str) -> bool:
    """Return whether all bytes of a text were UTF-8."""
    return text.isascii() or _NO_UTF8.search(text) is None
