"""The user's cache: SHA-256 of files, commits of models on the Hub, and measured engines.

A hash is computed once for each state of a file: its device, inode, size and times. Writing to a
file changes one of them. Only a new computation finds a bit that flipped on the disk.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from moviegenre.core.files import file_sha256, write_text
from moviegenre.core.locks import locked
from moviegenre.core.reading import real_path

_HASHES_FILE = "sha256.json"
_COMMITS_FILE = "hub-commits.json"
_ENGINES_FILE = "engines.json"
_MOST_ENTRIES = 1000  # in a file of the cache; the oldest are dropped first
_SETTLED_SECONDS = 2.0  # times are coarse: a file written now may change without a new time


def cache_folder() -> Path:
    """Return the cache folder; it may not exist.

    That is ``$MOVIEGENRE_CACHE``, or ``moviegenre`` in ``$XDG_CACHE_HOME``, in ``%LOCALAPPDATA%``
    on Windows, or in ``~/.cache``.
    """
    if folder := os.environ.get("MOVIEGENRE_CACHE"):
        return Path(folder)
    parent = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(parent) if parent else Path.home() / ".cache") / "moviegenre"


def known_sha256(path: Path, *, anew: bool = False) -> str:
    """Return the SHA-256 of a file, from the cache if the file has not changed.

    Args:
        path: The file.
        anew: Compute it even if it is in the cache.

    Raises:
        OSError: The file cannot be read.
    """
    state = _state(path)
    key = str(real_path(path))
    entry = None if anew else _read(_HASHES_FILE).get(key)
    if isinstance(entry, list) and entry[:-1] == state and len(str(entry[-1])) == 64:
        return str(entry[-1])
    digest = file_sha256(path)
    if _state(path) == state and time.time() - path.stat().st_mtime > _SETTLED_SECONDS:
        _store(_HASHES_FILE, key, [*state, digest])
    return digest


def known_commit(name: str) -> str | None:
    """Return the last known commit of a model on the Hub; None if unknown."""
    commit = _read(_COMMITS_FILE).get(name)
    return commit if isinstance(commit, str) else None


def note_commit(name: str, commit: str) -> None:
    """Remember the commit of a model on the Hub."""
    if known_commit(name) != commit:
        _store(_COMMITS_FILE, name, commit)


def fastest_engine(measured: str, measure: Callable[[], str]) -> str | None:
    """Return the engine that was fastest in a measurement, which is made only once.

    Args:
        measured: The description of the measurement: model, machine and versions.
        measure: Makes it and returns the engine; other processes wait meanwhile.

    Returns:
        None if the result cannot be kept: other processes would then measure again, and might use
        another engine.
    """
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: there is no home
        if measured not in _read(_ENGINES_FILE):
            with locked(cache_folder() / _ENGINES_FILE, wait=True):
                if measured not in _read(_ENGINES_FILE):
                    _store(_ENGINES_FILE, measured, measure())
    engine = _read(_ENGINES_FILE).get(measured)
    return engine if isinstance(engine, str) else None


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _read(name: str) -> dict[str, object]:
    """Return the content of a cache file; empty if it is missing or damaged."""
    try:
        content = json.loads((cache_folder() / name).read_text("utf-8"))
    except (OSError, ValueError, RecursionError, RuntimeError):  # RuntimeError: there is no home
        return {}
    return content if isinstance(content, dict) else {}


def _store(name: str, key: str, entry: object) -> None:
    cache = _read(name)
    cache.pop(key, None)
    newest = dict(list(cache.items())[-(_MOST_ENTRIES - 1) :])
    with contextlib.suppress(OSError, RuntimeError):  # a cache that cannot be written is no error
        write_text(cache_folder() / name, json.dumps({**newest, key: entry}, indent=0) + "\n")
