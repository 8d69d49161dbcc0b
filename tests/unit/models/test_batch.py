"""What goes into a model."""

from dataclasses import fields, replace

import pytest
import torch
from torch import Tensor

from moviegenre.core.types import Modality
from moviegenre.models.batch import Batch, batch_loader
from tests.tiny_movies import tiny_batch, tiny_movies, tiny_tokenizer


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


@pytest.mark.parametrize(("device", "in_background"), [("cuda", True), ("cpu", False)])
def test_only_copies_to_a_gpu_go_on_in_the_background(
    monkeypatch: pytest.MonkeyPatch, device: str, in_background: bool
) -> None:
    seen: list[tuple[str, bool]] = []

    def to(tensor: Tensor, device: str, *, non_blocking: bool) -> Tensor:
        seen.append((device, non_blocking))
        return tensor

    monkeypatch.setattr(Tensor, "to", to)
    tiny_batch(2).to(device)
    assert seen == [(device, in_background)] * 7


@pytest.mark.parametrize("has_gpu", [True, False])
def test_batches_lie_in_pinned_memory_where_there_is_a_gpu(
    monkeypatch: pytest.MonkeyPatch, has_gpu: bool
) -> None:
    pinned: list[Tensor] = []

    def pin_memory(tensor: Tensor) -> Tensor:
        pinned.append(tensor)
        return tensor

    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    monkeypatch.setattr(Tensor, "pin_memory", pin_memory)
    movies = tiny_movies(2).tensors(tiny_tokenizer())
    assert batch_loader(movies, [[0, 1]]).pin_memory is has_gpu
    batch = tiny_batch(2)
    assert batch.pin_memory().input_ids is batch.input_ids
    assert len(pinned) == 7


def test_a_row_beyond_the_last_stands_for_no_movie() -> None:
    movies = tiny_movies(3).tensors(tiny_tokenizer())
    real, none = batch_loader(movies, [[2], [3]])
    assert real.index.tolist() == [2]
    assert none.size == 1
    assert real.labels is not None
    assert none.labels is not None
    assert not real.labels.isnan().any()
    assert none.labels.isnan().all()
