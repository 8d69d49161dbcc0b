"""Blank pictures and placeholders are no posters; drawn ones are."""

import pytest
from PIL import Image, ImageDraw

from moviegenre.data.poster_check import check_poster


def _drawing(size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", (136, 200), (30, 30, 60))
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 30, 100, 110), fill=(220, 60, 40))
    draw.rectangle((10, 130, 126, 170), fill=(240, 220, 120))
    return image.resize(size)


def _card(background: tuple[int, int, int], text: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (136, 200), background)
    ImageDraw.Draw(image).text((20, 90), "NO POSTER\nAVAILABLE", fill=text)
    return image


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (Image.new("RGB", (136, 200)), "is blank"),
        (Image.new("RGB", (136, 200), (255, 255, 255)), "is blank"),
        (Image.new("RGB", (1, 1)), "has only 1 x 1 pixels"),
        (Image.new("RGB", (10, 500)), "has only 10 x 500 pixels"),
        (_card((200, 200, 200), (90, 90, 90)), "looks like a placeholder"),
        (_card((10, 60, 160), (255, 255, 255)), "looks like a placeholder"),
    ],
)
def test_what_is_no_poster_is_ignored(image: Image.Image, reason: str) -> None:
    check = check_poster(image)
    assert not check.usable
    assert check.warning == f"The poster {reason}, so it was ignored."


@pytest.mark.parametrize(
    ("size", "warning"),
    [
        ((136, 200), None),
        ((1000, 1500), None),
        ((300, 200), "The poster is wider than tall, so the answer is less certain."),
    ],
)
def test_a_poster_is_looked_at(size: tuple[int, int], warning: str | None) -> None:
    check = check_poster(_drawing(size))
    assert (check.usable, check.warning) == (True, warning)
