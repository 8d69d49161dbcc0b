"""Which posters count as nearly the same."""

import io

import numpy as np
from PIL import Image

from moviegenre.studies.audit.poster_pairs import hash_posters, poster_pairs
from tests.planted_movies import patterned_poster
from tests.tiny_movies import png_bytes


def smaller_jpeg(poster: bytes) -> bytes:
    """Return a poster scaled down and compressed hard."""
    stream = io.BytesIO()
    image = Image.open(io.BytesIO(poster)).resize((40, 60))
    image.save(stream, format="JPEG", quality=60)
    return stream.getvalue()


def test_a_scaled_and_recompressed_copy_is_a_pair() -> None:
    original = patterned_poster(1)
    posters = [(3, original), (7, patterned_poster(2)), (9, smaller_jpeg(original))]
    (pair,) = poster_pairs(hash_posters(posters))
    assert (pair.kind, pair.first, pair.second) == ("poster", 3, 9)
    assert pair.similarity >= 1 - 48 / 256


def test_other_posters_are_no_pairs() -> None:
    hashes = hash_posters((seed, patterned_poster(seed)) for seed in range(200))
    assert len(hashes.rows) == 200
    assert poster_pairs(hashes) == []


def test_equal_posters_differ_in_no_bit() -> None:
    hashes = hash_posters([(0, patterned_poster(1)), (1, patterned_poster(1))])
    assert [pair.similarity for pair in poster_pairs(hashes, 0)] == [1.0]


def test_pairs_are_found_across_blocks() -> None:
    posters = [(seed, patterned_poster(seed)) for seed in range(300)]
    posters.append((300, patterned_poster(0)))
    assert [(p.first, p.second) for p in poster_pairs(hash_posters(posters))] == [(0, 300)]


def test_blank_posters_are_not_compared() -> None:
    blank = png_bytes(np.full((30, 20, 3), 200, dtype=np.uint8))
    hashes = hash_posters([(0, blank), (1, blank), (2, patterned_poster(1))])
    assert hashes.low_detail == (0, 1)
    assert hashes.rows.tolist() == [2]


def test_what_does_not_decode_is_passed_over() -> None:
    hashes = hash_posters([(0, b"no image"), (1, patterned_poster(1))])
    assert hashes.rows.tolist() == [1]
    assert poster_pairs(hash_posters([])) == []
