"""Posters in an object store."""

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

    A name may also be a whole address in a store.

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
            files = [StoreFile(f"{self.address}/{path.lstrip('/')}") for path in spellings(name)]
        for file in files:
            try:
                with file.open_anywhere() as stream:
                    content = stream.read(MAX_POSTER_BYTES + 1)
            except DataNotFoundError:
                continue
            if len(content) > MAX_POSTER_BYTES:
                raise UnreadableFileError(f"{file} has more than {MAX_POSTER_BYTES:,} bytes")
            return content
        hint = "does not exist; expected a poster's file"
        raise MissingPosterError(f"{shortened(str(files[0]))} {hint}", hint)
