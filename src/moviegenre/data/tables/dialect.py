"""How the text of a table is written: its encoding, and what stands between its cells."""

import codecs
import csv
import io
import re
from typing import BinaryIO, TextIO

from moviegenre.core.errors import ConfigError

UTF8 = "utf-8-sig"
CP1252 = "cp1252"

SEPARATOR_NAMES = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "pipes",
    "^": "carets",
    "~": "tildes",
}
"""What stands between cells, and what it is called."""

_NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "}
_CHECKED_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 20
_SAMPLE_CHARS = 1 << 16
_WELL_FORMED = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(rb"[\x80-\xff]")
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_LETTERS = re.compile(rb"[A-Za-z]")
_FOREIGN_SHARE = 0.25  # of letters beyond ASCII, from which a text is in no Western encoding
_BOMS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NUL_SHARE = 0.3  # of the bytes at even or odd places, from which a text is UTF-16
_SEP_LINE = re.compile(r'^"?sep=(.)"?\r?\n', re.IGNORECASE)
_COMPARED_ROWS = 20


def parse_encoding(name: str) -> str:
    """Return an encoding that somebody named.

    Raises:
        ConfigError: There is no such encoding.
    """
    try:
        encoding = codecs.lookup(name).name
        "a".encode(encoding)
    except (LookupError, TypeError, ValueError):
        raise ConfigError(
            f"`encoding` is {name!r}; expected a name such as utf-8, utf-16, cp1252 or latin-1"
        ) from None
    return UTF8 if encoding == "utf-8" else encoding


def parse_separator(name: str) -> str:
    """Return a separator that somebody named: one character, or tab, comma, semicolon, pipe.

    Raises:
        ConfigError: It is more than one character, a quotation mark or the end of a line.
    """
    separator = _NAMED.get(name.lower(), name)
    if len(separator) != 1 or separator in '"\r\n':
        raise ConfigError(
            f"`separator` is {name!r}; expected one character, or tab, comma, semicolon or pipe"
        )
    return separator


def detect_encoding(stream: BinaryIO) -> str:
    """Return the encoding of a text: UTF-8 unless it says or shows another.

    Bytes that are no UTF-8 spoil their own lines only, where more of the text is UTF-8.

    Args:
        stream: The text from its beginning; up to 64 MB of it are read.
    """
    head = stream.read(_CHUNK_BYTES)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if half := _utf16(head[:4096]):
        return half
    valid = invalid = letters = 0
    is_cp1252 = True
    read = 0
    while head and read < _CHECKED_BYTES:
        read += len(head)
        if not head.isascii():
            rest, sequences = _WELL_FORMED.subn(b"", head)
            broken = len(_HIGH.findall(rest))
            valid += sequences
            invalid += broken
            if broken:
                is_cp1252 = is_cp1252 and _NOT_CP1252.search(rest) is None
        letters += len(_LETTERS.findall(head)) if invalid else 0
        head = stream.read(_CHUNK_BYTES)
    foreign = invalid > _FOREIGN_SHARE * (invalid + letters)
    return CP1252 if invalid > valid and is_cp1252 and not foreign else UTF8


def _utf16(head: bytes) -> str | None:
    """Return which UTF-16 a text without a mark is in; None where it is not."""
    pairs = len(head) // 2
    if pairs < 4:
        return None
    if head[1::2].count(0) > _NUL_SHARE * pairs and head[::2].count(0) == 0:
        return "utf-16-le"
    if head[::2].count(0) > _NUL_SHARE * pairs and head[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def detect_separator(sample: str, suffix: str) -> str:
    r"""Return what stands between the cells of a table.

    Args:
        sample: The beginning of its text.
        suffix: The ending of its name: ``.tsv`` and ``.tab`` have tabs.

    Example:
        >>> detect_separator("budget;overview\n1;A dog, a cat\n", ".csv")
        ';'
    """
    if suffix in (".tsv", ".tab"):
        return "\t"
    header = sample.lstrip("\r\n").partition("\n")[0]
    counts = {mark: len(cells) for mark in SEPARATOR_NAMES if (cells := _cells(header, mark))}
    most = max(counts.values(), default=1)
    best = [mark for mark, number in counts.items() if number == most]
    if most < 2 or len(best) == 1 or "," in best:
        return "," if most < 2 or "," in best else best[0]
    return max(best, key=lambda mark: _even_rows(sample, mark, most))


def uses_quotes(sample: str, separator: str) -> bool:
    """Return whether quotation marks hold cells together; IMDb's tables have loose ones."""
    if separator != "\t":
        return True
    return all(
        len(cell) > 1 and cell.endswith('"') and cell[1:-1].replace('""', "").count('"') == 0
        for line in sample.split("\n")[:-1]
        for cell in line.rstrip("\r").split("\t")
        if cell.startswith('"')
    )


def separator_line(sample: str) -> str | None:
    """Return the separator that Excel's line ``sep=;`` names; None where there is no such line."""
    match = _SEP_LINE.match(sample)
    return match[1] if match else None


def read_sample(stream: TextIO) -> str:
    """Return the beginning of a text."""
    return stream.read(_SAMPLE_CHARS)


def _cells(line: str, mark: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        return []


def _even_rows(sample: str, mark: str, width: int) -> int:
    """Return how many of the first rows have as many cells as the header."""
    number = 0
    try:
        for place, row in enumerate(csv.reader(io.StringIO(sample, newline=""), delimiter=mark)):
            number += len(row) == width
            if place == _COMPARED_ROWS:
                break
    except csv.Error:
        pass
    return number
