"""The names of genres in files: the model's, TMDb's, IMDb's, or the user's own."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from moviegenre.core import dialect
from moviegenre.core.errors import (
    ConfigError,
    DataError,
    DataNotFoundError,
    missing_path_message,
    shortened,
)
from moviegenre.core.genre_names import GENRE_SEPARATORS, genre_key
from moviegenre.core.reading import MissingFileError, read_bounded

_MAX_BYTES = 1 << 20
_JSON, _TABLES = ".json", (".csv", ".tsv", ".txt")
_TMDB = {"sci-fi": "Science Fiction", "film-noir": "", "musical": "Music"}
_IMDB = {"science fiction": "Sci-Fi", "film noir": "Film-Noir", "tv movie": ""}


@dataclass(frozen=True)
class GenreNames:
    """A mapping from the model's genres to the names that are written.

    Attributes:
        names: By the model's genre in any spelling; an empty name drops the genre. Genres that
            are not in it keep their names.
        source: The file it was read from; empty for none.

    Example:
        >>> GenreNames({"sci-fi": "Science Fiction", "film-noir": ""}).of(["Sci-Fi", "Film-Noir"])
        ('Science Fiction',)
    """

    names: Mapping[str, str]
    source: str = ""

    @cached_property
    def _by_key(self) -> dict[str, str]:
        return {genre_key(genre): name for genre, name in self.names.items()}

    def of(self, genres: Iterable[str]) -> tuple[str, ...]:
        """Return the names of some genres, in their order, each once."""
        names = (self._by_key.get(genre_key(genre), genre) for genre in genres)
        return tuple(dict.fromkeys(name for name in names if name))

    def genre_of(self, chosen: Iterable[str], ranked: Iterable[str]) -> dict[str, str]:
        """Return the genre that each written name shows: the first chosen or most probable one.

        Args:
            chosen: The chosen genres of a film, most probable first.
            ranked: All genres, most probable first.

        Example:
            >>> GenreNames({"Musical": "Music"}).genre_of(["Musical"], ["War", "Music", "Musical"])
            {'Music': 'Musical', 'War': 'War'}
        """
        genre_of: dict[str, str] = {}
        for genre in (*chosen, *ranked):
            for name in self.of([genre]):
                genre_of.setdefault(name, genre)
        return genre_of

    def check(self, genres: Iterable[str]) -> None:
        """Refuse a file that names genres the model does not have.

        Args:
            genres: The model's genres.

        Raises:
            ConfigError: The file names unknown genres; the message lists all.
        """
        if not self.source:
            return
        known = {genre_key(genre): genre for genre in genres}
        faults = []
        for name in self.names:
            if (key := genre_key(name)) not in known:
                similar = get_close_matches(key, known, n=1)
                hint = f' (did you mean "{known[similar[0]]}"?)' if similar else ""
                faults.append(f"{shortened(name, 40)!r}{hint}")
        if faults:
            kind = "genres" if len(faults) > 1 else "genre"
            listed = ", ".join(sorted(known.values()))
            raise ConfigError(f"{self.source}: unknown {kind} {', '.join(faults)}; known: {listed}")


OWN_NAMES = GenreNames({})
"""The model's own names, unchanged."""


def read_names(names: str | None) -> GenreNames:
    """Return the mapping that a word or a file names.

    Args:
        names: ``tmdb``, ``imdb``, a ``.json`` file with an object, or a ``.csv``, ``.tsv`` or
            ``.txt`` file with two columns, the model's genre and the name to write; None keeps the
            model's names. Encoding and separator are detected, as in tables.

    Raises:
        ConfigError: The text is none of these.
        DataError: The file is not a mapping of names.
        DataNotFoundError: There is no such file.
    """
    if names is None:
        return OWN_NAMES
    if names in ("tmdb", "imdb"):
        return GenreNames(_TMDB if names == "tmdb" else _IMDB)
    path = Path(names)
    suffix = path.suffix.lower()
    if suffix not in (_JSON, *_TABLES):
        raise ConfigError(
            f"unknown names {names!r}; expected tmdb, imdb, or a {_JSON} or {_TABLES[0]} file"
        )
    example = '{"Sci-Fi": "Science Fiction"}' if suffix == _JSON else "Sci-Fi,Science Fiction"
    try:
        content = read_bounded(path, _MAX_BYTES, "a file of genre names")
        text = content.decode(dialect.detect_encoding(io.BytesIO(content)))
        pairs = _json_pairs(text) if suffix == _JSON else _table_pairs(text, suffix)
        if not pairs:
            raise ValueError("it names no genre")
    except MissingFileError:
        step = "name tmdb, imdb or a file"
        raise DataNotFoundError(missing_path_message(path, "a file of genre names", step)) from None
    except (ValueError, csv.Error, RecursionError) as error:
        no_text = isinstance(error, UnicodeDecodeError)
        fault = "it is no text that can be read" if no_text else shortened(str(error))
        raise DataError(
            f"{path}: {fault}; expected genres of the model and names to write, as in {example}"
        ) from None
    name_of: dict[str, str] = {}
    for genre, name in pairs:
        first = name_of.setdefault(genre.strip(), name.strip())
        if first != name.strip():
            raise DataError(
                f"{path}: the genre {genre.strip()!r} has the names {shortened(first, 60)!r} and "
                f"{shortened(name, 60)!r}; expected one"
            )
        if bad := [char for char in name if char in GENRE_SEPARATORS or not char.isprintable()]:
            raise DataError(
                f"{path}: the name {shortened(name, 60)!r} has {bad[0]!r}, which separates genres "
                "in tables and .nfo files; choose another name"
            )
    return GenreNames(name_of, str(path))


class _Pairs(list[tuple[str, Any]]):
    """The keys and values of a JSON object."""


def _json_pairs(content: str) -> list[tuple[str, str]]:
    names = json.loads(content, object_pairs_hook=_Pairs)
    if not isinstance(names, _Pairs):
        raise ValueError(f"found {type(names).__name__}")
    for genre, name in names:
        if not isinstance(name, str | None):
            kind = "an object" if isinstance(name, _Pairs) else type(name).__name__
            raise ValueError(f"{genre!r} has {kind}, expected a text")
    return [(genre, name or "") for genre, name in names]


def _table_pairs(content: str, suffix: str) -> list[tuple[str, str]]:
    """Return the rows of a table with two columns and without a header."""
    if declared := dialect.separator_line(content):
        content = content.partition("\n")[2]
    separator = declared or dialect.detect_separator(content, suffix)
    lines = io.StringIO(content, newline="")
    rows = [_two_cells(cells) for cells in csv.reader(lines, delimiter=separator) if any(cells)]
    if rows and [cell.strip().lower() for cell in rows[0]] == ["genre", "name"]:
        rows = rows[1:]
    return rows


def _two_cells(cells: list[str]) -> tuple[str, str]:
    while len(cells) > 2 and not cells[-1].strip():  # Excel writes empty cells at the end
        cells = cells[:-1]
    if len(cells) != 2:
        cells_text = shortened(" | ".join(cells), 60)
        number = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        raise ValueError(f"the row {cells_text!r} has {number}, expected 2")
    return cells[0], cells[1]
