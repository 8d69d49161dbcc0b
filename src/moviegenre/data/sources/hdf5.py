"""``multimodal_imdb.hdf5`` of MM-IMDb's authors; needs the extra ``hdf5``.

Reference: https://github.com/johnarevalo/gmu-mmimdb (``make_dataset.py`` writes it, ``vgg.py``
prepares the posters); see docs/mmimdb.md. ``metadata.npy``, published with it, is a pickle and is
not opened.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from moviegenre.core.errors import DataError, MissingExtraError
from moviegenre.core.reading import open_regular, raise_system_error
from moviegenre.core.types import Split
from moviegenre.data.limits import MAX_FILES, MAX_GENRES
from moviegenre.data.records import MovieSource, RawMovie, clean_names
from moviegenre.data.sources.split_files import SPLIT_WORDS
from moviegenre.data.unpacking import error_text

FILE_SUFFIXES = (".hdf5", ".h5")

_NUM_PUBLISHED = 25_959
_PUBLISHED_SPLIT = {Split.TRAIN: 15_552, Split.VAL: 18_160, Split.TEST: _NUM_PUBLISHED}
"""The end of each split; MultiBench uses these numbers."""

_MEANS = np.array([103, 116, 123], dtype=np.int32)  # of blue, green and red, rounded down
_ROWS = 64  # posters read at a time
_MAX_SIDE = 4_096
_MAX_CHUNK_BYTES = 256 << 20
_JPEG_QUALITY = 92


class MultimodalIMDb(MovieSource):
    """The authors' HDF5 file: ids, genres, split and posters.

    Args:
        path: The file.

    Raises:
        MissingExtraError: h5py is not installed.
        DataError: The file is damaged, or another HDF5 file.
    """

    has_plots = False
    sha256_of = "its ids, genres and split"
    form = (
        "multimodal_imdb.hdf5 of MM-IMDb's authors: ids, genres, split and small posters; it has "
        "no plot text, so it serves models of posters and checks of labels alone"
    )

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as file:
            self._genres = _genre_names(file)
            flags = _dataset(file, "genres", 2)
            ids = _dataset(file, "imdb_ids", 1)
            images = _dataset(file, "images", 4)
            num_movies = len(ids)
            if (
                flags.shape != (num_movies, len(self._genres))
                or len(images) != num_movies
                or num_movies > MAX_FILES
            ):
                raise ValueError(
                    f"{num_movies:,} ids, {len(images):,} posters, genres {flags.shape} for "
                    f"{len(self._genres)} names"
                )
            if images.shape[1] != 3 or max(images.shape[2:]) > _MAX_SIDE:
                raise ValueError(f"posters of {images.shape[1:]}, expected 3 colours")
            self._ids = [_text(value) for value in ids[:]]
            self._flags = np.asarray(flags[:]) > 0
            self._split = _split(file, num_movies)
        self.has_split = any(split is not None for split in self._split)
        self.lacks = ", ".join(split.value for split in Split if split not in self._split)
        parts = (str(self._ids), str(self._genres), str(self._split))
        digest = hashlib.sha256("\n".join(parts).encode())
        digest.update(self._flags.tobytes())
        self.sha256 = digest.hexdigest()

    def __iter__(self) -> Iterator[RawMovie]:
        """Yield every film, in the file's order."""
        with self._open() as file:
            images = _dataset(file, "images", 4)
            for start in range(0, len(self._ids), _ROWS):
                block = np.asarray(images[start : start + _ROWS])
                for index, pixels in enumerate(block, start=start):
                    movie = self._ids[index]
                    names = zip(self._genres, self._flags[index], strict=True)
                    yield RawMovie(
                        id=movie,
                        genres=tuple(name for name, has_genre in names if has_genre),
                        poster=_encoded(pixels),
                        poster_name=f"{movie}.jpeg",
                        split=self._split[index],
                    )

    @contextmanager
    def _open(self) -> Iterator[Any]:
        try:
            import h5py
        except ModuleNotFoundError:
            raise MissingExtraError("h5py", "hdf5", "reading multimodal_imdb.hdf5") from None
        open_regular(self._path).close()
        try:
            with h5py.File(self._path, "r") as file:
                yield file
        except DataError:
            raise
        except Exception as error:  # h5py raises any exception for a damaged file
            raise_system_error(error, self._path)
            raise DataError(
                f"{self._path} cannot be read as multimodal_imdb.hdf5: {error_text(error)}; is it "
                "whole, and the file of MM-IMDb's authors?"
            ) from None


def _dataset(file: Any, name: str, num_axes: int) -> Any:  # noqa: ANN401 - h5py has no types
    """Return an array of the file; arrays in other files are refused."""
    import h5py

    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"no array {name!r}")
    array = file[name]
    if not isinstance(array, h5py.Dataset) or len(array.shape) != num_axes:
        raise ValueError(f"{name!r} is no array with {num_axes} axes")
    if array.external or array.is_virtual:
        raise ValueError(f"{name!r} is stored in another file")
    chunk = int(np.prod(array.chunks or (0,))) * array.dtype.itemsize
    if chunk > _MAX_CHUNK_BYTES:
        raise ValueError(f"{name!r} has pieces of {chunk:,} bytes")
    return array


def _genre_names(file: Any) -> tuple[str, ...]:  # noqa: ANN401
    names = clean_names(json.loads(_text(_dataset(file, "genres", 2).attrs["target_names"])))
    if not 0 < len(names) <= MAX_GENRES:
        raise ValueError(f"{len(names):,} genres")
    return names


def _split(file: Any, num_movies: int) -> list[Split | None]:  # noqa: ANN401
    """Return each film's split: from Fuel's attribute ``split``, else the published one."""
    splits: list[Split | None] = [None] * num_movies
    if "split" not in file.attrs:
        start = 0
        for published, stop in _PUBLISHED_SPLIT.items() if num_movies == _NUM_PUBLISHED else ():
            splits[start:stop] = [published] * (stop - start)
            start = stop
        return splits
    for row in file.attrs["split"]:
        split = SPLIT_WORDS.get(_text(row["split"]))
        start, stop = int(row["start"]), int(row["stop"])
        if (
            _text(row["source"]) == "genres"
            and split is not None
            and 0 <= start <= stop <= num_movies
        ):
            splits[start:stop] = [split] * (stop - start)
    return splits


def _text(value: object) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _encoded(pixels: npt.NDArray[Any]) -> bytes:
    """Return a poster as JPEG.

    The file has VGG's input: blue, green, red minus their means, truncated to whole numbers.

    Args:
        pixels: (3, H, W).
    """
    bgr = pixels.astype(np.int32).transpose(1, 2, 0)
    rgb = (bgr + _MEANS + (bgr > 0)).clip(0, 255).astype(np.uint8)[..., ::-1]
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(stream, "JPEG", quality=_JPEG_QUALITY)
    return stream.getvalue()
