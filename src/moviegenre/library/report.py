"""The report of a library: a row for every film, as CSV or JSON."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from moviegenre.core.errors import ConfigError
from moviegenre.core.files import write_text
from moviegenre.data.records import whole_text
from moviegenre.library.plan import FilmChange, Outcome

_COLUMNS = (
    *("path", "title", "year", "outcome"),
    *("genres_before", "genres_after", "probabilities", "note"),
)
_DECIMALS = 4


def check_report(path: Path) -> None:
    """Raise an error if the report cannot be written.

    Raises:
        ConfigError: It is a folder, has another ending, or its folder does not exist.
    """
    if path.is_dir():
        raise ConfigError(f"the report {path} is a folder; name a .csv or .json file")
    if path.suffix.lower() not in (".csv", ".json"):
        raise ConfigError(f"the report {path} ends in {path.suffix!r}; expected .csv or .json")
    if not (folder := path.absolute().parent).is_dir():
        raise ConfigError(
            f"the report's folder {folder} does not exist; create it or name another folder"
        )


def write_report(path: Path, changes: Iterable[FilmChange], *, written: bool) -> None:
    """Write the report of all films in one step.

    Args:
        path: ``.csv`` (genres joined by ``|``) or ``.json``.
        changes: The films.
        written: The changes were written: their outcome is ``written`` instead of ``change``.
    """
    rows = [_row(change, written=written) for change in changes]
    if path.suffix.lower() == ".json":
        write_text(path, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        return
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow(map(_cell, row.values()))
    write_text(path, stream.getvalue())


def _cell(value: object) -> object:
    if isinstance(value, list):
        return "|".join(map(str, value))
    return "" if value is None else value


def _row(change: FilmChange, *, written: bool) -> dict[str, Any]:
    is_written = written and change.outcome is Outcome.CHANGE
    cells = (
        whole_text(change.path.as_posix()),
        change.title,
        change.year,
        "written" if is_written else change.outcome.value,
        list(change.before),
        list(change.after),
        [round(probability, _DECIMALS) for probability in change.probabilities],
        whole_text(change.note),
    )
    return dict(zip(_COLUMNS, cells, strict=True))
