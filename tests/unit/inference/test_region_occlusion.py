"""Regions of a poster count where they stand out, were not blank, and a blur does the same."""

from collections.abc import Sequence

import numpy as np

from moviegenre.inference.films import Film
from moviegenre.inference.occlusion import AnyModel, Floats
from moviegenre.inference.region_occlusion import (
    POSTER_GRID,
    RegionEffects,
    occlude_regions,
    without_regions,
)

ROWS, COLUMNS = POSTER_GRID
EYES = (slice(20, 40), slice(40, 80))  # region 6, in the second row and column


def film() -> Film:
    """Return a film whose poster is noise in the upper half, and black in the lower."""
    pixels = np.random.default_rng(0).integers(0, 256, (140, 200, 3)).astype(np.uint8)
    pixels[80:] = 0
    return Film("", np.zeros(0, dtype=np.int32), pixels)


def effects(score: "np.ufunc | object") -> RegionEffects:
    def ask(films: Sequence[Film]) -> Floats:
        scores = [score(one.poster.astype(float)) for one in films]  # type: ignore[operator, union-attr]
        return np.array(scores, dtype=np.float32)[:, None]

    return occlude_regions(AnyModel(ask), film(), [0])


def test_a_region_that_the_model_looks_at_holds() -> None:
    found = effects(lambda pixels: pixels[EYES].std() / 50)
    assert np.argwhere(found.holds[0]).tolist() == [[1, 1]]
    assert found.values[0, 1, 1] > 1
    assert found.without.shape == (ROWS * COLUMNS, 1)


def test_a_blank_region_never_holds() -> None:
    found = effects(lambda pixels: 3 - pixels[120:, :40].mean() / 20)
    assert not found.holds.any()
    assert not found.values.any()


def test_an_effect_of_the_paint_does_not_hold() -> None:
    """The model sees the patch: what has one colour without being blank in the poster."""

    def has_a_flat_patch(pixels: Floats) -> float:
        return -2.0 * float(pixels[EYES].std() == 0)

    assert effects(lambda pixels: has_a_flat_patch(pixels)).holds.any() == np.False_


def test_equal_effects_everywhere_do_not_hold() -> None:
    assert not effects(lambda pixels: pixels[:80].std(axis=(0, 1)).mean()).holds.any()


def test_a_poster_of_one_colour_has_no_regions() -> None:
    plain = Film("", np.zeros(0, dtype=np.int32), np.full((70, 50, 3), 9, dtype=np.uint8))
    found = occlude_regions(
        AnyModel(lambda films: np.ones((len(films), 1), np.float32)), plain, [0]
    )
    assert not found.holds.any()


def test_only_the_region_is_painted_over() -> None:
    one = film()
    assert one.poster is not None
    for blurred in (False, True):
        painted = without_regions(one, [6], POSTER_GRID, blurred=blurred).poster
        assert painted is not None
        changed = (painted != one.poster).any(axis=2)
        assert changed[EYES].mean() > 0.9
        changed[EYES] = False
        assert not changed.any()
