"""A caller's poster in any form: a path, bytes, an open file, pixels or a mapping."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from moviegenre.core.errors import InputError, missing_path_message, shortened
from moviegenre.core.reading import (
    MissingFileError,
    NotAFileError,
    UnreadableFileError,
    at_home,
    read_bounded,
)
from moviegenre.data.limits import MAX_POSTER_BYTES
from moviegenre.data.placeholders import is_poster_placeholder
from moviegenre.data.posters import PosterError, decode_poster, upright_rgb
from moviegenre.data.tables.cells import picture_cell
from moviegenre.data.tables.poster_files import PosterFolder, spellings


class BinaryFile(Protocol):
    """An open file, or another object with its method ``read``, such as ``io.BytesIO``."""

    def read(self, size: int, /) -> Any:  # noqa: ANN401 - a file may be open as text
        """Return at most so many bytes from its position."""


Poster = (str | Path | bytes | bytearray | memoryview | BinaryFile | Image.Image) | (
    npt.NDArray[Any] | Mapping[str, Any] | None
)
"""A path, encoded bytes, an open file, a PIL image, pixels (H, W, 3 or 4) or (H, W), a mapping with
one of these as ``bytes`` or ``path``, or None."""


def read_poster(poster: Poster) -> Image.Image:
    """Return a poster as an upright RGB image.

    A file and encoded bytes may be shrunk while they are decoded, see ``decode_poster``.

    Raises:
        InputError: The file does not exist, or the value has another type.
        PosterError: The file or the bytes are no image.
    """
    if isinstance(poster, str | Path):
        return _read_file(find_poster(str(poster)) or _missing_path(str(poster)))
    if isinstance(poster, bytes | bytearray | memoryview):
        return decode_poster(bytes(poster), shrink=True)
    if isinstance(poster, np.ndarray):
        return upright_rgb(Image.fromarray(_pixels(poster)))
    if isinstance(poster, Image.Image):
        try:
            return upright_rgb(poster)
        except (OSError, SyntaxError, ValueError) as error:
            raise PosterError(f"the image cannot be decoded: {error}") from None
    if poster is not None and hasattr(poster, "read"):
        return decode_poster(_content(poster), shrink=True)
    raise InputError(
        f"a poster is {type(poster).__name__}; expected a path, bytes, an open file, a PIL image "
        "or an array"
    )


def find_poster(name: str) -> Path | None:
    r"""Return the file of a poster; None if there is none.

    A name is tried unchanged, then as in a table: with ``\` as ``/``, ``%20`` as a space, without
    ``file://``, and in another case.
    """
    path = at_home(Path(name))
    return path if os.path.lexists(path) else PosterFolder(Path()).existing(spellings(name))


def _missing_path(name: str) -> Path:
    """Return a path that does not exist, for the message."""
    is_file_address = name.lower().startswith("file:")
    return Path(spellings(name)[0]) if is_file_address else at_home(Path(name))


def named_poster(poster: Poster) -> Poster:
    """Return a poster out of its mapping; None for an empty cell or a placeholder.

    Args:
        poster: See ``Poster``.

    Raises:
        InputError: The mapping has other keys.
    """
    if isinstance(poster, Mapping):
        if not poster.keys() & {"bytes", "path"}:
            keys = shortened(", ".join(map(str, poster))) or "no keys"
            raise InputError(f"a poster is a mapping of {keys}; expected bytes or path")
        poster = picture_cell(poster)
    if isinstance(poster, str) and (not poster.strip() or is_poster_placeholder(poster.strip())):
        return None
    return poster


def _content(file: BinaryFile) -> bytes:
    """Return the bytes of an open file from its position, which stays as it is if it can.

    Raises:
        InputError: The file is not open for reading bytes, or it is too large.
    """
    name = f"the poster's file ({type(file).__name__})"
    start = None
    with suppress(AttributeError, OSError, ValueError):  # a stream has no position
        start = file.tell()  # type: ignore[attr-defined]
    try:
        content = file.read(MAX_POSTER_BYTES + 1)
        if start is not None:
            file.seek(start)  # type: ignore[attr-defined]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{name} cannot be read: {error}; open it for reading bytes") from None
    if not isinstance(content, bytes | bytearray):
        found = type(content).__name__
        raise InputError(f"{name} gives {found}, expected bytes; open it with mode 'rb'")
    if len(content) > MAX_POSTER_BYTES:
        raise InputError(f"{name} has more than {MAX_POSTER_BYTES:,} bytes; expected an image")
    return bytes(content)


def _read_file(path: Path) -> Image.Image:
    try:
        return decode_poster(read_bounded(path, MAX_POSTER_BYTES, "a poster's file"), shrink=True)
    except MissingFileError:
        step = "leave the poster out to predict from the plot"
        raise InputError(missing_path_message(path, "a poster's file", step)) from None
    except NotAFileError as error:
        raise InputError(str(error)) from None
    except UnreadableFileError as error:
        raise PosterError(str(error)) from None
    except PosterError as error:
        raise PosterError(f"{path}: {error}") from None


def _pixels(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    is_image = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if array.dtype != np.uint8 or not is_image or 0 in array.shape:
        raise InputError(
            f"a poster is an array of {array.dtype} with shape {array.shape}; expected uint8 "
            "pixels (H, W), (H, W, 3) or (H, W, 4)"
        )
    return array
