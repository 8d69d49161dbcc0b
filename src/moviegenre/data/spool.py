"""Many byte strings in one temporary file, so that posters need not be held in memory."""

import io
import tempfile
import weakref
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where something lies in a spool.

    Attributes:
        start: Its first byte.
        length: How many bytes.
    """

    start: int
    length: int


class Spool:
    """A temporary file that is gone when the object is."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the finalizer
        weakref.finalize(self, self._file.close)

    def append(self, content: bytes) -> Place:
        """Add bytes at the end."""
        start = self._file.seek(0, io.SEEK_END)
        self._file.write(content)
        return Place(start, len(content))

    def read(self, place: Place) -> bytes:
        """Return what was added there."""
        self._file.seek(place.start)
        return self._file.read(place.length)
