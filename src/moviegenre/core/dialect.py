"""The encoding and the separator of a text table."""

import codecs
import csv
import io
import re
from itertools import islice
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
"""Separators of cells, with their names."""

_SEPARATORS_BY_NAME = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "\\t": "\t",
    "pipe": "|",
    "space": " ",
}
_FORMATS = {".parquet": "Parquet", ".xlsx": "an Excel table"} | dict.fromkeys(
    (".json", ".jsonl", ".ndjson"), "JSON"
)
_CHECKED_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 20
_SAMPLE_CHARS = 1 << 16
_WELL_FORMED = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(rb"[\x80-\xff]")
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_LETTERS = re.compile(rb"[A-Za-z]")
_FOREIGN_SHARE = 0.25  # from this share of letters beyond ASCII on, no Western encoding fits
_BOMS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NUL_SHARE = 0.3  # from this share of zeros at even or odd offsets on, a text is UTF-16
_TAB_CELL = re.compile(r'("(?:[^"]|"")*")?([^\t\r\n]*)(\t|\r\n|\r|\n|\Z)')
_SEP_LINE = re.compile(r'^"?sep=(.)"?\r?\n', re.IGNORECASE)
_COMPARED_ROWS = 20


def parse_encoding(name: str) -> str:
    """Return the encoding with a name.

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
    """Return the separator with a name: one character, or tab, comma, semicolon, pipe.

    Raises:
        ConfigError: It is more than one character, a quotation mark or a line end.
    """
    separator = _SEPARATORS_BY_NAME.get(name.lower(), name)
    if len(separator) != 1 or separator in '"\r\n':
        raise ConfigError(
            f"`separator` is {name!r}; expected one character, or tab, comma, semicolon or pipe"
        )
    return separator


def refuse_unused(source: str, suffix: str, separator: str | None, encoding: str | None) -> None:
    """Refuse a separator or an encoding of a file whose format has none.

    Args:
        source: The file's name.
        suffix: Its suffix, in lower case.
        separator: The separator, if the user named it.
        encoding: The encoding, if the user named it.

    Raises:
        ConfigError: One of them has no effect.
    """
    if (format_name := _FORMATS.get(suffix)) is None:
        return
    unused = {"separator": separator, "encoding": None if format_name == "JSON" else encoding}
    if names := [f"`{name}`" for name, value in unused.items() if value]:
        verb = "have" if len(names) > 1 else "has"
        raise ConfigError(
            f"{' and '.join(names)} {verb} no effect: {source} is {format_name}; leave "
            f"{'both' if len(names) > 1 else 'it'} out"
        )


def detect_encoding(stream: BinaryIO) -> str:
    """Return the encoding of a text: UTF-8, unless its byte order mark or bytes show another.

    If most of the text is UTF-8, other bytes affect only their own lines.

    Args:
        stream: The text from its beginning; up to 64 MB of it are read.
    """
    head = stream.read(_CHUNK_BYTES)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if utf16 := _utf16(head[:4096]):
        return utf16
    num_valid = num_invalid = num_letters = num_read = 0
    is_cp1252 = True
    chunk = head
    while chunk and num_read < _CHECKED_BYTES:
        num_read += len(chunk)
        if not chunk.isascii():
            not_utf8, num_sequences = _WELL_FORMED.subn(b"", chunk)
            num_high = len(_HIGH.findall(not_utf8))
            num_valid += num_sequences
            num_invalid += num_high
            if num_high:
                is_cp1252 = is_cp1252 and _NOT_CP1252.search(not_utf8) is None
        num_letters += len(_LETTERS.findall(chunk)) if num_invalid else 0
        chunk = stream.read(_CHUNK_BYTES)
    is_foreign = num_invalid > _FOREIGN_SHARE * (num_invalid + num_letters)
    return CP1252 if num_invalid > num_valid and is_cp1252 and not is_foreign else UTF8


def _utf16(head: bytes) -> str | None:
    """Return the UTF-16 variant of a text without a mark; None for other encodings."""
    pairs = len(head) // 2
    if pairs < 4:
        return None
    if head[1::2].count(0) > _NUL_SHARE * pairs and head[::2].count(0) == 0:
        return "utf-16-le"
    if head[::2].count(0) > _NUL_SHARE * pairs and head[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def detect_separator(sample: str, suffix: str) -> str:
    r"""Return the separator of the cells of a table.

    Args:
        sample: The beginning of its text.
        suffix: The suffix of its name: ``.tsv`` and ``.tab`` have tabs.

    Example:
        >>> detect_separator("budget;overview\n1;A dog, a cat\n", ".csv")
        ';'
    """
    if suffix in (".tsv", ".tab"):
        return "\t"
    header = sample.lstrip("\r\n").partition("\n")[0]
    counts = {mark: len(cells) for mark in SEPARATOR_NAMES if (cells := _cells(header, mark))}
    width = max(counts.values(), default=1)
    best = [mark for mark, number in counts.items() if number == width]
    if width < 2 or "," in best:
        return ","
    return max(best, key=lambda mark: _num_rows_of_width(sample, mark, width))


def uses_quotes(sample: str, separator: str) -> bool:
    r"""Return whether quotation marks enclose cells; in IMDb's tables they are plain text.

    A cell may have several lines, unless its lines are whole rows: then two loose marks enclose it.

    Args:
        sample: The beginning of the table's text.
        separator: The separator of its cells.

    Example:
        >>> uses_quotes('id\tplot\n1\t"A ghost.\nA spy."\n', "\t"), uses_quotes('a\t"b" c\n', "\t")
        (True, False)
    """
    if separator != "\t":
        return True
    is_cut = len(sample) >= _SAMPLE_CHARS
    width = num_cells = 0
    has_lines = False
    for match in _TAB_CELL.finditer(sample):
        quoted, rest, end = match[1] or "", match[2], match[3]
        if rest.startswith('"'):  # not closed: right only if the sample ends within the cell
            unclosed = sample[match.start() :]
            return is_cut and not ("\t" in unclosed and "\n" in unclosed)
        if quoted and rest:
            return False
        num_cells += 1
        num_lines = quoted.count("\n")
        has_lines = has_lines or num_lines > 0
        if num_lines and 0 < quoted.count("\t") == num_lines * (width - 1):
            return False
        if end != "\t":
            is_last = match.end() == len(sample)
            if has_lines and width and num_cells != width and not (is_cut and is_last):
                return False
            width = width or num_cells
            num_cells, has_lines = 0, False
    return True


def surplus_cells(sample: str, separator: str, has_quotes: bool) -> int:
    r"""Return how many empty cells every row has more than the header; 0 if rows differ.

    Args:
        sample: The beginning of the table's text.
        separator: The separator of its cells.
        has_quotes: Whether quotation marks enclose cells.

    Example:
        >>> surplus_cells("id,plot\n1,A ghost,\n2,A spy,\n", ",", True)
        1
    """
    lines = io.StringIO(sample, newline="")
    rows = csv.reader(
        lines,
        delimiter=separator,
        quoting=csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE,
    )
    try:
        header, *others = islice(filter(None, rows), _COMPARED_ROWS)
    except (csv.Error, ValueError):
        return 0
    if lines.tell() >= _SAMPLE_CHARS:  # the last row may be cut off
        others = others[:-1]
    widths = {len(cells) for cells in others}
    if len(widths) != 1 or any(any(cells[len(header) :]) for cells in others):
        return 0
    return max(0, widths.pop() - len(header))


def separator_line(sample: str) -> str | None:
    """Return the separator in Excel's line ``sep=;``; None if there is no such line."""
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


def _num_rows_of_width(sample: str, mark: str, width: int) -> int:
    """Return how many of the first rows have as many cells as the header."""
    num_rows = 0
    try:
        for index, row in enumerate(csv.reader(io.StringIO(sample, newline=""), delimiter=mark)):
            num_rows += len(row) == width
            if index == _COMPARED_ROWS:
                break
    except csv.Error:
        pass
    return num_rows
