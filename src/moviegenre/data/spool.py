"""Many byte strings in one temporary file, to keep posters out of memory."""

import io
import tempfile
import weakref
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """The position of a byte string in a spool.

    Attributes:
        start: The offset of its first byte.
        length: The number of its bytes.
    """

    start: int
    length: int


class Spool:
    """A temporary file that is deleted with the object."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the finalizer
        weakref.finalize(self, self._file.close)

    def append(self, content: bytes) -> Place:
        """Add bytes at the end."""
        start = self._file.seek(0, io.SEEK_END)
        self._file.write(content)
        return Place(start, len(content))

    def read(self, place: Place) -> bytes:
        """Return the bytes at a position."""
        self._file.seek(place.start)
        return self._file.read(place.length)
