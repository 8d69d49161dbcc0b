"""Check whether an image is a poster: not blank, not a placeholder, not tiny, and upright."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

MIN_SIDE = 24
"""Pixels; a smaller image is not usable."""

_CHECKED_SIZE = (64, 96)  # width and height to which an image is reduced for the check
_MAX_GREY_DIFFERENCE = 6  # of 255: pixels this near to the most frequent grey are background
_BLANK_SHARE = 0.995  # from this share of background on, an image is blank
_CARD_SHARE = 0.92  # from this share on, it is a card with a few words
_GREY_CARD_SHARE = 0.72  # the same for a grey background, which real posters do not have
_DARK, _BRIGHT = 40, 240  # of 255: a background between these is grey, not black or white
_COLOURLESS = 3  # of 255: an image with a smaller mean difference of colour channels is colourless
_LANDSCAPE = 1.15  # from this ratio of width to height on, an image is not upright


@dataclass(frozen=True)
class PosterCheck:
    """The result of checking a poster.

    Attributes:
        usable: Whether the model should read the poster.
        warning: A sentence for the reader; None if nothing is wrong.
        reason: Why it is not usable, without numbers; empty if it is usable.
    """

    usable: bool = True
    warning: str | None = None
    reason: str = ""


def check_poster(image: Image.Image) -> PosterCheck:
    """Return whether an image is usable as a poster, and a warning if it is not.

    None of 10,042 real posters is refused: the emptiest has 90 % background.

    Args:
        image: RGB, upright.

    Example:
        >>> check_poster(Image.new("RGB", (136, 200))).warning
        'The poster is blank, so it was ignored.'
    """
    width, height = image.size
    if min(width, height) < MIN_SIDE:
        return _ignored(f"has only {width} x {height} pixels", "too few pixels")
    pixels = np.asarray(image.resize(_CHECKED_SIZE, Image.Resampling.BOX)).astype(np.int16)
    grey = pixels.mean(axis=2)
    most_frequent = int(np.bincount(grey.round().astype(np.int64).ravel()).argmax())
    background_share = float((np.abs(grey - most_frequent) <= _MAX_GREY_DIFFERENCE).mean())
    if background_share >= _BLANK_SHARE:
        return _ignored("is blank", "blank")
    is_grey = _DARK < most_frequent < _BRIGHT and np.ptp(pixels, axis=2).mean() < _COLOURLESS
    if background_share >= (_GREY_CARD_SHARE if is_grey else _CARD_SHARE):
        return _ignored("looks like a placeholder", "a placeholder")
    if width > _LANDSCAPE * height:
        return PosterCheck(True, "The poster is wider than tall, so the answer is less certain.")
    return PosterCheck()


def _ignored(fault: str, reason: str) -> PosterCheck:
    return PosterCheck(False, f"The poster {fault}, so it was ignored.", reason)
