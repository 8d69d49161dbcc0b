"""The lines of a text file, none of them longer than a bound."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from moviegenre.core.reading import open_regular
from moviegenre.data.limits import MAX_RECORD_BYTES

_SKIPPED_CHARS = 1 << 20  # of a line that is too long, read at a time
_NO_UTF8 = re.compile("[\udc80-\udcff]")  # how Python reads such bytes as text


@dataclass(frozen=True)
class Line:
    """A line of a text file.

    Attributes:
        text: With the mark that ends it; empty where it is too long.
        fault: Why it cannot be read; empty where it can.
        is_too_long: Whether that is why.
    """

    text: str
    fault: str = ""
    is_too_long: bool = False


def bounded_lines(stream: TextIO, max_chars: int = MAX_RECORD_BYTES) -> Iterator[Line]:
    """Yield every line; one that is too long is skipped and never held in memory.

    Args:
        stream: Text opened with ``errors="surrogateescape"``, so that bytes that are no UTF-8
            spoil their own line only.
        max_chars: The longest line that is read.
    """
    while text := stream.readline(max_chars + 1):
        if len(text) > max_chars and not text.endswith("\n"):
            while (rest := stream.readline(_SKIPPED_CHARS)) and not rest.endswith("\n"):
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
        newline: What ends a line, as ``open`` has it.

    Raises:
        DataError: It is no regular file, or cannot be opened.
    """
    with (
        open_regular(path) as stream,
        io.TextIOWrapper(
            stream, encoding="utf-8-sig", errors="surrogateescape", newline=newline
        ) as text,
    ):
        yield from bounded_lines(text)


def is_utf8(text: str) -> bool:
    """Return whether a text was read without bytes that are no UTF-8."""
    return text.isascii() or _NO_UTF8.search(text) is None
