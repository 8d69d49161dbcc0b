"""Decoding posters of every mode and refusing what is none."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from moviegenre.data import posters
from moviegenre.data.poster_formats import POSTER_FORMATS, describe_other
from moviegenre.data.posters import (
    SHRINK_SIDE,
    PosterError,
    count_pixels,
    decode_poster,
    resize_poster,
    upright_rgb,
)

RED, WHITE = (255, 0, 0), (255, 255, 255)


def encode(image: Image.Image, image_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=image_format, **options)
    return stream.getvalue()


def colour(data: bytes) -> tuple[int, ...]:
    """Return the colour of the first pixel of a decoded poster."""
    image = decode_poster(data)
    assert image.mode == "RGB"
    assert image.size == (4, 6)
    return tuple(int(value) for value in np.asarray(image)[0, 0])


@pytest.mark.parametrize("image_format", POSTER_FORMATS)
def test_every_format_is_decoded(image_format: str) -> None:
    data = encode(Image.new("RGB", (4, 6), RED), image_format)
    assert np.allclose(colour(data), RED, atol=3)


@pytest.mark.parametrize(
    ("image", "image_format", "expected"),
    [
        (Image.new("L", (4, 6), 100), "JPEG", (100, 100, 100)),
        (Image.new("1", (4, 6), 1), "PNG", WHITE),
        (Image.new("CMYK", (4, 6), (0, 255, 255, 0)), "JPEG", RED),
        (Image.new("RGB", (4, 6), RED).convert("P"), "PNG", RED),
        (Image.new("RGBA", (4, 6), (255, 0, 0, 255)), "PNG", RED),
        (Image.new("RGBA", (4, 6), (255, 0, 0, 0)), "PNG", WHITE),
        (Image.new("RGBA", (4, 6), (0, 0, 0, 51)), "PNG", (204, 204, 204)),
        (Image.new("LA", (4, 6), (0, 0)), "PNG", WHITE),
        (Image.new("I;16", (4, 6), 65535), "PNG", WHITE),
        (Image.new("I;16", (4, 6), 257 * 100), "PNG", (100, 100, 100)),
        (Image.new("I;16", (4, 6), 255), "PNG", (1, 1, 1)),
        (Image.new("I", (4, 6), 257 * 100), "TIFF", (100, 100, 100)),
        (Image.new("I", (4, 6), 100), "TIFF", (100, 100, 100)),
    ],
    ids=[
        *("grey", "black and white", "cmyk", "palette", "opaque", "transparent", "half"),
        *("grey transparent", "16 bit white", "16 bit grey", "16 bit dark", "32 bit", "32 bit low"),
    ],
)
def test_every_mode_becomes_rgb(
    image: Image.Image, image_format: str, expected: tuple[int, ...]
) -> None:
    assert np.allclose(colour(encode(image, image_format)), expected, atol=3)


def test_a_transparent_palette_colour_becomes_white() -> None:
    image = Image.new("RGB", (4, 6), RED).convert("P", palette=Image.Palette.ADAPTIVE)
    assert colour(encode(image, "PNG", transparency=image.getpixel((0, 0)))) == WHITE


def test_an_image_is_turned_as_its_exif_says() -> None:
    image = Image.new("RGB", (6, 4), WHITE)
    image.paste(RED, (0, 0, 3, 4))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned a quarter to the right
    turned = decode_poster(encode(image, "PNG", exif=exif))
    assert turned.size == (4, 6)
    assert turned.getpixel((0, 0)) == RED
    assert turned.getpixel((0, 5)) == WHITE


OTHERS = {
    "a web page": b"<html>404 not found</html>",
    "an SVG drawing": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "a PDF": b"%PDF-1.7\n",
    "a Photoshop file": b"8BPS\0\1",
    "an HEIC picture": b"\0\0\0\x18ftypheic\0\0\0\0",
    "a JPEG XL picture": b"\xff\x0a\xfa\x7f",
    "a TGA picture": encode(Image.new("RGB", (4, 6), RED), "TGA"),
    "an ICO picture": encode(Image.new("RGB", (16, 16), RED), "ICO"),
    "no image of a kind that is read": b"hello",
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_kind_of_file_is_named(name: str) -> None:
    with pytest.raises(PosterError, match=f"^the file is {name}; expected JPEG, PNG, .* or PPM$"):
        decode_poster(OTHERS[name])


def test_no_bytes_and_a_tga_without_its_footer_are_named() -> None:
    with pytest.raises(PosterError, match=r"^the image is empty; expected JPEG, PNG, .* or PPM$"):
        decode_poster(b"")
    assert describe_other(OTHERS["a TGA picture"][:-26]) == "a TGA picture"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_a_cut_off_image_is_refused(image_format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 40, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), image_format)
    with pytest.raises(PosterError, match=r"^the image cannot be decoded: "):
        decode_poster(data[: len(data) * 2 // 3])


def test_too_many_pixels_are_refused_before_they_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(posters, "MAX_PIXELS", 1000)
    with pytest.raises(PosterError) as error:
        decode_poster(encode(Image.new("L", (50, 30)), "PNG"))
    assert str(error.value) == "the image has 50 x 30 pixels; expected at most 1,000"


def test_a_decompression_bomb_is_refused() -> None:
    # 179 million pixels is where Pillow itself refuses to open; the bytes are few.
    with pytest.raises(PosterError, match=r"^the image cannot be decoded: .*decompression bomb"):
        decode_poster(encode(Image.new("1", (20_000, 9_000)), "PNG"))


@given(st.data())
def test_damage_is_refused_or_decoded_but_never_crashes(data: st.DataObject) -> None:
    image_format = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "BMP"]))
    content = bytearray(encode(Image.new("RGB", (8, 12), RED), image_format))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    outcome: str
    try:
        outcome = decode_poster(bytes(content)).mode
    except PosterError as error:
        outcome = str(error)
    assert outcome == "RGB" or outcome.startswith("the ")


def test_resizing_gives_rows_of_pixels() -> None:
    pixels = resize_poster(Image.new("RGB", (40, 60), RED), height=30, width=10)
    assert pixels.shape == (30, 10, 3)
    assert pixels.dtype == np.uint8
    assert pixels[15, 5].tolist() == list(RED)


def test_a_large_poster_looks_like_a_small_one() -> None:
    random = np.random.default_rng(0)
    rough = Image.fromarray(random.integers(0, 256, (25, 17, 3), dtype=np.uint8))
    small = rough.resize((136, 200), Image.Resampling.BICUBIC)
    large = small.resize((680, 1000), Image.Resampling.BICUBIC)
    as_stored, enlarged = (resize_poster(image, 224, 160).astype(int) for image in (small, large))
    assert np.abs(enlarged - as_stored).mean() < 1.0
    # Detail that only the large file has is gone.
    noise = random.integers(-60, 61, (1000, 680, 3))
    noisy = Image.fromarray((np.asarray(large) + noise).clip(0, 255).astype(np.uint8))
    assert np.abs(resize_poster(noisy, 224, 160).astype(int) - as_stored).mean() < 12.0


def test_an_opened_image_is_brought_into_form_like_its_bytes() -> None:
    clear = Image.new("LA", (3, 2), (0, 0))
    assert upright_rgb(clear).getpixel((0, 0)) == (255, 255, 255)
    with pytest.raises(PosterError, match=r"has 10000 x 5001 pixels; expected at most 50,000,000"):
        upright_rgb(Image.new("1", (10_000, 5_001)))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16", "I"])
def test_bands_have_the_pixels_of_the_whole(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).integers(0, 256, size=(37, 23, 4), dtype=np.uint8)
    image = Image.fromarray(values)
    kind = "PNG"
    if mode in ("I;16", "I"):
        kind = "TIFF"
        deep = values[..., 0].astype(np.uint16) * 257
        image = Image.fromarray(deep if mode == "I;16" else deep.astype(np.int32))
    elif mode != "RGBA":
        image = image.convert(mode)
    options = {"transparency": 3} if mode == "P" else {}
    data = encode(image, kind, **options)
    whole = np.asarray(decode_poster(data))
    monkeypatch.setattr(posters, "_BAND_PIXELS", 100)  # four rows at a time
    assert np.array_equal(np.asarray(decode_poster(data)), whole)
    if mode == "RGBA":
        alpha = values[..., 3:] / 255
        expected = values[..., :3] * alpha + 255 * (1 - alpha)
        assert np.abs(whole - expected).max() <= 1


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2 * SHRINK_SIDE - 1, 4000), (2 * SHRINK_SIDE - 1, 4000)),
        ((2 * SHRINK_SIDE, 1500), (SHRINK_SIDE, 750)),
        ((1000, 1500), (250, 375)),
        ((5000, 5000), (625, 625)),
    ],
)
def test_large_jpegs_are_decoded_smaller_where_that_is_wanted(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    data = encode(Image.new("RGB", size, RED), "JPEG")
    assert decode_poster(data, shrink=True).size == expected
    assert decode_poster(data).size == size


def test_a_rotated_jpeg_is_decoded_smaller_and_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    data = encode(Image.new("RGB", (4096, 2048), RED), "JPEG", exif=exif)
    assert decode_poster(data, shrink=True).size == (256, 512)


def test_other_formats_keep_their_size() -> None:
    for kind in ("PNG", "WEBP"):
        data = encode(Image.new("RGB", (1100, 1200), RED), kind)
        assert decode_poster(data, shrink=True).size == (1100, 1200)


def test_a_poster_decoded_smaller_has_nearly_the_same_pixels_for_a_model() -> None:
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, size=(30, 20, 3), dtype=np.uint8))
    data = encode(coarse.resize((2000, 3000), Image.Resampling.BICUBIC), "JPEG", quality=90)
    whole = resize_poster(decode_poster(data), 224, 160).astype(int)
    small = resize_poster(decode_poster(data, shrink=True), 224, 160).astype(int)
    assert np.abs(whole - small).max() <= 6
    assert np.abs(whole - small).mean() < 0.7


def test_pixels_are_counted_by_the_head() -> None:
    data = encode(Image.new("RGB", (300, 200), RED), "PNG")
    assert count_pixels(data) == 60_000
    assert count_pixels(data[:60]) == 60_000
    for broken in (b"", b"<html>", data[:20]):
        assert count_pixels(broken) == 1
    with pytest.raises(PosterError):
        decode_poster(data[:60])
