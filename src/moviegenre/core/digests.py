"""What the user's cache remembers: SHA-256 of files, and commits of models on the hub.

A hash is computed once for each state of a file: its device, inode, size and times. Writing to a
file changes one of them. What changes below that, a bit of the disk itself, is found by computing
anew.
"""

import contextlib
import json
import os
import time
from pathlib import Path

from moviegenre.core.files import file_sha256, write_text
from moviegenre.core.reading import real_path

_HASHES_FILE = "sha256.json"
_COMMITS_FILE = "hub-commits.json"
_MOST_ENTRIES = 1000  # in a file of the cache; the oldest go first
_SETTLED_SECONDS = 2.0  # times are coarse: a file written now may change without a new time


def cache_folder() -> Path:
    """Return the folder for what can be computed again; it may not exist.

    That is ``$MOVIEGENRE_CACHE``, or ``moviegenre`` in ``$XDG_CACHE_HOME``, in ``%LOCALAPPDATA%``
    on Windows, or in ``~/.cache``.
    """
    if own := os.environ.get("MOVIEGENRE_CACHE"):
        return Path(own)
    named = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(named) if named else Path.home() / ".cache") / "moviegenre"


def known_sha256(path: Path, *, anew: bool = False) -> str:
    """Return the SHA-256 of a file's bytes, from the cache where the file has not changed.

    Args:
        path: The file.
        anew: Compute it in any case.

    Raises:
        OSError: The file cannot be read.
    """
    state = _state(path)
    key = str(real_path(path))
    entry = None if anew else _read(_HASHES_FILE).get(key)
    if isinstance(entry, list) and entry[:-1] == state and _is_sha256(entry[-1]):
        return str(entry[-1])
    digest = file_sha256(path)
    if _state(path) == state and time.time() - path.stat().st_mtime > _SETTLED_SECONDS:
        _remember(_HASHES_FILE, key, [*state, digest])
    return digest


def known_commit(name: str) -> str | None:
    """Return the commit that a model's name on the hub stood for; None where that is not known."""
    found = _read(_COMMITS_FILE).get(name)
    return found if isinstance(found, str) else None


def note_commit(name: str, commit: str) -> None:
    """Remember the commit that a model's name on the hub stands for."""
    if known_commit(name) != commit:
        _remember(_COMMITS_FILE, name, commit)


def _state(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _is_sha256(digest: object) -> bool:
    return isinstance(digest, str) and len(digest) == 64


def _read(name: str) -> dict[str, object]:
    """Return what a file of the cache holds; nothing where it is missing or damaged."""
    try:
        found = json.loads((cache_folder() / name).read_text("utf-8"))
    except (OSError, ValueError, RecursionError, RuntimeError):  # RuntimeError: there is no home
        return {}
    return found if isinstance(found, dict) else {}


def _remember(name: str, key: str, entry: object) -> None:
    cache = _read(name)
    cache.pop(key, None)
    kept = dict(list(cache.items())[-(_MOST_ENTRIES - 1) :])
    with contextlib.suppress(OSError, RuntimeError):  # a cache that cannot be written is no fault
        write_text(cache_folder() / name, json.dumps({**kept, key: entry}, indent=0) + "\n")
