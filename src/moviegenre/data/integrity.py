"""Check the files of a prepared folder by length and SHA-256.

The data sheet is written last and lists the files. Lengths are compared when the folder is opened,
hashes when a file is first read. A large file is hashed again only if its length or time changes.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from moviegenre.core.errors import DataError
from moviegenre.core.files import file_sha256, write_text
from moviegenre.data.schema import CACHE_DIR

FILES_KEY = "files"
"""The key of the files in the data sheet."""

_CHECKED_FILE = "checked.json"
_LARGE_BYTES = 1 << 26  # a file of this size takes long to hash


def list_files(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return length and hash of files, for the data sheet.

    Args:
        folder: The folder of the files.
        names: The names of the files.
    """
    return {
        name: {"bytes": (folder / name).stat().st_size, "sha256": file_sha256(folder / name)}
        for name in names
    }


class FileCheck:
    """Compares the files of a prepared folder with its data sheet.

    Args:
        folder: The folder.
        listed: The ``files`` of the data sheet; empty for a folder of an earlier version.

    Raises:
        DataError: A file has another length.
    """

    def __init__(self, folder: Path, listed: dict[str, dict[str, Any]]) -> None:
        self._folder = folder
        self._listed = listed
        self._checked_path = folder / CACHE_DIR / _CHECKED_FILE
        for name, record in listed.items():
            size = (folder / name).stat().st_size
            if size != record["bytes"]:
                raise DataError(
                    f"{folder / name} is damaged: it has {size:,} bytes, {record['bytes']:,} were "
                    "written; prepare the data again"
                )

    def check(self, name: str) -> None:
        """Compare a file's hash; skip a large file that is unchanged since the last comparison.

        Raises:
            DataError: The file has another hash.
        """
        record = self._listed.get(name)
        if record is None:
            return
        path = self._folder / name
        state = [record["sha256"], path.stat().st_size, path.stat().st_mtime_ns]
        is_large = record["bytes"] >= _LARGE_BYTES
        checked = self._read_checked() if is_large else {}
        if checked.get(name) == state:
            return
        if (sha256 := file_sha256(path)) != record["sha256"]:
            raise DataError(
                f"{path} is damaged: it has sha256 {sha256[:12]}..., "
                f"{record['sha256'][:12]}... was written; prepare the data again"
            )
        if is_large:
            with suppress(OSError):  # the folder may be read-only
                write_text(self._checked_path, json.dumps({**checked, name: state}) + "\n")

    def _read_checked(self) -> dict[str, Any]:
        try:
            checked = json.loads(self._checked_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return checked if isinstance(checked, dict) else {}
