"""Draws the posters of the example films with Pillow: ``python scripts/draw_examples.py``."""

import json
import math
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont

from moviegenre.examples import FOLDER

WIDTH, HEIGHT = 400, 600
_SCALE = 2  # drawn larger and scaled down, for smooth edges
Colour = tuple[int, int, int]
Pen = ImageDraw.ImageDraw


def _sky(top: Colour, bottom: Colour) -> Image.Image:
    column = Image.new("RGB", (1, HEIGHT))
    for y in range(HEIGHT):
        mixed = [round(a + (b - a) * y / HEIGHT) for a, b in zip(top, bottom, strict=True)]
        column.putpixel((0, y), (mixed[0], mixed[1], mixed[2]))
    return column.resize((WIDTH * _SCALE, HEIGHT * _SCALE))


def _scaled(*points: float) -> list[float]:
    return [point * _SCALE for point in points]


def _lamp(pen: Pen) -> None:
    for step in range(7):  # stairs that go down into the dark
        pen.rectangle(_scaled(40 + 36 * step, 250 + 40 * step, 400, 600), fill=(26 - 3 * step,) * 3)
    for reach, ink in ((95, (58, 20, 14)), (65, (104, 40, 18)), (38, (190, 100, 30))):
        pen.ellipse(_scaled(250 - reach, 210 - reach, 250 + reach, 210 + reach), fill=ink)
    pen.ellipse(_scaled(238, 190, 262, 226), fill=(255, 228, 150))
    pen.ellipse(_scaled(80, 120, 140, 190), fill=(190, 195, 190))  # a pale face
    for x in (95, 117):
        pen.ellipse(_scaled(x, 143, x + 10, 160), fill=(5, 5, 8))
    pen.ellipse(_scaled(102, 166, 118, 186), fill=(5, 5, 8))


def _callisto(pen: Pen) -> None:
    for step in range(90):
        x, y = (step * 97) % WIDTH, (step * 53) % 420
        size = 1 + step % 3 / 2
        pen.ellipse(_scaled(x, y, x + size, y + size), fill=(230, 235, 255))
    pen.ellipse(_scaled(-60, 330, 460, 850), fill=(150, 100, 70))
    for step in range(5):
        pen.arc(_scaled(-60, 350 + 28 * step, 460, 800), 190, 350, fill=(190, 140, 100), width=14)
    hull = _scaled(180, 90, 220, 90, 236, 230, 164, 230)
    pen.polygon(hull, fill=(205, 210, 220))
    pen.polygon(_scaled(164, 230, 236, 230, 200, 330), fill=(255, 130, 30))
    pen.polygon(_scaled(180, 230, 220, 230, 200, 290), fill=(255, 230, 120))
    pen.ellipse(_scaled(188, 120, 212, 144), fill=(50, 180, 220))


def _flour(pen: Pen) -> None:
    for number, ink in enumerate(((255, 160, 180), (255, 250, 240), (190, 120, 70))):
        inset, top = 60 + 34 * (2 - number), 190 + 80 * number
        pen.rounded_rectangle(_scaled(inset, top, WIDTH - inset, top + 80), 24, fill=ink)
    red = (215, 20, 60)
    pen.ellipse(_scaled(160, 100, 202, 142), fill=red)
    pen.ellipse(_scaled(198, 100, 240, 142), fill=red)
    pen.polygon(_scaled(163, 130, 237, 130, 200, 182), fill=red)
    for x in (150, 250):
        pen.ellipse(_scaled(x - 9, 290, x + 9, 314), fill=(60, 40, 20))
    pen.arc(_scaled(150, 290, 250, 350), 10, 170, fill=(60, 40, 20), width=8)


def _dust(pen: Pen) -> None:
    pen.ellipse(_scaled(120, 130, 330, 340), fill=(235, 90, 35))
    pen.polygon(_scaled(0, 400, 110, 280, 170, 400), fill=(140, 60, 35))
    pen.polygon(_scaled(220, 400, 330, 250, 400, 380, 400, 400), fill=(120, 50, 30))
    pen.rectangle(_scaled(0, 395, 400, 600), fill=(190, 120, 65))
    ink = (25, 15, 12)
    pen.rectangle(_scaled(178, 330, 222, 470), fill=ink)  # the man
    pen.polygon(_scaled(160, 470, 200, 360, 240, 470), fill=ink)
    pen.ellipse(_scaled(182, 285, 218, 330), fill=ink)
    pen.ellipse(_scaled(150, 288, 250, 306), fill=ink)
    pen.rectangle(_scaled(178, 262, 222, 298), fill=ink)
    pen.rectangle(_scaled(60, 330, 76, 450), fill=(50, 90, 50))
    pen.rectangle(_scaled(36, 360, 60, 372), fill=(50, 90, 50))
    pen.rectangle(_scaled(36, 340, 46, 372), fill=(50, 90, 50))


def _informant(pen: Pen) -> None:
    for number, height in enumerate((230, 320, 270, 360, 250, 300)):
        left = number * 68
        pen.rectangle(_scaled(left, 480 - height, left + 62, 480), fill=(18, 24, 38))
        for floor in range(height // 40):
            lit = (floor * 7 + number * 3) % 4 == 0
            ink = (240, 205, 110) if lit else (30, 38, 56)
            pen.rectangle(
                _scaled(left + 12, 490 - height + 40 * floor, left + 26, 508 - height + 40 * floor),
                fill=ink,
            )
    pen.rectangle(_scaled(0, 480, 400, 600), fill=(12, 15, 24))
    ink = (6, 7, 10)
    pen.polygon(_scaled(150, 520, 175, 330, 235, 330, 260, 520), fill=ink)  # a coat, a hat
    pen.ellipse(_scaled(180, 270, 230, 332), fill=ink)
    pen.ellipse(_scaled(155, 278, 255, 300), fill=ink)
    pen.rectangle(_scaled(180, 248, 230, 288), fill=ink)
    for step in range(70):
        x, y = (step * 61) % WIDTH, (step * 37) % 480
        pen.line(_scaled(x, y, x - 8, y + 34), fill=(110, 125, 150), width=2)


def _kettle(pen: Pen) -> None:
    pen.ellipse(_scaled(0, 440, 400, 640), fill=(110, 190, 90))
    pen.arc(_scaled(130, 120, 270, 300), 180, 360, fill=(90, 60, 40), width=22)
    pen.ellipse(_scaled(95, 220, 305, 450), fill=(80, 150, 230))
    pen.polygon(_scaled(285, 300, 365, 230, 375, 255, 295, 360), fill=(80, 150, 230))
    for x in (165, 235):
        pen.ellipse(_scaled(x - 24, 280, x + 24, 334), fill=(255, 255, 255))
        pen.ellipse(_scaled(x - 8, 298, x + 12, 324), fill=(30, 30, 40))
    pen.arc(_scaled(160, 330, 240, 400), 10, 170, fill=(30, 30, 60), width=9)
    for step in range(8):
        angle = step * math.pi / 4
        right, down = 70 + 46 * math.cos(angle), 90 + 46 * math.sin(angle)
        pen.line(_scaled(70, 90, right, down), fill=(255, 190, 40), width=10)
    pen.ellipse(_scaled(42, 62, 98, 118), fill=(255, 215, 70))


_DRAWN: dict[str, tuple[Colour, Colour, Callable[[Pen], None]]] = {
    "lamp.webp": ((4, 4, 8), (48, 4, 8), _lamp),
    "callisto.webp": ((4, 6, 30), (40, 30, 90), _callisto),
    "flour.webp": ((255, 226, 130), (255, 246, 214), _flour),
    "dust.webp": ((240, 150, 70), (250, 214, 150), _dust),
    "informant.webp": ((26, 34, 56), (70, 84, 110), _informant),
    "kettle.webp": ((150, 215, 255), (235, 248, 255), _kettle),
}


def draw(name: str, title: str) -> Image.Image:
    """Return a film's poster (RGB, 400 x 600)."""
    top, bottom, shapes = _DRAWN[name]
    image = _sky(top, bottom)
    pen = ImageDraw.Draw(image)
    shapes(pen)
    size = 38 * _SCALE
    while pen.textlength(title, font=ImageFont.load_default(size)) > (WIDTH - 40) * _SCALE:
        size -= 2
    font = ImageFont.load_default(size)
    place = (WIDTH * _SCALE / 2, (HEIGHT - 42) * _SCALE)
    edge = 3 * _SCALE
    pen.text(
        place, title, fill="white", font=font, anchor="mm", stroke_width=edge, stroke_fill="black"
    )
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def main() -> None:
    """Write the posters beside ``examples.json``."""
    for film in json.loads((FOLDER / "examples.json").read_text(encoding="utf-8")):
        if film["poster"]:
            draw(film["poster"], film["title"]).save(FOLDER / film["poster"], quality=82, method=6)


if __name__ == "__main__":
    main()
