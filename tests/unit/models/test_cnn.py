"""The network from scratch."""

from pathlib import Path

import pytest

from moviegenre.core.errors import ConfigError
from moviegenre.data.config import DataConfig
from tests.tiny_models import build_tiny
from tests.tiny_movies import tiny_batch


def test_posters_that_are_too_small_are_refused(bert_folder: Path) -> None:
    model = build_tiny("cnn", bert_folder, downscale=16)  # two blocks halve twice
    with pytest.raises(ConfigError) as error:
        model.check(DataConfig(image_size=(32, 32)))
    assert str(error.value) == (
        "posters of 32 x 32 pixels are too small for cnn; expected at least 64 on either side: "
        "raise data.image_size, or lower model.downscale"
    )
    larger = build_tiny("cnn", bert_folder, downscale=8)
    larger.check(DataConfig(image_size=(32, 32)))
    assert larger(tiny_batch()).logits.shape == (4, 3)
