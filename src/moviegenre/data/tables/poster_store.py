"""Posters in a folder of an object store."""

from collections.abc import Iterable, Iterator

from moviegenre.core.errors import DataNotFoundError, shortened
from moviegenre.core.reading import UnreadableFileError
from moviegenre.data.limits import MAX_POSTER_BYTES
from moviegenre.data.storage import StoreFile, is_address
from moviegenre.data.tables.poster_files import (
    MissingPosterError,
    PosterFiles,
    refuse_address,
    spellings,
)


class PosterStore(PosterFiles):
    """The folder of an object store that names of posters are relative to.

    A name may also be a complete address in a store.

    Args:
        address: The folder, such as ``s3://bucket/posters``.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def _find(self, name: str) -> bytes:
        if is_address(name):
            files = [StoreFile(name)]
        else:
            refuse_address(name)
            files = list(self._files(spellings(name)))
        content = _first_content(files)
        if content is None and not is_address(name):
            content = _first_content(self._files(self._file_names(name)))
            if content is not None:
                self._refuse_shared(name)
        if content is None:
            hint = "does not exist; expected a poster's file"
            raise MissingPosterError(f"{shortened(str(files[0]))} {hint}", hint)
        return content

    def _files(self, paths: Iterable[str]) -> Iterator[StoreFile]:
        return (StoreFile(f"{self.address}/{path.lstrip('/')}") for path in paths)


def _first_content(files: Iterable[StoreFile]) -> bytes | None:
    """Return the content of the first of some files that exists; None if none does.

    Raises:
        UnreadableFileError: It is too large.
    """
    for file in files:
        try:
            with file.open_anywhere() as stream:
                content = stream.read(MAX_POSTER_BYTES + 1)
        except DataNotFoundError:
            continue
        if len(content) > MAX_POSTER_BYTES:
            raise UnreadableFileError(f"{file} has more than {MAX_POSTER_BYTES:,} bytes")
        return content
    return None
