"""Files that end with their own SHA-256, so that a reader notices damage.

A seal is the last 48 bytes of a file: a mark of eight bytes, the length of the content before it,
and the SHA-256 of that content. It is part of the file, so a killed run cannot lose it.
NumPy maps such files and PyTorch reads them without noticing the seal.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from moviegenre.core.errors import DamagedError
from moviegenre.core.files import atomic_file

_MARK = b"mgseal01"
_LENGTH_BYTES = 8
_SEAL_BYTES = len(_MARK) + _LENGTH_BYTES + hashlib.sha256().digest_size
_CHUNK_BYTES = 1 << 20


@contextmanager
def sealed_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a stream as ``atomic_file`` does, and append the SHA-256 of the content.

    Args:
        path: Where the file will be; its folder is made.
    """
    with atomic_file(path) as stream:
        yield stream
        stream.flush()
        stream.seek(0)
        digest, length = _digest(stream, None)
        stream.seek(0, 2)
        stream.write(_MARK + length.to_bytes(_LENGTH_BYTES, "little") + digest)


def check_seal(path: Path) -> bool:
    """Return whether a file has a seal; older ones have none.

    Args:
        path: The file.

    Raises:
        DamagedError: The file has a seal, and its content differs from the sealed content.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        if size < _SEAL_BYTES:
            return False
        stream.seek(size - _SEAL_BYTES)
        seal = stream.read(_SEAL_BYTES)
        if not seal.startswith(_MARK):
            return False
        length = int.from_bytes(seal[len(_MARK) :][:_LENGTH_BYTES], "little")
        stream.seek(0)
        digest, _ = _digest(stream, size - _SEAL_BYTES)
    if length != size - _SEAL_BYTES or digest != seal[-len(digest) :]:
        raise DamagedError(f"{path} is damaged: it is not what was written")
    return True


def read_sealed(path: Path) -> bytes:
    """Return the content of a sealed file.

    Raises:
        DamagedError: The file has no seal, or its content differs from the sealed content.
    """
    if not check_seal(path):
        raise DamagedError(f"{path} is damaged: its end is missing")
    return path.read_bytes()[:-_SEAL_BYTES]


def _digest(stream: BinaryIO, length: int | None) -> tuple[bytes, int]:
    """Return the SHA-256 of the next ``length`` bytes, or of all, and their number."""
    digest, num_read = hashlib.sha256(), 0
    while length is None or num_read < length:
        num_bytes = _CHUNK_BYTES if length is None else min(_CHUNK_BYTES, length - num_read)
        if not (chunk := stream.read(num_bytes)):
            break
        digest.update(chunk)
        num_read += len(chunk)
    return digest.digest(), num_read
