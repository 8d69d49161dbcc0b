"""Near-duplicate posters: all pairs of perceptual hashes within a distance.

The hash has the signs of low frequencies, so scaling, recompression and small changes of colour
hardly change it; a crop or a mirrored image does.

Reference: Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010,
https://www.phash.org/docs/pubs/thesis_zauner.pdf, section 3.2.1; differs in that it uses 16 x 16
frequencies instead of 8 x 8: among 154 million pairs of real posters, the 64 bits of dozens of
different posters were as near as those of equal posters. The package imagehash is not used: its
hash has frequency zero, the brightness, so the distances here would not fit.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from moviegenre.data.posters import PosterError, decode_poster
from moviegenre.studies.audit.movies import AuditMovies
from moviegenre.studies.audit.pairs import Pair

HASH_BITS = 256
DEFAULT_DISTANCE = 48
"""In bits. Real posters at a quarter of their size, or cropped by 2 % on each side, are within."""

LOW_DETAIL = 8.0
"""In grey levels. A poster whose 32 x 32 pixels deviate less is nearly blank: its hash is noise,
and equal blank posters do not mean equal movies."""

_SIDE, _FREQUENCIES = 32, 16
_BLOCK = 128


@dataclass(frozen=True)
class PosterHashes:
    """The hashes of all posters that can be compared.

    Attributes:
        rows: The rows of the movies (P,).
        words: The hashes (P, 4), uint64.
        low_detail: The rows of movies whose poster is too plain for a comparison.
    """

    rows: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint64]
    low_detail: tuple[int, ...]


def poster_pixels(poster: bytes) -> npt.NDArray[np.uint8]:
    """Return a poster as grey pixels (32, 32).

    Raises:
        PosterError: The poster cannot be decoded.
    """
    grey = decode_poster(poster).convert("L")
    small = grey.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(small)


def hash_posters(posters: Iterable[tuple[int, bytes]]) -> PosterHashes:
    """Hash posters by the row of their movie; posters that cannot be decoded are skipped."""
    rows, words, plain = [], [], []
    for row, poster in posters:
        try:
            pixels = poster_pixels(poster)
        except PosterError:
            continue
        if pixels.std() < LOW_DETAIL:
            plain.append(row)
            continue
        rows.append(row)
        words.append(perceptual_hash(pixels))
    stacked = np.stack(words) if words else np.zeros((0, HASH_BITS // 64), np.uint64)
    return PosterHashes(np.array(rows, dtype=np.int64), stacked, tuple(plain))


def perceptual_hash(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Return the hash (4,) of grey pixels (32, 32): the low frequencies above the median."""
    spectrum = _COSINES @ pixels.astype(np.float64) @ _COSINES.T
    bits = spectrum > np.median(spectrum)
    return np.packbits(bits.reshape(-1)).view(np.uint64)


def _cosines() -> npt.NDArray[np.float64]:
    """Return the rows (16, 32) of the discrete cosine transform, without frequency zero."""
    position, frequency = np.arange(_SIDE), np.arange(1, _FREQUENCIES + 1)[:, None]
    waves: npt.NDArray[np.float64] = np.cos(np.pi * frequency * (2 * position + 1) / (2 * _SIDE))
    return waves


_COSINES = _cosines()


def poster_pairs(hashes: PosterHashes, distance: int = DEFAULT_DISTANCE) -> list[Pair]:
    """Return all pairs of posters whose hashes differ in at most ``distance`` of 256 bits."""
    pairs: list[Pair] = []
    words = hashes.words
    for start in range(0, len(words), _BLOCK):
        block, later = words[start : start + _BLOCK], words[start:]
        bits = np.zeros((len(block), len(later)), dtype=np.uint16)
        for word in range(words.shape[1]):
            bits += np.bitwise_count(block[:, word, None] ^ later[None, :, word])
        for first, second in np.argwhere(bits <= distance).tolist():
            if first < second:
                similarity = 1 - int(bits[first, second]) / HASH_BITS
                row_a, row_b = int(hashes.rows[start + first]), int(hashes.rows[start + second])
                pairs.append(Pair("poster", row_a, row_b, similarity))
    return pairs


def find_poster_pairs(movies: AuditMovies, distance: int) -> tuple[list[Pair], tuple[int, ...]]:
    """Return the pairs of nearly equal posters, and the movies whose poster is too plain."""
    hashes = hash_posters(movies.posters())
    return poster_pairs(hashes, distance), hashes.low_detail
