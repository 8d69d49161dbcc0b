"""MM-IMDb as conversations: columns ``messages`` and ``images``, as the Hugging Face Hub has it.

The user's message holds the poster and the plot within a fixed instruction, the assistant's the
genres; see docs/mmimdb.md.
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
_LONGEST_QUOTE = 60
_MAX_FILES = 10_000
_DEEPEST = 2  # folders below the one that is named: data/ and a configuration


def message_files(path: Path) -> list[SplitFile]:
    """Return the Parquet and Arrow files, at or below a path, that hold conversations.

    Args:
        path: A file, or a folder that was downloaded or saved with ``datasets``.

    Raises:
        DataError: One of them is damaged.
    """
    files = [path] if path.is_file() else _tables_below(path)
    return [(f, _split_of(f, path)) for f in files if _COLUMNS.issubset(_column_names(f))]


def _tables_below(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        if len(Path(place).relative_to(folder).parts) >= _DEEPEST:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place, n) for n in sorted(names) if n.lower().endswith(_SUFFIXES)]
        if len(found) > _MAX_FILES:
            raise DataError(
                f"{folder} holds more than {_MAX_FILES:,} tables; expected one data set"
            )
    return found


def _column_names(path: Path) -> list[str]:
    if path.suffix.lower() == ".arrow":
        return arrow_columns(path)
    with ParquetTable(path) as table:
        return table.columns


def _split_of(file: Path, folder: Path) -> Split | None:
    """Return the split that a file's name, or that of a folder above it, names."""
    names = (file.stem, *file.relative_to(folder).parts[:-1]) if file != folder else (file.stem,)
    words = (word for name in names for word in _WORD_OF_NAME.findall(name.lower()))
    return next((SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS), None)


class MessageTables(SplitFiles):
    """Tables of conversations.

    What all user messages begin and end with is the instruction; the rest is the plot.

    Args:
        files: See ``message_files``.
    """

    def __init__(self, files: Sequence[SplitFile]) -> None:
        super().__init__(files)
        self._before, self._after = self._instruction()
        only = "" if self.has_split else f", without {self.lacks}"
        self.form = (
            f"conversations of messages and images, as found on the Hub{only}; the copy of 15,552 "
            "films has MM-IMDb's training films alone, so results on it compare with nobody's"
        )

    def _instruction(self) -> tuple[str, str]:
        """Return the texts that every user message begins and ends with."""
        before: str | None = None
        after = ""
        for path, _ in self._files:
            for values, fault in _rows(path, ("messages",)):
                text = "" if fault else _content_of(values.get("messages"), "user")
                if not text:
                    continue
                if before is None:
                    before = after = text
                before = _common_beginning(before, text)
                after = _common_beginning(after[::-1], text[::-1])[::-1]
        if before is None or before == after:  # one message: nothing to tell from its plot
            return "", ""
        return _cut_beginning(before), _cut_end(after)

    def _movies(self, path: Path, split: Split | None) -> Iterator[RawMovie]:
        columns = ("messages", "images", *ID_KEYS)
        for number, (values, fault) in enumerate(_rows(path, columns), start=1):
            movie = next((t for k in ID_KEYS if (t := cell_text(values.get(k)).strip())), "")
            place = movie or f"{path.name}, row {number}"
            try:
                if fault:
                    raise ValueError(fault)
                content, name = _image(values.get("images"))
                plot = self._plot(_content_of(values.get("messages"), "user"))
                yield RawMovie(
                    id=movie or PurePosixPath(name or "").stem or place,
                    genres=answered_genres(_content_of(values.get("messages"), "assistant")),
                    plots=(plot,) if plot else (),
                    poster=content,
                    poster_name=name,
                    split=split if self.has_split else None,
                )
            except ValueError as error:
                yield RawMovie(place, split=split, fault=str(error))

    def _plot(self, text: str) -> str:
        return text.removeprefix(self._before).removesuffix(self._after).strip()


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[dict[str, Any], str]]:
    if path.suffix.lower() == ".arrow":
        yield from arrow_rows(path, columns)
        return
    with ParquetTable(path) as table:
        yield from table.rows(columns)


def _content_of(messages: object, role: str) -> str:
    """Return the texts of one role, without the marks that stand for images."""
    if isinstance(messages, str):
        messages = json.loads(messages)
    if not isinstance(messages, list) or not all(isinstance(m, Mapping) for m in messages):
        raise ValueError("messages are no list of objects with role and content")
    parts = [_content(m.get("content")) for m in messages if m.get("role") == role]
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
    """Return the genres that an assistant's message names.

    Args:
        text: A JSON list, or names between commas, with or without words before a colon.

    Raises:
        ValueError: It holds something else.

    Example:
        >>> answered_genres("Genres: Drama, Sci-Fi and War."), answered_genres('["Drama"]')
        (('Drama', 'Sci-Fi', 'War'), ('Drama',))
    """
    listed = text[text.find("[") + 1 : text.rfind("]")] if "[" in text and "]" in text else text
    names = [name.strip(" .\"'`*-\t") for name in _SEPARATORS.split(listed.rpartition(":")[2])]
    if any(len(name) > _MAX_GENRE_CHARS for name in names):
        raise ValueError(f"the answer {shortened(text, _LONGEST_QUOTE)!r} is no list of genres")
    return tuple(name for name in names if name)


def _common_beginning(one: str, other: str) -> str:
    if other.startswith(one):
        return one
    differs = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return one[: next(differs, min(len(one), len(other)))]


def _cut_beginning(text: str) -> str:
    """Return a common beginning up to its last line end, colon or quote: plots share letters."""
    return text[: max(text.rfind(mark) + 1 for mark in ("\n", ":", '"'))]


def _cut_end(text: str) -> str:
    """Return a common end from its first line end or quote on."""
    starts = [place for mark in ("\n", '"') if (place := text.find(mark)) >= 0]
    return text[min(starts) :] if starts else ""
