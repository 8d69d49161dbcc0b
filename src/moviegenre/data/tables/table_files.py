"""Find the tables of a path, a folder, a pattern or an address."""

import glob
import logging
import os
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from moviegenre.core.errors import DataNotFoundError, shortened
from moviegenre.data.storage import StoreFile, is_address, store_files
from moviegenre.data.tables.source import is_table, table_suffix

logger = logging.getLogger(__name__)

FOLDER_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""Suffixes of the tables that are read from a folder, also packed as ``.gz``."""

_PATTERN = frozenset("*?[")
TableFile = Path | StoreFile


def find_tables(source: str) -> dict[str, TableFile]:
    """Return the tables of a source, each by its name within the source.

    Args:
        source: A file; a folder, including subfolders; or a pattern such as ``films/*.csv``.
            Each on this machine or in an object store (``s3://``). In folders, names that begin
            with ``.`` or ``_`` are left out.

    Returns:
        The tables, sorted by name; if a pattern matches files of several folders, by complete
        path. A single file may not exist.

    Raises:
        DataNotFoundError: A folder has no table, or no file matches a pattern.
    """
    if is_address(source):
        return _in_store(source)
    path = Path(source)
    if path.is_dir():
        files_inside = (Path(root, name) for root, _, names in os.walk(path) for name in names)
        return _tables_of(
            source, {file.relative_to(path).as_posix(): file for file in files_inside}
        )
    if _PATTERN.isdisjoint(source) or path.is_file():
        return {path.name: path}
    files = [Path(name) for name in sorted(glob.glob(source)) if os.path.isfile(name)]
    return _by_relative_name(source, {file.as_posix(): file for file in files})


def _in_store(source: str) -> dict[str, TableFile]:
    if not _PATTERN.isdisjoint(source):
        parts = PurePosixPath(source).parts
        num_fixed = next(n for n, part in enumerate(parts) if not _PATTERN.isdisjoint(part))
        folder = "s3://" + "/".join(parts[1:num_fixed])
        files = [file for file in store_files(folder) if _matches(file.address, parts)]
        return _by_relative_name(source, {file.address: file for file in files})
    if (file := StoreFile(source)).is_file():
        return {file.name: file}
    start = len(source.rstrip("/")) + 1
    return _tables_of(source, {file.address[start:]: file for file in store_files(source)})


def _matches(address: str, pattern: tuple[str, ...]) -> bool:
    parts = PurePosixPath(address).parts
    return len(parts) == len(pattern) and all(map(fnmatchcase, parts, pattern))


def _tables_of(source: str, files: dict[str, TableFile]) -> dict[str, TableFile]:
    """Return the tables among the files of a folder; tables of other kinds are logged."""
    tables: dict[str, TableFile] = {}
    left_out: list[str] = []
    for name, file in sorted(files.items()):
        if any(part[0] in "._" for part in PurePosixPath(name).parts):
            continue
        if table_suffix(file) in FOLDER_SUFFIXES:
            tables[name] = file
        elif is_table(file):
            left_out.append(name)
    expected = f"{', '.join(FOLDER_SUFFIXES)}, or one of these packed as .gz"
    step = "name another file itself, or several with a quoted pattern"
    names = shortened(", ".join(left_out))
    if not tables:
        found = "no such folder" if not files else "no table"
        others = f" but {names}" if names else ""
        steps = f"; {step}" if names else ""
        raise DataNotFoundError(
            f"{source}: found {found}{others}; expected files that end in {expected}{steps}"
        )
    if names:
        logger.info(
            "%s: left out: %s; from a folder, files that end in %s are read; %s",
            *(source, names, expected, step),
        )
    return tables


def _by_relative_name(source: str, files: dict[str, TableFile]) -> dict[str, TableFile]:
    if not files:
        raise DataNotFoundError(f"no file fits the pattern {source}; check it, and quote it")
    folders = {name[: name.rfind("/") + 1] for name in files}
    start = len(next(iter(folders))) if len(folders) == 1 else 0
    return {name[start:]: file for name, file in files.items()}
