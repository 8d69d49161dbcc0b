"""Detect the form of a folder or file of movies.

docs/mmimdb.md describes each form and its origin.
"""

import os
from pathlib import Path

from moviegenre.core.errors import DataError, DataNotFoundError, missing_path_message
from moviegenre.core.reading import raise_system_error
from moviegenre.data.records import MovieSource
from moviegenre.data.sources.arrow import ArrowSplits, arrow_files
from moviegenre.data.sources.hdf5 import FILE_SUFFIXES as HDF5_SUFFIXES
from moviegenre.data.sources.hdf5 import MultimodalIMDb
from moviegenre.data.sources.jsonl import JsonLinesSplits, first_row, is_row, jsonl_files
from moviegenre.data.sources.messages import MessageTables, message_files
from moviegenre.data.sources.mmimdb import (
    DATASET_FOLDER,
    MMIMDbArchive,
    MMIMDbFolder,
    layout_root,
)
from moviegenre.data.sources.split_json import SPLIT_FILE
from moviegenre.data.sources.table import MovieTable, TableColumns
from moviegenre.data.tables.source import is_table as has_table_name
from moviegenre.data.tables.source import known_suffixes

_ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz")
_COLUMN_SUFFIXES = (".parquet", ".arrow")


def open_path(
    path: Path, columns: TableColumns | None = None, *, progress: bool = False
) -> MovieSource:
    """Return the movies at a path, in any form.

    Args:
        path: A folder or file.
        columns: The columns of a table; if they are named, a file is read only as a table.
        progress: Show a progress bar for an archive.

    Raises:
        DataNotFoundError: The path does not exist.
        DataError: The form is unknown, or the file is damaged.
    """
    is_archive = path.name.lower().endswith(_ARCHIVE_SUFFIXES)
    is_table = os.path.isfile(path) and has_table_name(path) and not is_archive
    if os.path.exists(path) and columns is not None and not is_table:
        raise DataError(f"{path} is no table, so columns of it cannot be named")
    if os.path.isdir(path):
        return _open_folder(path)
    if not os.path.isfile(path):  # unlike Path.is_file, it accepts any text
        step = "name a folder, an archive, a table, a URL, or the word mmimdb"
        raise DataNotFoundError(missing_path_message(path, "a source of movies", step))
    movies = _open_file(path) if columns is None else None
    if movies is not None:
        return movies
    if is_table:
        return MovieTable(path, columns or TableColumns())
    if is_archive:
        return MMIMDbArchive(path, progress=progress)
    known = ", ".join((*_ARCHIVE_SUFFIXES, ".arrow", *HDF5_SUFFIXES, known_suffixes()))
    raise DataError(f"{path} is of no known kind; expected a folder, or a file ending in {known}")


def _open_folder(path: Path) -> MovieSource:
    """Return the movies of a folder; the published layout is first, because it is complete."""
    try:
        if layout_root(path) is not None:
            return MMIMDbFolder(path)
        if files := arrow_files(path):
            return ArrowSplits(files)
        if jsonl_files(path):
            return JsonLinesSplits(path)
        hdf5 = sorted(file for file in path.iterdir() if file.suffix.lower() in HDF5_SUFFIXES)
    except OSError as error:
        raise_system_error(error, path)
        raise DataError(f"{error.filename or path} cannot be read: {error.strerror}") from None
    if len(hdf5) == 1:
        return MultimodalIMDb(hdf5[0])
    if files := message_files(path):
        return MessageTables(files)
    raise DataError(
        f"{path} is not in MM-IMDb's layout; expected {SPLIT_FILE} and {DATASET_FOLDER}/<id>.json "
        "with <id>.jpeg in it, or another form of docs/mmimdb.md: annotations/ and images/, "
        "mmimdb_train.arrow, train.jsonl, multimodal_imdb.hdf5, or Parquet with messages and images"
    )


def _open_file(path: Path) -> MovieSource | None:
    """Return the form of MM-IMDb that a file belongs to; None if there is none."""
    suffix = path.suffix.lower()
    if suffix in HDF5_SUFFIXES:
        return MultimodalIMDb(path)
    if suffix == ".arrow" and path in (files := dict(arrow_files(path.parent, path))):
        return ArrowSplits(list(files.items()))
    if suffix == ".jsonl" and len(files := dict(jsonl_files(path.parent))) > 1 and path in files:
        return JsonLinesSplits(path.parent) if is_row(first_row(path)) else None
    if suffix in _COLUMN_SUFFIXES and (tables := message_files(path)):
        return MessageTables(tables)
    return None
