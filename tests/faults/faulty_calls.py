"""A fake of the calls by which Python writes files: it counts them, and lets one of them fail.

Only calls on paths below one folder count. What libraries write in C++ does not pass here; this
package gives them Python streams wherever they take one.
"""

import builtins
import errno
import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS: dict[str, tuple[str, ...]] = {
    "open": ("EIO", "EACCES", "EMFILE", "MEMORY"),
    "create": ("EIO", "EACCES", "EMFILE", "MEMORY", "ENOSPC", "EROFS"),
    "write": ("EIO", "ENOSPC", "MEMORY"),
    "truncate": ("EIO", "ENOSPC"),
    "fsync": ("EIO", "ENOSPC"),
    "rename": ("EIO", "ENOSPC", "EROFS", "EACCES", "MEMORY"),
    "mkdir": ("EIO", "ENOSPC", "EROFS", "EACCES", "MEMORY"),
    "remove": ("EIO", "EROFS", "EACCES"),
}
"""What can go wrong in each call."""

KILL = "KILL"
"""The process is killed before the call, as by SIGKILL or a power cut."""

_FAKES = {
    "rename": ("rename", "replace"),
    "mkdir": ("mkdir",),
    "remove": ("unlink", "remove", "rmdir"),
    "fsync": ("fsync",),
    "truncate": ("ftruncate",),
    "write": ("write",),
}
_LASTING = ("ENOSPC", "EROFS")  # these do not pass: every later call that changes the disk fails


@dataclass
class FaultyCalls:
    """Counts calls, and lets one fail.

    Attributes:
        root: Only calls on paths below this folder count.
        at: The number of the call that fails, from 1; None for none.
        kind: What goes wrong, one of ``KINDS`` or ``KILL``.
        calls: What was called so far, in order.
    """

    root: Path
    at: int | None = None
    kind: str = "EIO"
    calls: list[str] = field(default_factory=list)
    _guard: Any = field(default_factory=threading.Lock)

    def note(self, call: str, path: str) -> None:
        """Count a call, and let it fail if it is its turn."""
        if not path.startswith(f"{self.root}{os.sep}"):
            return
        with self._guard:
            self.calls.append(f"{call} {path.removeprefix(str(self.root))}")
            number = len(self.calls)
        if self.at is None:
            return
        lasting = self.kind in _LASTING and number > self.at and self.kind in KINDS[call]
        if number != self.at and not lasting:
            return
        if self.kind == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "MEMORY":
            raise MemoryError
        code = getattr(errno, self.kind)
        raise OSError(code, os.strerror(code), *([] if call in ("write", "fsync") else [path]))

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Take the place of the calls within a block."""
        names = [name for fakes in _FAKES.values() for name in fakes]
        real = {name: getattr(os, name) for name in (*names, "open")}
        real_open = io.open
        try:
            self.install()
            yield
        finally:
            builtins.open = io.open = real_open
            for name, call in real.items():
                setattr(os, name, call)

    def install(self) -> None:
        """Take the place of the calls for the rest of this process."""
        real_open, real_os_open = io.open, os.open

        def fake_open(
            file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any
        ) -> Any:
            changes = bool(set(mode) & set("wax+"))
            path = _path_of(file)
            if not isinstance(file, int):
                self.note("create" if changes else "open", path)
            if not changes or not path.startswith(f"{self.root}{os.sep}"):
                return real_open(file, mode, buffering, *rest, **named)
            return _open_for_writing(self, path, file, mode, buffering, *rest, **named)

        def fake_os_open(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            changes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            self.note("create" if changes else "open", _path_of(path, named.get("dir_fd")))
            return real_os_open(path, flags, *rest, **named)

        builtins.open = io.open = fake_open
        os.open = fake_os_open
        for call, names in _FAKES.items():
            for name in names:
                setattr(os, name, self._faulty(call, getattr(os, name)))

    def _faulty(self, call: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def fake(path: Any, *rest: Any, **named: Any) -> Any:
            self.note(call, _path_of(path, named.get("dir_fd")))
            return real(path, *rest, **named)

        return fake


class _FaultyFile(io.FileIO):
    """A file whose writes are counted."""

    faults: FaultyCalls
    path: str

    def write(self, content: Any) -> int:
        self.faults.note("write", self.path)
        return super().write(content)

    def truncate(self, size: int | None = None) -> int:
        self.faults.note("truncate", self.path)
        return super().truncate(size)


def _open_for_writing(
    faults: FaultyCalls,
    path: str,
    file: Any,
    mode: str,
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    raw = _FaultyFile(file, mode.replace("b", "").replace("t", ""), closefd, opener)
    raw.faults, raw.path = faults, path
    if buffering == 0:
        return raw
    size = io.DEFAULT_BUFFER_SIZE if buffering < 2 else buffering
    binary: Any = io.BufferedRandom(raw, size) if "+" in mode else io.BufferedWriter(raw, size)
    if "b" in mode:
        return binary
    return io.TextIOWrapper(binary, encoding, errors, newline, line_buffering=buffering == 1)


def _path_of(path: Any, folder: int | None = None) -> str:
    """Return the absolute path of a path, a descriptor, or a name below a descriptor's folder."""
    if isinstance(path, int):
        return os.readlink(f"/proc/self/fd/{path}")
    named = os.fsdecode(path)
    if folder is not None and not os.path.isabs(named):
        return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), named)
    return os.path.abspath(named)
