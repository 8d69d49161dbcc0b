"""A witness of every file that this process opens, however it does so."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_IMPORTED = (".py", ".pyc", ".so", "__pycache__")
_watching: list[list[str]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _watching:
        name = arguments[0]
        path = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        if not path.endswith(_IMPORTED):  # what an import within a request opens
            for opened in _watching:
                opened.append(path)


sys.addaudithook(_hook)  # it cannot be taken away again, and costs nothing while nobody watches


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """Yield the paths that are opened while the block runs, in any thread."""
    opened: list[str] = []
    _watching.append(opened)
    try:
        yield opened
    finally:
        _watching.remove(opened)
