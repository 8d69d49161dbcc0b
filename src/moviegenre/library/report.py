"""The report of a library: a row for every film, as CSV or JSON."""

import csv
import io
import json
from collections.abc import Iterable
from contextlib import suppress
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
_MAX_START = 1 << 20  # bytes of a file that are read to recognise a report


def check_report(path: Path, *, overwrite: bool = False) -> None:
    """Raise an error if the report cannot be written.

    Args:
        path: The report.
        overwrite: Also replace a file that is not an earlier report.

    Raises:
        ConfigError: It is a folder, has another ending, its folder does not exist, or the file is
            not an earlier report and ``overwrite`` is false.
    """
    if path.is_dir():
        raise ConfigError(f"the report {path} is a folder; name a .csv or .json file")
    if path.suffix.lower() not in (".csv", ".json"):
        raise ConfigError(f"the report {path} ends in {path.suffix!r}; expected .csv or .json")
    if not (folder := path.absolute().parent).is_dir():
        raise ConfigError(
            f"the report's folder {folder} does not exist; create it or name another folder"
        )
    if path.exists() and not (overwrite or _is_report(path)):
        raise ConfigError(
            f"{path} is there and is no report of this command; name another file, or replace it "
            "with `overwrite`"
        )


def _is_report(path: Path) -> bool:
    """Return whether a file begins as a report of this command does."""
    with path.open("rb") as stream:
        start = stream.read(_MAX_START)
    if path.suffix.lower() == ".csv":
        return start.startswith(f"{','.join(_COLUMNS)}\n".encode("ascii"))
    text = start.decode("utf-8", "replace").removeprefix("[").lstrip()
    with suppress(ValueError, RecursionError):
        row, _ = json.JSONDecoder().raw_decode(text)
        return isinstance(row, dict) and tuple(row) == _COLUMNS
    return False


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
