"""The CMU Movie Summary Corpus: two related tables without headers.

Reference: Bamman, O'Connor and Smith, "Learning Latent Personas of Film Characters", ACL 2013,
http://www.cs.cmu.edu/~ark/personas/. ``plot_summaries.txt`` has Wikipedia's id and the summary;
``movie.metadata.tsv`` has the id, Freebase's, the title, the date, revenue, runtime, languages,
countries and genres, the last three as mappings from Freebase's ids.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from moviegenre.core.errors import DataError
from moviegenre.data.lines import file_lines

SUMMARIES_FILE = "plot_summaries.txt"
METADATA_FILE = "movie.metadata.tsv"
COLUMNS = ("id", "title", "year", "genres", "plot")

_TITLE, _DATE, _GENRES, _CELLS = 2, 3, 8, 9
_MAX_FILMS = 1_000_000  # the corpus has 81,741
_MAX_CELL_CHARS = 10_000


def is_summaries(path: Path) -> bool:
    """Return whether a file is one of the two, and the other is in the same folder."""
    names = {SUMMARIES_FILE, METADATA_FILE}
    return path.name in names and all((path.parent / name).is_file() for name in names)


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the films that have a summary.

    Args:
        path: One of the two files.

    Raises:
        DataError: One of the files cannot be read.
    """
    films: dict[str, list[str]] = {}
    metadata = path.parent / METADATA_FILE
    for cells in _lines(metadata, _CELLS):
        films[cells[0]] = [cells[column][:_MAX_CELL_CHARS] for column in (_TITLE, _DATE, _GENRES)]
        if len(films) > _MAX_FILMS:
            raise DataError(f"{metadata} has more than {_MAX_FILMS:,} films; it is refused")
    for film, plot in _lines(path.parent / SUMMARIES_FILE, 2):
        title, year, genres = films.get(film, (None, None, None))
        yield {"id": film, "title": title, "year": year, "genres": genres, "plot": plot}


def _lines(path: Path, width: int) -> Iterator[list[str]]:
    for number, line in enumerate(file_lines(path, newline="\n"), start=1):
        cells = line.text.rstrip("\r\n").split("\t")
        if line.fault or len(cells) != width:
            fault = line.fault or f"has {len(cells)} cells, expected {width}"
            raise DataError(f"{path}, line {number}: {fault}")
        yield cells
