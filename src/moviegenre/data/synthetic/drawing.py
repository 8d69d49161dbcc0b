"""Posters of made-up movies, drawn with Pillow: a lead genre's colours, a motif for each genre."""

import math
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 136, 200
Colour = tuple[int, int, int]
Motif = Callable[[ImageDraw.ImageDraw, float, float, float], None]

_PALETTES: dict[str, tuple[Colour, Colour]] = {  # top and bottom of the sky
    "Drama": ((120, 130, 140), (200, 190, 175)),
    "Comedy": ((255, 225, 80), (255, 245, 200)),
    "Romance": ((250, 170, 190), (255, 225, 230)),
    "Thriller": ((40, 45, 50), (90, 95, 100)),
    "Action": ((200, 70, 20), (255, 170, 60)),
    "Crime": ((50, 70, 100), (120, 140, 165)),
    "Horror": ((5, 5, 10), (45, 0, 5)),
    "Adventure": ((90, 180, 210), (190, 225, 160)),
    "Sci-Fi": ((5, 10, 60), (40, 60, 150)),
    "Fantasy": ((90, 50, 140), (200, 150, 220)),
    "War": ((85, 90, 55), (150, 145, 100)),
    "Western": ((230, 150, 80), (240, 210, 150)),
}
_NEUTRAL = ("Drama", "Crime", "Comedy")
_CELLS = ((0.30, 0.36), (0.70, 0.36), (0.30, 0.66), (0.70, 0.66))  # centres of motifs


def draw_poster(shown: list[str], title: str, rng: random.Random) -> Image.Image:
    """Return a poster (RGB, 136 x 200).

    Args:
        shown: Names of the genres that it shows; the lead genre decides the colours.
        title: The title at the bottom.
        rng: The generator of positions and colours.
    """
    lead = rng.choice(shown) if shown else rng.choice(_NEUTRAL)
    image = _sky(*(_jitter(colour, rng) for colour in _PALETTES[lead]))
    pen = ImageDraw.Draw(image)
    cells = rng.sample(_CELLS, len(_CELLS))
    for genre, (x, y) in zip(shown, cells, strict=False):
        size = rng.uniform(20, 30)
        x_shift, y_shift = rng.uniform(-6, 6), rng.uniform(-8, 8)
        _MOTIFS[genre](pen, x * WIDTH + x_shift, y * HEIGHT + y_shift, size)
    ink = (255, 255, 255) if sum(image.getpixel((4, HEIGHT - 10))) < 380 else (20, 20, 20)  # type: ignore[arg-type]
    pen.text((8, HEIGHT - 20), title, fill=ink, font=ImageFont.load_default(size=11))
    return image


def _sky(top: Colour, bottom: Colour) -> Image.Image:
    column = Image.new("RGB", (1, HEIGHT))
    for y in range(HEIGHT):
        share = y / (HEIGHT - 1)
        mixed = [round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True)]
        column.putpixel((0, y), (mixed[0], mixed[1], mixed[2]))
    return column.resize((WIDTH, HEIGHT))


def _jitter(colour: Colour, rng: random.Random) -> Colour:
    red, green, blue = (max(0, min(255, value + rng.randint(-15, 15))) for value in colour)
    return red, green, blue


def _figure(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    ink = (35, 35, 40)
    pen.ellipse((x - size / 4, y - size, x + size / 4, y - size / 2), fill=ink)
    pen.polygon([(x, y - size / 2), (x - size / 2, y + size), (x + size / 2, y + size)], fill=ink)


def _face(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    pen.ellipse((x - size, y - size, x + size, y + size), fill=(255, 205, 40), outline=(60, 40, 0))
    for side in (-1, 1):
        eye = x + side * size / 3
        pen.ellipse((eye - 3, y - size / 3 - 3, eye + 3, y - size / 3 + 3), fill=(60, 40, 0))
    box = (x - size / 2, y - size / 3, x + size / 2, y + size / 2)
    pen.arc(box, 10, 170, fill=(60, 40, 0), width=3)


def _heart(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    red, half = (215, 20, 60), size / 2
    pen.ellipse((x - size, y - size, x, y), fill=red)
    pen.ellipse((x, y - size, x + size, y), fill=red)
    pen.polygon(
        [(x - size * 0.93, y - half * 0.6), (x + size * 0.93, y - half * 0.6), (x, y + size)],
        fill=red,
    )


def _slash(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    pen.line((x - size, y + size, x + size, y - size), fill=(200, 0, 0), width=7)
    pen.ellipse((x - 5, y - 5, x + 5, y + 5), outline=(255, 255, 255), width=2)


def _burst(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    points = []
    for step in range(20):
        reach = size * (1.2 if step % 2 else 0.5)
        angle = step * math.pi / 10
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    pen.polygon(points, fill=(255, 240, 80), outline=(255, 60, 0))


def _skyline(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    for step, tall in enumerate((0.7, 1.3, 0.9, 1.1)):
        left = x - size + step * size / 2
        pen.rectangle(
            (left, y + size - 2 * size * tall / 1.3, left + size / 2 - 2, y + size),
            fill=(20, 25, 45),
        )
        pen.rectangle((left + 3, y, left + 6, y + 3), fill=(255, 220, 120))


def _moon(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    pen.ellipse((x - size, y - size, x + size, y + size), fill=(225, 225, 205))
    for shift in (-0.4, 0, 0.4):
        pen.line(
            (x + shift * size, y - size, x + shift * size - 6, y + size), fill=(120, 0, 0), width=4
        )


def _mountains(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    for shift, tall in ((-0.5, 1.0), (0.4, 1.4)):
        peak = (x + shift * size, y + size - tall * size * 1.5)
        base = [(peak[0] - size * 0.8, y + size), (peak[0] + size * 0.8, y + size)]
        pen.polygon([peak, *base], fill=(40, 110, 60))
        pen.polygon(
            [peak, (peak[0] - 6, peak[1] + 12), (peak[0] + 6, peak[1] + 12)], fill=(250, 250, 250)
        )


def _planet(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    pen.ellipse(
        (x - size * 0.7, y - size * 0.7, x + size * 0.7, y + size * 0.7), fill=(60, 200, 210)
    )
    pen.ellipse(
        (x - size * 1.2, y - size * 0.25, x + size * 1.2, y + size * 0.25),
        outline=(235, 235, 255),
        width=3,
    )
    for step in range(6):
        star = (x + size * math.cos(step), y - size * 1.2 * abs(math.sin(2 * step)))
        pen.ellipse((star[0] - 1, star[1] - 1, star[0] + 1, star[1] + 1), fill=(255, 255, 255))


def _castle(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    stone = (70, 40, 90)
    pen.rectangle((x - size * 0.8, y, x + size * 0.8, y + size), fill=stone)
    for shift in (-0.8, 0.0, 0.8):
        left = x + shift * size * 0.8
        pen.rectangle((left - 5, y - size * 0.6, left + 5, y), fill=stone)
        pen.polygon(
            [(left - 7, y - size * 0.6), (left + 7, y - size * 0.6), (left, y - size * 1.1)],
            fill=(250, 200, 60),
        )


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    pen.rectangle((x - size, y + size * 0.5, x + size, y + size * 0.8), fill=(50, 55, 30))
    points = []
    for step in range(10):
        reach = size * (0.8 if step % 2 == 0 else 0.35)
        angle = -math.pi / 2 + step * math.pi / 5
        points.append((x + reach * math.cos(angle), y - size * 0.2 + reach * math.sin(angle)))
    pen.polygon(points, fill=(150, 20, 20))


def _desert(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    pen.ellipse((x - size * 0.8, y - size, x + size * 0.8, y + size * 0.6), fill=(215, 60, 30))
    green = (60, 110, 50)
    pen.rectangle((x - 4, y - size * 0.3, x + 4, y + size), fill=green)
    pen.rectangle((x - size * 0.6, y, x, y + 6), fill=green)
    pen.rectangle((x - size * 0.6, y - size * 0.4, x - size * 0.6 + 6, y + 6), fill=green)


_MOTIFS: dict[str, Motif] = {
    "Drama": _figure,
    "Comedy": _face,
    "Romance": _heart,
    "Thriller": _slash,
    "Action": _burst,
    "Crime": _skyline,
    "Horror": _moon,
    "Adventure": _mountains,
    "Sci-Fi": _planet,
    "Fantasy": _castle,
    "War": _star,
    "Western": _desert,
}
