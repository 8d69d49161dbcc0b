"""MM-IMDb as conversations: columns ``messages`` and ``images``, from the Hugging Face Hub.

The user's message has the poster and the plot within a fixed instruction, the assistant's message
the genres; see docs/mmimdb.md.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from moviegenre.core.errors import DataError, shortened
from moviegenre.core.types import Split
from moviegenre.data.records import RawMovie, whole_text
from moviegenre.data.sources.arrow import arrow_columns, arrow_rows
from moviegenre.data.sources.split_files import SPLIT_WORDS, SplitFile, SplitFiles
from moviegenre.data.tables.cells import cell_text
from moviegenre.data.tables.parquet import ParquetTable

ID_KEYS = ("id", "image_id", "imdb_id", "movie_id")

_COLUMNS = {"messages", "images"}
_SUFFIXES = (".parquet", ".arrow")
_MARK = re.compile(r"<\|?image(_pad|_\d+)?\|?>")
_WORD_OF_NAME = re.compile(r"[a-z]+")
_SEPARATORS = re.compile(r"[,;|\n]+|\s+and\s+")
_MAX_GENRE_CHARS = 30  # "Science Fiction" has 15; a longer name is a sentence
_MAX_QUOTE_CHARS = 60
_MAX_FILES = 10_000
_MAX_DEPTH = 2  # folders below the given one: data/ and a configuration


def message_files(path: Path) -> list[SplitFile]:
    """Return the Parquet and Arrow files with conversations, at or below a path.

    Args:
        path: A file, or a folder that was downloaded or saved with ``datasets``.

    Raises:
        DataError: A file is damaged.
    """
    files = [path] if path.is_file() else _tables_below(path)
    files = [file for file in files if _COLUMNS.issubset(_column_names(file))]
    return [(file, _split_of(file, path)) for file in files]


def _tables_below(folder: Path) -> list[Path]:
    tables: list[Path] = []
    for parent, folders, names in os.walk(folder):
        if len(Path(parent).relative_to(folder).parts) >= _MAX_DEPTH:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        tables += [Path(parent, name) for name in sorted(names) if name.lower().endswith(_SUFFIXES)]
        if len(tables) > _MAX_FILES:
            raise DataError(
                f"{folder} holds more than {_MAX_FILES:,} tables; expected one data set"
            )
    return tables


def _column_names(path: Path) -> list[str]:
    if path.suffix.lower() == ".arrow":
        return arrow_columns(path)
    with ParquetTable(path) as table:
        return table.columns


def _split_of(file: Path, folder: Path) -> Split | None:
    """Return the split in the name of a file or of a folder above it; None for no split."""
    names = (file.stem, *file.relative_to(folder).parts[:-1]) if file != folder else (file.stem,)
    words = (word for name in names for word in _WORD_OF_NAME.findall(name.lower()))
    return next((SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS), None)


class MessageTables(SplitFiles):
    """Tables of conversations.

    The common beginning and end of all user messages are the instruction; the rest is the plot.

    Args:
        files: See ``message_files``.
    """

    def __init__(self, files: Sequence[SplitFile]) -> None:
        super().__init__(files)
        self._prefix, self._suffix = self._instruction()
        lacks = "" if self.has_split else f", without {self.lacks}"
        self.form = (
            f"conversations of messages and images, as found on the Hub{lacks}; the copy of 15,552 "
            "films has MM-IMDb's training films alone, so results on it compare with nobody's"
        )

    def _instruction(self) -> tuple[str, str]:
        """Return the texts that every user message begins and ends with."""
        prefix: str | None = None
        suffix = ""
        for path, _ in self._files:
            for values, fault in _rows(path, ("messages",)):
                text = "" if fault else _content_of(values.get("messages"), "user")
                if not text:
                    continue
                if prefix is None:
                    prefix = suffix = text
                prefix = _common_beginning(prefix, text)
                suffix = _common_beginning(suffix[::-1], text[::-1])[::-1]
        if prefix is None or prefix == suffix:  # one message: its instruction is unknown
            return "", ""
        return _cut_beginning(prefix), _cut_end(suffix)

    def _movies(self, path: Path, split: Split | None) -> Iterator[RawMovie]:
        columns = ("messages", "images", *ID_KEYS)
        for number, (values, fault) in enumerate(_rows(path, columns), start=1):
            ids = (cell_text(values.get(key)).strip() for key in ID_KEYS)
            movie = next(filter(None, ids), "")
            row_name = movie or f"{path.name}, row {number}"
            try:
                if fault:
                    raise ValueError(fault)
                content, name = _image(values.get("images"))
                plot = self._plot(_content_of(values.get("messages"), "user"))
                yield RawMovie(
                    id=movie or PurePosixPath(name or "").stem or row_name,
                    genres=answered_genres(_content_of(values.get("messages"), "assistant")),
                    plots=(plot,) if plot else (),
                    poster=content,
                    poster_name=name,
                    split=split if self.has_split else None,
                )
            except ValueError as error:
                yield RawMovie(row_name, split=split, fault=str(error))

    def _plot(self, text: str) -> str:
        return text.removeprefix(self._prefix).removesuffix(self._suffix).strip()


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[dict[str, Any], str]]:
    if path.suffix.lower() == ".arrow":
        yield from arrow_rows(path, columns)
        return
    with ParquetTable(path) as table:
        yield from table.rows(columns)


def _content_of(messages: object, role: str) -> str:
    """Return the texts of one role, without the placeholders of images."""
    if isinstance(messages, str):
        messages = json.loads(messages)
    if not isinstance(messages, list) or not all(isinstance(item, Mapping) for item in messages):
        raise ValueError("messages are no list of objects with role and content")
    parts = [_content(item.get("content")) for item in messages if item.get("role") == role]
    return whole_text(_MARK.sub("", "\n".join(parts))).strip()


def _content(content: object) -> str:
    if isinstance(content, str):
        return content
    items = content if isinstance(content, list) else []
    texts = (item.get("text") for item in items if isinstance(item, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))


def _image(images: object) -> tuple[bytes | None, str | None]:
    """Return the bytes and the name of the first image."""
    first = images[0] if isinstance(images, list) and images else images
    if isinstance(first, Mapping):
        content, name = first.get("bytes"), cell_text(first.get("path")).strip()
        return content if isinstance(content, bytes) else None, name or None
    return (first or None, None) if isinstance(first, bytes) else (None, None)


def answered_genres(text: str) -> tuple[str, ...]:
    """Return the genres in an assistant's message.

    Args:
        text: A JSON list, or names between commas, with or without words before a colon.

    Raises:
        ValueError: The text is no list of genres.

    Example:
        >>> answered_genres("Genres: Drama, Sci-Fi and War."), answered_genres('["Drama"]')
        (('Drama', 'Sci-Fi', 'War'), ('Drama',))
    """
    listed = text[text.find("[") + 1 : text.rfind("]")] if "[" in text and "]" in text else text
    names = [name.strip(" .\"'`*-\t") for name in _SEPARATORS.split(listed.rpartition(":")[2])]
    if any(len(name) > _MAX_GENRE_CHARS for name in names):
        raise ValueError(f"the answer {shortened(text, _MAX_QUOTE_CHARS)!r} is no list of genres")
    return tuple(name for name in names if name)


def _common_beginning(text: str, other: str) -> str:
    if other.startswith(text):
        return text
    pairs = enumerate(zip(text, other, strict=False))
    differences = (position for position, (first, second) in pairs if first != second)
    return text[: next(differences, min(len(text), len(other)))]


def _cut_beginning(text: str) -> str:
    """Return a common beginning up to its last line end, colon or quote: the rest is of plots."""
    return text[: max(text.rfind(mark) + 1 for mark in ("\n", ":", '"'))]


def _cut_end(text: str) -> str:
    """Return a common end from its first line end or quote on."""
    starts = [position for mark in ("\n", '"') if (position := text.find(mark)) >= 0]
    return text[min(starts) :] if starts else ""
