"""From encoded image bytes to RGB pixels, whatever the mode, and to the size models take."""

import io
import warnings

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from moviegenre.core.errors import DataError

STORED_HEIGHT = 200
"""The height in pixels of the posters that models are trained on (MM-IMDb's, as they are kept)."""

MAX_PIXELS = 50_000_000  # 7,000 x 7,000; a larger "poster" is a decompression bomb
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N")
_DEEPEST = 65535  # white in 16 bits


class PosterError(DataError):
    """An image cannot be decoded."""


def decode_poster(data: bytes) -> Image.Image:
    """Return an image as RGB, upright; what is transparent becomes white.

    Args:
        data: An encoded JPEG, PNG, WebP, GIF, BMP or TIFF, whatever its file was called; of an
            animation the first frame is taken.

    Raises:
        PosterError: The bytes are no such image, are cut off, or hold more than ``MAX_PIXELS``.
    """
    if not data:
        raise PosterError("the image is empty; expected an encoded JPEG or PNG")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is checked later; odd metadata is harmless
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
            return upright_rgb(image)
    except PosterError:
        raise
    except UnidentifiedImageError:
        raise PosterError("the bytes are no image; expected a JPEG or PNG") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PosterError(f"the image cannot be decoded: {error}") from None


def upright_rgb(image: Image.Image) -> Image.Image:
    """Return an opened image as RGB, upright; what is transparent becomes white.

    Raises:
        PosterError: It holds more than ``MAX_PIXELS``.
        OSError: Its file is cut off or damaged.
    """
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PosterError(
            f"the image has {width} x {height} pixels; expected at most {MAX_PIXELS:,}"
        )
    image.load()
    return _to_rgb(ImageOps.exif_transpose(image))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in _SIXTEEN_BIT:  # Pillow would clip at 255 instead of scaling
        scaled = np.asarray(image).astype(np.float64) * (255 / _DEEPEST)
        return Image.fromarray(scaled.round().astype(np.uint8)).convert("RGB")
    if image.mode == "I":  # 16 bits, or fewer, in a 32-bit mode; which is not written anywhere
        values = np.asarray(image).clip(0, _DEEPEST).astype(np.float64)
        scale = 255 / _DEEPEST if values.max(initial=0) > 255 else 1.0
        return Image.fromarray((values * scale).round().astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layered).convert("RGB")
    return image.convert("RGB")


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
