"""The names of genres in files: the model's, TMDb's, IMDb's, or the user's own."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from moviegenre.core.errors import (
    ConfigError,
    DataError,
    DataNotFoundError,
    did_you_mean,
    missing_path_message,
    shortened,
)
from moviegenre.core.genre_names import GENRE_SEPARATORS
from moviegenre.core.reading import MissingFileError, read_bounded

_MAX_BYTES = 1 << 20
_TMDB = {"sci-fi": "Science Fiction", "film-noir": "", "musical": "Music"}
_IMDB = {"science fiction": "Sci-Fi", "film noir": "Film-Noir", "tv movie": ""}


@dataclass(frozen=True)
class GenreNames:
    """A mapping from the model's genres to the names that are written.

    Attributes:
        names: By the model's genre in lower case; an empty name drops the genre. Genres that are
            not in it keep their names.
        source: The file it was read from; empty for none.

    Example:
        >>> GenreNames({"sci-fi": "Science Fiction", "film-noir": ""}).of(["Sci-Fi", "Film-Noir"])
        ('Science Fiction',)
    """

    names: Mapping[str, str]
    source: str = ""

    def of(self, genres: Iterable[str]) -> tuple[str, ...]:
        """Return the names of some genres, in their order, each once."""
        names = (self.names.get(genre.lower(), genre) for genre in genres)
        return tuple(dict.fromkeys(name for name in names if name))

    def check(self, genres: Iterable[str]) -> None:
        """Refuse a file that names genres the model does not have.

        Args:
            genres: The model's genres.

        Raises:
            ConfigError: The file names unknown genres; the message lists all.
        """
        if not self.source:
            return
        known = list(genres)
        known_lower = {name.lower() for name in known}
        faults = [
            f"unknown genre {shortened(name, 40)!r}, {did_you_mean(name, known)}"
            for name in self.names
            if name not in known_lower
        ]
        if faults:
            raise ConfigError(f"{self.source}: {'; '.join(faults)}")


OWN_NAMES = GenreNames({})
"""The model's own names, unchanged."""


def read_names(names: str | None) -> GenreNames:
    """Return the mapping that a word or a file names.

    Args:
        names: ``tmdb``, ``imdb``, a ``.json`` file with an object, or a ``.csv`` file with two
            columns, the model's genre and the name to write; None keeps the model's names.

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
    if path.suffix.lower() not in (".json", ".csv"):
        raise ConfigError(f"unknown names {names!r}; expected tmdb, imdb, or a .json or .csv file")
    try:
        content = read_bounded(path, _MAX_BYTES, "a file of genre names").decode("utf-8-sig")
        pairs = _json_pairs(content) if path.suffix.lower() == ".json" else _csv_pairs(content)
        if not pairs:
            raise ValueError("it names no genre")
    except MissingFileError:
        step = "name tmdb, imdb or a file"
        raise DataNotFoundError(missing_path_message(path, "a file of genre names", step)) from None
    except (ValueError, csv.Error, RecursionError) as error:
        raise DataError(
            f"{path}: {shortened(str(error))}; expected genres and names, as in "
            '{"Sci-Fi": "Science Fiction", "Film-Noir": ""}'
        ) from None
    mapping: dict[str, str] = {}
    for genre, name in pairs:
        if bad := [char for char in name if char in GENRE_SEPARATORS or not char.isprintable()]:
            raise DataError(
                f"{path}: the name {shortened(name, 60)!r} has {bad[0]!r}, which separates genres "
                "in tables and .nfo files; choose another name"
            )
        mapping[genre.strip().lower()] = name.strip()
    return GenreNames(mapping, str(path))


def _json_pairs(content: str) -> list[tuple[str, str]]:
    names = json.loads(content)
    if not isinstance(names, dict):
        raise ValueError(f"found {type(names).__name__}")
    for genre, name in names.items():
        if not isinstance(name, str | None):
            raise ValueError(f"{genre!r} has {type(name).__name__}, expected a text")
    return [(genre, name or "") for genre, name in names.items()]


def _csv_pairs(content: str) -> list[tuple[str, str]]:
    rows = [row for row in csv.reader(io.StringIO(content)) if any(cell.strip() for cell in row)]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2:
            columns = "1 column" if len(row) == 1 else f"{len(row)} columns"
            raise ValueError(f"row {number} has {columns}, expected 2")
    if rows and [cell.strip().lower() for cell in rows[0]] == ["genre", "name"]:
        rows = rows[1:]
    return [(row[0], row[1]) for row in rows]
