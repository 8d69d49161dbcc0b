"""From encoded image bytes to RGB pixels, whatever the mode, and to the size models take."""

import io
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from moviegenre.core.errors import DataError, shortened
from moviegenre.data.poster_formats import POSTER_FORMATS, describe_other, kinds_text

STORED_HEIGHT = 200
"""The height in pixels of the posters that models are trained on (MM-IMDb's, as they are kept)."""

MAX_PIXELS = 50_000_000  # 7,000 x 7,000; a larger "poster" is a decompression bomb
SHRINK_SIDE = 240
"""Pixels of the shorter side below which no poster is shrunk while it is decoded.

A poster of 2 to 3 is 133 pixels wide when it is reduced to ``STORED_HEIGHT``. Prepared posters are
no larger, so training and evaluation see the same pixels with and without it.
"""

_FORMATS = tuple(POSTER_FORMATS)
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N")
_DEEPEST = 65535  # white in 16 bits
_BAND_PIXELS = 500_000  # converted at a time: some conversions keep every other thread waiting
_JPEG_START, _JPEG_SCAN = b"\xff\xd8", b"\xff\xda"
_MAX_SCANS = 100  # of a progressive JPEG; each costs time for all pixels
_TILE_SIDES = (322, 323)  # tags of TIFF


class PosterError(DataError):
    """An image cannot be decoded."""


def count_pixels(data: bytes) -> int:
    """Return how many pixels an encoded image says it has, without decoding it.

    Args:
        data: Its bytes; 1 where they are no image that ``decode_poster`` takes.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            return max(1, image.width * image.height)
    except Exception:
        return 1


def decode_poster(data: bytes, *, shrink: bool = False) -> Image.Image:
    """Return an image as RGB, upright; what is transparent becomes white.

    Args:
        data: An encoded image of a kind in ``POSTER_FORMATS``, whatever its file was called; of an
            animation the first frame is taken.
        shrink: Decode a large JPEG at a half, a quarter or an eighth of its size, where its shorter
            side keeps ``SHRINK_SIDE`` pixels. For posters that are resized for a model anyway.

    Raises:
        PosterError: The bytes are no such image, are cut off, or hold more than ``MAX_PIXELS``.
    """
    if not data:
        raise PosterError(f"the image is empty; expected {kinds_text()}")
    if data.startswith(_JPEG_START) and data.count(_JPEG_SCAN) > _MAX_SCANS:
        raise PosterError(f"the image has more than {_MAX_SCANS} scans; expected 10 at most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is checked later; odd metadata is harmless
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
            _require_size(image)
            _refuse_large_tiles(image)
            if shrink:
                image.draft(None, (SHRINK_SIDE, SHRINK_SIDE))  # only JPEG has such a thing
            return upright_rgb(image)
    except PosterError:
        raise
    except UnidentifiedImageError:
        raise PosterError(f"the file is {describe_other(data)}; expected {kinds_text()}") from None
    except Exception as error:  # Pillow's readers raise whatever a damaged file leads them to
        message = shortened(str(error)) or type(error).__name__
        raise PosterError(f"the image cannot be decoded: {message}") from None


def _refuse_large_tiles(image: Image.Image) -> None:
    """Refuse a TIFF with tiles larger than any image: each is decoded as a whole."""
    tags = getattr(image, "tag_v2", {})
    width, height = (tags.get(tag, 0) for tag in _TILE_SIDES)
    if width * height > MAX_PIXELS:
        raise PosterError(
            f"the image has tiles of {width} x {height} pixels; expected at most {MAX_PIXELS:,}"
        )


def upright_rgb(image: Image.Image) -> Image.Image:
    """Return an opened image as RGB, upright; what is transparent becomes white.

    Raises:
        PosterError: It holds more than ``MAX_PIXELS``.
        OSError: Its file is cut off or damaged.
    """
    _require_size(image)
    image.load()
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:  # the camera was turned
        image = ImageOps.exif_transpose(image)
    return _to_rgb(image)


def _require_size(image: Image.Image) -> None:
    """Refuse an image of more than ``MAX_PIXELS`` before it is decoded."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PosterError(
            f"the image has {width} x {height} pixels; expected at most {MAX_PIXELS:,}"
        )


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in (*_SIXTEEN_BIT, "I"):
        return _by_bands(image, _eight_bit(image))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        return _by_bands(image, _on_white)
    return image.convert("RGB")


def _by_bands(image: Image.Image, to_rgb: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Return an image as RGB, converted in bands: a large one would need 1 GB as a whole.

    Other threads have their turn between the bands.
    """
    result = Image.new("RGB", image.size)
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        result.paste(to_rgb(image.crop(box)), box)
    return result


def _eight_bit(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Return what scales a band of 16-bit pixels to 8 bits, which Pillow would clip at 255."""
    scale = 255 / _DEEPEST
    if image.mode == "I" and np.max(image.getextrema()) <= 255:
        scale = 1.0  # fewer bits in a 32-bit mode, which is not written anywhere

    def convert(band: Image.Image) -> Image.Image:
        values = np.asarray(band).clip(0, _DEEPEST).astype(np.float64)
        return Image.fromarray((values * scale).round().astype(np.uint8)).convert("RGB")

    return convert


def _on_white(band: Image.Image) -> Image.Image:
    layered = band.convert("RGBA")
    white = Image.new("RGBA", layered.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, layered).convert("RGB")


def resize_poster(image: Image.Image, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Return an RGB image as pixels (height, width, 3), whatever its shape was.

    A poster with more rows than ``STORED_HEIGHT`` is reduced to that many first. Otherwise a large
    file would show a model more detail than any poster it was trained on.

    The whole poster is kept and its proportions are not: nearly all are 2 to 3, and a border would
    tell the odd ones apart more than a slight stretch does.
    """
    if image.height > STORED_HEIGHT:
        stored_width = max(1, round(image.width * STORED_HEIGHT / image.height))
        stored_size = (stored_width, STORED_HEIGHT)
        image = image.resize(stored_size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
