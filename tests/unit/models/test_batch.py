"""What goes into a model."""

from dataclasses import fields, replace

import torch

from moviegenre.core.types import Modality
from moviegenre.models.batch import Batch
from tests.tiny_movies import tiny_batch


def test_hiding_a_plot_masks_it() -> None:
    batch = tiny_batch(3)
    hidden = batch.without(Modality.PLOT)
    assert not hidden.has_plot.any()
    assert not hidden.attention_mask.any()
    assert hidden.has_poster.all()
    assert torch.equal(hidden.image, batch.image)
    assert batch.has_plot.all()


def test_hiding_a_poster_masks_it_and_does_not_blacken_it() -> None:
    batch = tiny_batch(3)
    hidden = batch.without(Modality.POSTER)
    assert not hidden.has_poster.any()
    assert hidden.has_plot.all()
    assert torch.equal(hidden.attention_mask, batch.attention_mask)
    assert torch.equal(hidden.image, batch.image)


def test_moving_keeps_everything() -> None:
    batch = replace(tiny_batch(3), labels=None, plot_states=torch.ones(3, 4, 5))
    moved = batch.to("cpu")
    for name in (field.name for field in fields(Batch)):
        before, after = getattr(batch, name), getattr(moved, name)
        assert before is after is None or torch.equal(before, after)
    assert batch.to("meta").image.device.type == "meta"
    assert moved.size == 3
