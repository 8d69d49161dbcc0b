"""MM-IMDb in the form of MMBT and mmf: ``train.jsonl``, ``dev.jsonl``, ``test.jsonl``, posters.

Reference: https://github.com/facebookresearch/mmbt (``scripts/mmimdb.py`` writes ``image``,
``mmbt/data/dataset.py`` reads ``img``) and https://github.com/facebookresearch/mmf
(``plot``, ``genres``); see docs/mmimdb.md.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

from moviegenre.core.errors import DataError, shortened
from moviegenre.core.reading import open_regular
from moviegenre.core.types import Split
from moviegenre.data.json_text import parse_json
from moviegenre.data.lines import file_lines
from moviegenre.data.records import RawMovie, clean_names, parse_title
from moviegenre.data.sources.split_files import SPLIT_WORDS, SplitFile, SplitFiles
from moviegenre.data.tables.cells import cell_text
from moviegenre.data.tables.poster_files import LoadedPoster, PosterFolder
from moviegenre.data.years import usable_year

PLOT_KEYS = ("text", "plot")
GENRE_KEYS = ("label", "genres")
POSTER_KEYS = ("img", "image", "image_path", "image_name", "identifier", "image_id")
POSTERS_FOLDER = "images"

_NAME = re.compile(r"(train|dev|val|test)\.jsonl", re.IGNORECASE)
_EXPECTED = "expected MMBT's id, text, label and img (or image), or mmf's plot and genres"
_MAX_HEAD_CHARS = 1 << 20
_POSTER_SUFFIXES = (".jpeg", ".jpg", ".png")


def jsonl_files(folder: Path) -> list[SplitFile]:
    """Return the files of a folder with MMBT's names."""
    files = ((path, _NAME.fullmatch(path.name)) for path in sorted(folder.glob("*.jsonl")))
    return [(path, SPLIT_WORDS[match[1].lower()]) for path, match in files if match]


def is_row(row: object) -> bool:
    """Return whether a line's value has the keys of MMBT's or mmf's rows.

    Example:
        >>> is_row({"id": "1", "text": "A dog.", "label": ["Drama"], "img": "1.jpeg"})
        True
        >>> is_row({"plot": "A dog.", "title": "Dogs"})
        False
    """
    if not isinstance(row, dict):
        return False
    return all(any(key in row for key in keys) for keys in (PLOT_KEYS, GENRE_KEYS, POSTER_KEYS))


def first_row(path: Path) -> object:
    """Return the value of the first line; None if it is not JSON.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        with open_regular(path) as stream:
            head = stream.readline(_MAX_HEAD_CHARS).decode("utf-8")
            return parse_json(head, keep_repeated=True)  # a fault of its row alone
    except ValueError:
        return None


class JsonLinesSplits(SplitFiles):
    """MMBT's or mmf's three files.

    Args:
        folder: The folder of the files; names of posters are relative to it or to ``images``.

    Raises:
        DataError: The first line of a file has other keys.
    """

    form = "MM-IMDb as MMBT and mmf keep it: JSON Lines for each split, one plot a film"

    def __init__(self, folder: Path) -> None:
        files = jsonl_files(folder)
        for path, _ in files:
            row = first_row(path)
            if not is_row(row):
                found = ", ".join(map(str, row)) if isinstance(row, dict) else "no JSON object"
                raise DataError(f"{path}: the first line has {shortened(found)}; {_EXPECTED}")
        super().__init__(files)
        self._folders = [PosterFolder(folder)]
        if (folder / POSTERS_FOLDER).is_dir():
            self._folders.append(PosterFolder(folder / POSTERS_FOLDER))
        for posters in self._folders:
            posters.learn(self._poster_names)

    def _poster_names(self) -> Iterator[object]:
        """Yield the names of all posters."""
        for path, _ in self._files:
            for line in file_lines(path):
                with suppress(ValueError):
                    row = parse_json(line.text)
                    yield _value(row, POSTER_KEYS) if isinstance(row, dict) else None

    def _movies(self, path: Path, split: Split | None) -> Iterator[RawMovie]:
        for number, line in enumerate(file_lines(path), start=1):
            if not line.fault and not line.text.strip():
                continue
            row_name = f"{path.name}, line {number}"
            try:
                if line.fault:
                    raise ValueError(line.fault)
                row = parse_json(line.text)
                if not isinstance(row, dict):
                    raise ValueError(f"found {type(row).__name__}, expected an object")
                yield self._movie(row, split, row_name)
            except ValueError as error:
                yield RawMovie(row_name, split=split, fault=str(error))

    def _movie(self, row: Mapping[str, Any], split: Split | None, row_name: str) -> RawMovie:
        poster_name = cell_text(_value(row, POSTER_KEYS)).strip()
        movie = cell_text(row.get("id")).strip() or PurePosixPath(poster_name).stem or row_name
        poster = self._poster(poster_name)
        year, unusable_year = usable_year(row.get("year"))
        return RawMovie(
            id=movie,
            title=parse_title(row.get("title")),
            year=year,
            genres=clean_names(_value(row, GENRE_KEYS)),
            plots=clean_names(_value(row, PLOT_KEYS)),
            poster=poster.content,
            poster_name=poster_name or None,
            poster_fault=poster.fault,
            poster_lack=poster.lack,
            split=split,
            unusable_year=unusable_year,
        )

    def _poster(self, name: str) -> LoadedPoster:
        # mmf's names of posters have no suffix.
        endings = ("", *_POSTER_SUFFIXES) if name and not PurePosixPath(name).suffix else ("",)
        first: LoadedPoster | None = None
        for folder, ending in product(self._folders, endings):
            poster = folder.load(name + ending)
            if not poster.lack:
                return poster
            first = first or poster
        return first or LoadedPoster()


def _value(row: Mapping[str, Any], keys: tuple[str, ...]) -> object:
    """Return the value of the first key that has one."""
    return next((row[key] for key in keys if row.get(key) is not None), None)
