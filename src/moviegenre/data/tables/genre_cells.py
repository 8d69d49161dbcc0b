"""Read genres from cells: lists, mappings, numbers, or names joined by a separator."""

import html
import reprlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from moviegenre.core.errors import DataError, shortened
from moviegenre.core.genre_names import TMDB_GENRES, folded, is_standard
from moviegenre.data.limits import MAX_GENRES, MAX_NAME_CHARS
from moviegenre.data.placeholders import is_genre_placeholder
from moviegenre.data.records import whole_text
from moviegenre.data.tables.literals import parse_literal

SEPARATORS = ("|", ";", " / ", ",", "·", "•", "\n", "\t")
"""Separators of genre names; the one in most cells is used."""

_FURTHER_SEPARATORS = (*SEPARATORS, "/")  # a name may also contain /, such as Action/Adventure
_NAME_KEYS = ("name", "genre", "label", "title", "description")
_MAX_DISTINCT = 200_000  # distinct cells in memory while a column is read
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_OPENING = ("[", "{", "(", "array(", "set(", "frozenset(")
_YES = {"1", "1.0", "true", "yes", "y", "x"}
_NO = {"", "0", "0.0", "false", "no", "n", "nan", "none", "null"}
_MIN_FLAG_COLUMNS = 3  # fewer columns named after genres are not taken for flags


class GenreColumn:
    """Reads the genres of one column; their format is detected from all cells.

    Args:
        name: The column's name, for messages.
        separator: The separator of names; None detects it.

    Attributes:
        notes: Notes on the format, as parts of sentences.
    """

    def __init__(self, name: str, separator: str | None = None) -> None:
        self._name = name
        self._has_fixed_separator = separator is not None
        self._separator = separator or SEPARATORS[0]
        self._known_names: set[str] = set()
        self._uses_ids = False
        self.notes: list[str] = []

    def learn(self, cells: Iterable[object]) -> None:
        """Detect the format from all cells of the column.

        Raises:
            DataError: The cells have numbers that are not ids of TMDb's genres.
        """
        texts: Counter[str] = Counter()
        names: set[str] = set()
        for cell in cells:
            try:
                cell_names = parse_names(cell)
            except ValueError:
                continue
            if cell_names is not None:
                names.update(map(clean_name, cell_names))
            elif isinstance(cell, str) and (cell in texts or len(texts) < _MAX_DISTINCT):
                texts[_unescaped(cell)] += 1
        if not self._has_fixed_separator:
            counts = {mark: _num_cells_with(texts, mark) for mark in SEPARATORS}
            self._separator = max(SEPARATORS, key=lambda mark: counts[mark])
        names.update(piece for text in texts for piece in self._pieces(text))
        self._known_names = {folded(name) for name in names if not _is_several(name)}
        self._learn_ids([name for name in names if name and not is_genre_placeholder(name)])
        if not self._has_fixed_separator:
            self._note_mixture(texts)

    def names(self, cell: object) -> tuple[tuple[str, ...], str]:
        """Return the genres of a cell, or none and the cell's placeholder, if it has one.

        Raises:
            ValueError: The cell has no genres, but another value.
        """
        names = parse_names(cell)
        if names is None:
            names = self._split(_unescaped(str(cell)))
        elif isinstance(cell, int | float) and names and not self._uses_ids:
            raise ValueError(f"found {reprlib.repr(cell)}, expected a text or a list of texts")
        if self._uses_ids:
            names = [TMDB_GENRES.get(int(name), "") if _is_number(name) else name for name in names]
        cleaned = [clean_name(name) for name in names]
        genres = tuple(name for name in cleaned if name and not is_genre_placeholder(name))
        placeholder = next((name for name in cleaned if name), "")
        return genres, "" if genres else placeholder

    def _pieces(self, text: str) -> list[str]:
        return [clean_name(piece) for piece in text.split(self._separator)]

    def _split(self, text: str) -> list[str]:
        if self._has_fixed_separator:
            return self._pieces(text)
        return [name for piece in self._pieces(text) for name in self._parts(piece, text)]

    def _parts(self, piece: str, text: str) -> list[str]:
        """Split a piece at another separator, if all parts are genres of other cells.

        If the piece is the complete cell, standard names of genres count too.
        """
        if is_genre_placeholder(piece):  # N/A has a slash
            return [piece]
        is_complete_cell = piece == clean_name(text)
        for mark in _FURTHER_SEPARATORS:
            if mark not in piece:
                continue
            parts = [part.strip() for part in piece.split(mark) if part.strip()]
            if parts and all(
                folded(part) in self._known_names or (is_complete_cell and is_standard(part))
                for part in parts
            ):
                return parts
        return [piece]

    def _note_mixture(self, texts: Mapping[str, int]) -> None:
        mixed = {
            text: number
            for text, number in texts.items()
            if self._pieces(text) != self._split(text)
        }
        if mixed:
            example = next(iter(mixed))
            self.notes.append(
                f"{sum(mixed.values()):,} cells of column {self._name!r} join genres in another "
                f"way than {self._separator!r} (for example {shortened(example, 60)!r}); both are "
                "read"
            )

    def _learn_ids(self, names: Sequence[str]) -> None:
        """Detect whether the names are ids of TMDb's genres; refuse other numbers."""
        if not names or not all(_is_number(name) for name in names):
            return
        unknown = sorted((name for name in names if int(name) not in TMDB_GENRES), key=int)
        if unknown:
            raise DataError(
                f"column {self._name!r} holds numbers, of which {_listing(unknown)} are no ids of "
                "TMDb's genres; expected names of genres, or TMDb's ids (18 is Drama)"
            )
        self._uses_ids = True
        ids = ", ".join(f"{name} is {TMDB_GENRES[int(name)]}" for name in sorted(names, key=int))
        self.notes.append(f"column {self._name!r} holds TMDb's ids: {shortened(ids)}")


def clean_name(name: str) -> str:
    """Return a name of a genre with single spaces, composed letters and no invisible characters.

    Example:
        >>> clean_name("Come\u0301die\u200b  noire") == "Com\u00e9die noire"
        True
    """
    visible = name.translate(_INVISIBLE)
    return " ".join(unicodedata.normalize("NFC", whole_text(visible)).split())


def _unescaped(text: str) -> str:
    """Return a cell without HTML entities, because their semicolons look like separators."""
    return html.unescape(text) if "&" in text and ";" in text else text


def parse_names(cell: object) -> list[str] | None:
    """Return the names of a list, a mapping or a number; None for a text of joined names.

    Raises:
        ValueError: The cell has another value.

    Example:
        >>> parse_names('[{"id": 18, "name": "Drama"}]'), parse_names("Drama|War")
        (['Drama'], None)
    """
    if isinstance(cell, str):
        text = cell.strip()
        if not text.startswith(_OPENING):
            return None
        try:
            cell = parse_literal(text)
        except ValueError:
            if text[0] == "(":  # (no genres listed)
                return None
            if text[0] == "[" and text[-1] == "]" and not any(mark in text for mark in "{}'\""):
                return [part.strip() for part in text[1:-1].split(",")]  # [Drama, War]
            raise ValueError(
                f"found {shortened(text, 80)!r}, expected genres; is a bracket or a quotation mark "
                "missing?"
            ) from None
        if not isinstance(cell, list | dict):
            return None
    if isinstance(cell, bytes):
        return parse_names(cell.decode("utf-8", "replace")) or [cell.decode("utf-8", "replace")]
    return [whole_text(name) for name in _names(cell, 0)]


def _names(value: Any, depth: int) -> list[str]:  # noqa: ANN401 - any value
    if value is None or value != value:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, bytes):
        return [value.decode("utf-8", "replace")]
    if isinstance(value, int) and not isinstance(value, bool):
        return [str(value)]
    if isinstance(value, float):
        return [str(int(value)) if value.is_integer() else str(value)]
    if isinstance(value, Mapping) and depth < 4:
        return _mapped(value, depth)
    if isinstance(value, list | tuple) and depth < 4:
        if len(value) > 100 * MAX_GENRES:
            raise ValueError(f"found {len(value):,} genres")
        if isinstance(value, list) and value and all(map(_is_pair, value)):
            return _mapped(dict(value), depth)  # Parquet's maps are lists of pairs
        return [name for item in value for name in _names(item, depth + 1)]
    raise ValueError(f"found {reprlib.repr(value)}, expected a text or a list of texts")


def _mapped(value: Mapping[Any, Any], depth: int) -> list[str]:
    """Return the genres of a mapping: under a usual key, in its values, or in keys with flags."""
    by_key = {str(key).lower(): item for key, item in value.items()}
    for key in _NAME_KEYS:
        if isinstance(by_key.get(key), str):
            return [by_key[key]]
    if value and all(isinstance(item, str) for item in value.values()):
        return list(value.values())
    if value and all(isinstance(item, bool) or item in (0, 1) for item in value.values()):
        return [str(key) for key, item in value.items() if item]
    for key in ("genres", "id"):
        if by_key.get(key) is not None:
            return _names(by_key[key], depth + 1)
    if all(item is None for item in value.values()):
        return []
    if len(value) == 1 and isinstance(only := next(iter(value.values())), list):
        return _names(only, depth + 1)
    raise ValueError(f"found {reprlib.repr(dict(value))}, expected names of genres")


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)


def flag_columns(patterns: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Return the columns of single genres, with the genres' names.

    Args:
        patterns: Names of columns, with ``*`` for the genre, as in ``is_*``.
        columns: The table's columns.

    Raises:
        DataError: No column matches a pattern.

    Example:
        >>> flag_columns(["is_*"], ["id", "is_Drama", "is_War"])
        {'is_Drama': 'Drama', 'is_War': 'War'}
    """
    genres: dict[str, str] = {}
    for pattern in patterns:
        prefix, star, suffix = pattern.partition("*")
        matching = [name for name in columns if fnmatchcase(name, pattern)]
        if not matching:
            matching = [name for name in columns if fnmatchcase(name.lower(), pattern.lower())]
        if not matching:
            raise DataError(f"no column fits {pattern!r} (known: {_listing(columns)})")
        for name in matching:
            genre = name[len(prefix) : len(name) - len(suffix)] if star else name
            genres[name] = genre.strip() or name
    return genres


def flagged(values: Mapping[str, object], flags: Mapping[str, str]) -> list[str]:
    """Return the genres whose columns have a yes.

    Args:
        values: A row.
        flags: The result of ``flag_columns``.

    Raises:
        ValueError: A cell is neither yes nor no.
    """
    names = []
    for column, genre in flags.items():
        value = values.get(column)
        text = "" if value is None else str(value).strip().lower()
        if text not in _YES and text not in _NO:
            raise ValueError(
                f"column {column} says {reprlib.repr(value)}, expected 1 or 0 for one genre"
            )
        if text in _YES:
            names.append(genre)
    return names


def flags_hint(columns: Sequence[str]) -> str:
    """Return advice if several columns have names of genres; empty otherwise."""
    names = [name for name in columns if is_standard(name)]
    pattern = ",".join(names)
    if len(names) < _MIN_FLAG_COLUMNS:
        parts = (name.rpartition("_") for name in columns)
        prefixes = Counter(
            f"{prefix}_" for prefix, sign, genre in parts if sign and is_standard(genre)
        )
        prefix, number = prefixes.most_common(1)[0] if prefixes else ("", 0)
        if number < _MIN_FLAG_COLUMNS:
            return ""
        names = [name for name in columns if name.startswith(prefix)]
        pattern = f"{prefix}*"
    return (
        f"{_listing(names)} look like one column for each genre: name them with `genres_columns` "
        f"'{pattern}'"
    )


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 10


def _is_several(name: str) -> bool:
    return any(mark in name for mark in _FURTHER_SEPARATORS) or len(name) > MAX_NAME_CHARS


def _num_cells_with(texts: Mapping[str, int], mark: str) -> int:
    return sum(number for text, number in texts.items() if mark in text)


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown}, ..." if len(names) > 5 else shown
