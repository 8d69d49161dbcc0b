"""TEMPORARY: replaced by the data helper's file of the same interface."""
import io
import numpy as np
import numpy.typing as npt
from PIL import Image
from moviegenre.core.errors import DataError


class PosterError(DataError):
    """TEMPORARY."""


def decode_poster(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def resize_poster(image: Image.Image, height: int, width: int) -> npt.NDArray[np.uint8]:
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
