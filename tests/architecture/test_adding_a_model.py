"""The page on adding a model is true: its code is run."""

import re
from pathlib import Path
from typing import Any

import torch

from moviegenre.models.base import BuildContext
from tests.tiny_movies import tiny_batch

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-model.md"


def test_the_model_of_the_page_works() -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)
    assert code is not None
    names: dict[str, Any] = {"__name__": "colour"}
    exec(code[1], names)  # the page's own code
    batch = tiny_batch()
    model = names["ColourConfig"]().build(BuildContext(num_labels=3)).eval()
    logits = model(batch).logits
    assert logits.shape == (batch.size, 3)
    assert torch.isfinite(logits).all()
    assert names["ColourConfig"].model_name == "colour"
