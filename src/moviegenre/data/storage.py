"""Files in an object store (``s3://bucket/folder/file``), and folders there or on this machine.

Arrow's file systems do the work. Credentials, region and proxy are configured as for other AWS
tools; ``AWS_ENDPOINT_URL`` is the address of another store with the S3 protocol.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from pyarrow import fs

from moviegenre.core.errors import DataError, DataNotFoundError, shortened
from moviegenre.core.files import write_bytes

_SCHEME = "s3://"
_BUFFER_BYTES = 8 << 20  # a large buffer, for few requests


def is_address(name: object) -> bool:
    """Return whether something is the address of a file or folder in an object store."""
    return isinstance(name, str) and name.lower().startswith(_SCHEME)


@dataclass(frozen=True)
class StoreFile:
    """A file in an object store.

    Attributes:
        address: ``s3://bucket/key``.
    """

    address: str

    @property
    def name(self) -> str:
        """The last part of its address."""
        return PurePosixPath(self.address).name

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return PurePosixPath(self.address).suffix

    @property
    def folder(self) -> str:
        """The address of its folder."""
        return self.address.rpartition("/")[0]

    def __str__(self) -> str:
        return self.address

    def is_file(self) -> bool:
        """Return whether the file exists."""
        with _store_errors(self.address):
            info = _file_system().get_file_info(_path(self.address))
        return bool(info.type == fs.FileType.File)

    def open(self) -> BinaryIO:
        """Open the file for reading from its beginning, in large chunks.

        Raises:
            DataError: The store cannot be reached, or there is no such file.
        """
        return io.BufferedReader(cast("io.RawIOBase", self.open_anywhere()), _BUFFER_BYTES)

    def open_anywhere(self) -> BinaryIO:
        """Open the file for reading at any position; every read is a request.

        Raises:
            DataError: The store cannot be reached, or there is no such file.
        """
        with _store_errors(self.address):
            return cast("BinaryIO", _file_system().open_input_file(_path(self.address)))

    def read(self) -> bytes | None:
        """Return the file's content; None if there is no such file."""
        with _store_errors(self.address):
            try:
                with _file_system().open_input_file(_path(self.address)) as stream:
                    return bytes(stream.read())
            except FileNotFoundError:
                return None

    def stamp(self) -> str:
        """Return a stamp that changes with the content: size and ETag of the store."""
        with _store_errors(self.address):
            stream = _file_system().open_input_file(_path(self.address))
            tag = (stream.metadata() or {}).get("ETag", b"")
            return f"{stream.size()} bytes, ETag {tag.decode().strip(chr(34))}"


@dataclass(frozen=True)
class LocalFolder:
    """A folder on this machine, or on a drive that several machines share.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def address(self) -> str:
        """Its path as text."""
        return str(self.path)

    def names(self) -> list[str]:
        """Return the names of its files; none where there is no such folder."""
        try:
            return sorted(os.listdir(self.path))
        except FileNotFoundError:
            return []

    def has(self, name: str) -> bool:
        """Return whether a file is there."""
        return (self.path / name).is_file()

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None where it is missing."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file in one step."""
        write_bytes(self.path / name, content)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class StoreFolder:
    """A folder in an object store, where only complete files are visible.

    Attributes:
        address: ``s3://bucket/folder``.
    """

    address: str

    def names(self) -> list[str]:
        """Return the names of its files; none where there is no such folder."""
        return [file.name for file in store_files(self.address, deep=False)]

    def has(self, name: str) -> bool:
        """Return whether a file is there."""
        return self._file(name).is_file()

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None where it is missing."""
        return self._file(name).read()

    def write(self, name: str, content: bytes) -> None:
        """Write a file in one step."""
        file = self._file(name)
        with (
            _store_errors(file.address),
            _file_system().open_output_stream(_path(file.address)) as out,
        ):
            out.write(content)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        file = self._file(name)
        with _store_errors(file.address):
            try:
                _file_system().delete_file(_path(file.address))
            except FileNotFoundError:
                return

    def _file(self, name: str) -> StoreFile:
        return StoreFile(f"{self.address.rstrip('/')}/{name}")


Folder = LocalFolder | StoreFolder
"""A folder of small files that are written in one step each."""


def store_files(address: str, *, deep: bool = True) -> list[StoreFile]:
    """Return the files of a folder in a store, in the order of their addresses.

    Args:
        address: The folder; if it does not exist, the result is empty.
        deep: Include the files of its subfolders.

    Raises:
        DataError: The store cannot be reached.
    """
    selector = fs.FileSelector(_path(address.rstrip("/")), recursive=deep, allow_not_found=True)
    with _store_errors(address):
        infos = _file_system().get_file_info(selector)
    paths = sorted(info.path for info in infos if info.type == fs.FileType.File)
    return [StoreFile(_SCHEME + path) for path in paths]


def _path(address: str) -> str:
    """Return Arrow's path for an address: the bucket and the key."""
    return address[len(_SCHEME) :]


def _file_system() -> fs.FileSystem:
    return _s3(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"))


@lru_cache(maxsize=4)
def _s3(endpoint: str | None) -> fs.FileSystem:
    # With delayed opening, a small file is written by one request instead of three.
    return fs.S3FileSystem(endpoint_override=endpoint, allow_delayed_open=True)


@contextmanager
def _store_errors(address: str) -> Iterator[None]:
    """Convert errors of a store to data errors."""
    try:
        yield
    except FileNotFoundError:
        raise DataNotFoundError(f"{address} does not exist; check the address") from None
    except OSError as error:
        message = shortened(" ".join(str(error).split()), 300)
        raise DataError(
            f"{address}: {message}; check the address, AWS_ENDPOINT_URL, AWS_REGION and your "
            "credentials"
        ) from None
