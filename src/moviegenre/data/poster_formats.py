"""The image formats of posters: the one list for all code that reads posters."""

from typing import Literal, NamedTuple

ImageKind = Literal["JPEG", "PNG", "WEBP", "AVIF", "JPEG2000", "GIF", "BMP", "TIFF", "PPM"]
"""Pillow's names of the supported formats."""


class PosterFormat(NamedTuple):
    """A kind of image.

    Attributes:
        title: Its name for people.
        media_type: Its name on the web.
        suffixes: The endings of its files, in lower case.
    """

    title: str
    media_type: str
    suffixes: tuple[str, ...]


POSTER_FORMATS: dict[ImageKind, PosterFormat] = {
    "JPEG": PosterFormat("JPEG", "image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif")),
    "PNG": PosterFormat("PNG", "image/png", (".png",)),
    "WEBP": PosterFormat("WebP", "image/webp", (".webp",)),
    "AVIF": PosterFormat("AVIF", "image/avif", (".avif",)),
    "JPEG2000": PosterFormat("JPEG 2000", "image/jp2", (".jp2", ".j2k", ".jpx")),
    "GIF": PosterFormat("GIF", "image/gif", (".gif",)),
    "BMP": PosterFormat("BMP", "image/bmp", (".bmp",)),
    "TIFF": PosterFormat("TIFF", "image/tiff", (".tif", ".tiff")),
    "PPM": PosterFormat("PPM", "image/x-portable-pixmap", (".ppm", ".pgm", ".pbm", ".pnm")),
}
"""The formats by Pillow's names. Unsupported: TGA, because it has no signature and any file could
look like one; ICO, because the image sizes are unknown before decoding; HEIC, because of Pillow.
"""

POSTER_SUFFIXES = tuple(suffix for kind in POSTER_FORMATS.values() for suffix in kind.suffixes)

_SIGNATURES = (
    (0, b"\0\0\1\0", "an ICO picture"),
    (0, b"icns", "an ICNS picture"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"%PDF", "a PDF"),
    (0, b"%!PS", "a PostScript file"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (4, b"JXL ", "a JPEG XL picture"),
    (0, b"DDS ", "a DDS picture"),
    (0, b"qoif", "a QOI picture"),
    (18 - 44, b"TRUEVISION-XFILE", "a TGA picture"),
)
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_TGA_TYPES, _TGA_DEPTHS = (1, 2, 3, 9, 10, 11), (8, 16, 24, 32)


def kinds_text(kinds: tuple[ImageKind, ...] = tuple(POSTER_FORMATS)) -> str:
    """Return the names of some formats, as a part of a sentence.

    Example:
        >>> kinds_text(("JPEG", "WEBP"))
        'JPEG or WebP'
    """
    *titles, last = (POSTER_FORMATS[kind].title for kind in kinds)
    return f"{', '.join(titles)} or {last}" if titles else last


def describe_other(data: bytes) -> str:
    """Return the type of a file that is not an image in these formats, with its article.

    Example:
        >>> describe_other(b"<!doctype html><title>404</title>")
        'a web page'
    """
    if not data:
        return "empty"
    for offset, signature, name in _SIGNATURES:
        if data[offset:].startswith(signature):
            return name
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return "an HEIC picture"
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if b"<svg" in start:
        return "an SVG drawing"
    if len(data) > 18 and data[1] < 2 and data[2] in _TGA_TYPES and data[16] in _TGA_DEPTHS:
        return "a TGA picture"
    return "no image of a kind that is read"
