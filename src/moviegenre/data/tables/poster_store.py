"""Posters in an object store."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from moviegenre.core.errors import DataNotFoundError, shortened
from moviegenre.core.reading import UnreadableFileError
from moviegenre.data.limits import MAX_POSTER_BYTES
from moviegenre.data.placeholders import is_poster_placeholder
from moviegenre.data.storage import StoreFile, is_address
from moviegenre.data.tables.cells import cell_text
from moviegenre.data.tables.poster_files import MissingPosterError, refuse_address, spellings


class PosterStore:
    """The folder of an object store that names of posters are relative to.

    Args:
        address: The folder, such as ``s3://bucket/posters``.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def opened(self) -> AbstractContextManager[object]:
        """Return a context that keeps nothing open."""
        return nullcontext()

    def place(self, name: str) -> Path:
        """Return the name, as nothing of it lies on the disk."""
        return Path(name)

    def find(self, name: str) -> bytes | None:
        """Return a poster's bytes; None where the name stands for none, such as ``N/A``.

        Args:
            name: Relative to the folder, or a whole address.

        Raises:
            MissingPosterError: There is no such file.
            UnreadableFileError: It is too large.
            DataError: The store cannot be reached.
        """
        name = name.strip()
        if not name or is_poster_placeholder(name):
            return None
        files = self._files(name)
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

    def names_files(self, cells: Iterable[object]) -> bool:
        """Return whether one of some cells is the name of a file here."""
        names = (cell_text(cell).strip() for cell in cells)
        try:
            return any(
                file.is_file()
                for name in names
                if name and not is_poster_placeholder(name)
                for file in self._files(name)
            )
        except MissingPosterError:  # addresses of the web
            return False

    def _files(self, name: str) -> list[StoreFile]:
        if is_address(name):
            return [StoreFile(name)]
        refuse_address(name)
        return [StoreFile(f"{self.address}/{one.lstrip('/')}") for one in spellings(name)]
