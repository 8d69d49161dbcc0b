"""Decode an image in any mode to RGB pixels, and resize it for a model."""

import io
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from moviegenre.core.errors import DataError, shortened
from moviegenre.data.poster_formats import POSTER_FORMATS, describe_other, kinds_text

STORED_HEIGHT = 200
"""The height in pixels of the posters that models are trained on (MM-IMDb's stored posters)."""

MAX_PIXELS = 50_000_000  # 7,000 x 7,000; a larger "poster" is a decompression bomb
SHRINK_SIDE = 240
"""The minimum number of pixels on the shorter side after shrinking while decoding.

A poster of 2 to 3 is 133 pixels wide after the reduction to ``STORED_HEIGHT``. Prepared posters are
not larger, so training and evaluation use the same pixels with and without shrinking.
"""

_FORMATS = tuple(POSTER_FORMATS)
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N")
_MAX_16_BIT = 65535  # white in 16 bits
_BAND_PIXELS = 500_000  # converted at a time, because some conversions block all other threads
_JPEG_START, _JPEG_SCAN = b"\xff\xd8", b"\xff\xda"
_MAX_SCANS = 100  # of a progressive JPEG; each scan takes time for all pixels
_TILE_SIDES = (322, 323)  # tags of TIFF


class PosterError(DataError):
    """An image cannot be decoded."""


def count_pixels(data: bytes) -> int:
    """Return the number of pixels in an encoded image's header, without decoding the image.

    Args:
        data: Its bytes; for other files than ``decode_poster`` accepts, the result is 1.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            return max(1, image.width * image.height)
    except Exception:
        return 1


def decode_poster(data: bytes, *, shrink: bool = False) -> Image.Image:
    """Return an image as RGB, upright; transparent pixels become white.

    Args:
        data: An encoded image in one of ``POSTER_FORMATS``, with any file name; of an animation
            the first frame.
        shrink: Decode a large JPEG at a half, a quarter or an eighth of its size, if its shorter
            side keeps ``SHRINK_SIDE`` pixels. For posters that are resized for a model anyway.

    Raises:
        PosterError: The bytes are no such image, are truncated, or have more than ``MAX_PIXELS``.
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
                image.draft(None, (SHRINK_SIDE, SHRINK_SIDE))  # has an effect only on JPEG
            return upright_rgb(image)
    except PosterError:
        raise
    except UnidentifiedImageError:
        raise PosterError(f"the file is {describe_other(data)}; expected {kinds_text()}") from None
    except Exception as error:  # Pillow's readers raise any exception for a damaged file
        message = shortened(str(error)) or type(error).__name__
        raise PosterError(f"the image cannot be decoded: {message}") from None


def _refuse_large_tiles(image: Image.Image) -> None:
    """Refuse a TIFF with tiles larger than any image: a tile is decoded at once."""
    tags = getattr(image, "tag_v2", {})
    width, height = (tags.get(tag, 0) for tag in _TILE_SIDES)
    if width * height > MAX_PIXELS:
        raise PosterError(
            f"the image has tiles of {width} x {height} pixels; expected at most {MAX_PIXELS:,}"
        )


def upright_rgb(image: Image.Image) -> Image.Image:
    """Return an opened image as RGB, upright; transparent pixels become white.

    Raises:
        PosterError: It has more than ``MAX_PIXELS``.
        OSError: Its file is truncated or damaged.
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
    """Return an image as RGB, converted in bands: a large image at once would need 1 GB.

    Other threads can run between the bands.
    """
    result = Image.new("RGB", image.size)
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        result.paste(to_rgb(image.crop(box)), box)
    return result


def _eight_bit(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Return a function that scales a band of 16-bit pixels to 8 bits; Pillow would clip them."""
    scale = 255 / _MAX_16_BIT
    if image.mode == "I" and np.max(image.getextrema()) <= 255:
        scale = 1.0  # 8 bits in a 32-bit mode; no header field gives the number of bits

    def convert(band: Image.Image) -> Image.Image:
        values = np.asarray(band).clip(0, _MAX_16_BIT).astype(np.float64)
        return Image.fromarray((values * scale).round().astype(np.uint8)).convert("RGB")

    return convert


def _on_white(band: Image.Image) -> Image.Image:
    layered = band.convert("RGBA")
    white = Image.new("RGBA", layered.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, layered).convert("RGB")


def resize_poster(image: Image.Image, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Return an RGB image of any shape as pixels (height, width, 3).

    A higher poster is first reduced to ``STORED_HEIGHT``. Otherwise it would have more detail than
    any training poster.

    The poster is stretched, not cropped or padded: nearly all posters are 2 to 3, and a border
    would change the others more than a slight stretch does.
    """
    if image.height > STORED_HEIGHT:
        stored_width = max(1, round(image.width * STORED_HEIGHT / image.height))
        stored_size = (stored_width, STORED_HEIGHT)
        image = image.resize(stored_size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
