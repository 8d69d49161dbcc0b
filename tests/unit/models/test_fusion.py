"""What the fusions share, and what late fusion adds up."""

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from moviegenre.core.types import Modality
from moviegenre.models.early_fusion import EarlyFusionConfig
from moviegenre.models.fusion import Fusion, hide_modalities, region_mask
from moviegenre.models.late_fusion import LateFusion
from moviegenre.nn.heads import ClassificationHead
from tests.tiny_models import build_tiny
from tests.tiny_movies import tiny_batch


def test_a_share_of_movies_loses_one_modality_each_as_often() -> None:
    torch.manual_seed(0)
    hidden = hide_modalities(tiny_batch(4000), 0.4)
    without_plot, without_poster = ~hidden.has_plot, ~hidden.has_poster
    assert not (without_plot & without_poster).any()
    assert abs(float(without_plot.float().mean()) - 0.2) < 0.03
    assert abs(float(without_poster.float().mean()) - 0.2) < 0.03
    assert torch.equal(hidden.attention_mask.any(dim=1), hidden.has_plot)


def test_no_movie_loses_its_last_modality() -> None:
    torch.manual_seed(0)
    batch = tiny_batch(200, without_plot=range(100), without_poster=range(100, 200))
    hidden = hide_modalities(batch, 0.9)
    assert torch.equal(hidden.has_plot, batch.has_plot)
    assert torch.equal(hidden.has_poster, batch.has_poster)


def test_a_share_of_zero_hides_nothing() -> None:
    batch = tiny_batch(4)
    assert hide_modalities(batch, 0.0) is batch


def test_regions_count_where_there_is_a_poster() -> None:
    mask = region_mask(torch.tensor([True, False]), torch.zeros(2, 3, 8))
    assert mask.tolist() == [[True] * 3, [False] * 3]


def test_modalities_are_hidden_only_while_training(bert_folder: Path) -> None:
    model = build_tiny("early_fusion", bert_folder, modality_dropout=0.9, dropout=0.0)
    for module in model.modules():  # so that nothing but the hiding is random
        if isinstance(module, (nn.Dropout, nn.BatchNorm2d)):
            module.eval()
    batch = tiny_batch(16)
    torch.manual_seed(0)
    with torch.no_grad():
        first, second = model(batch).logits, model(batch).logits
        model.eval()
        assert torch.equal(model(batch).logits, model(batch).logits)
    assert not torch.equal(first, second)


def test_late_fusion_weighs_what_each_modality_says(bert_folder: Path) -> None:
    model = build_tiny("late_fusion", bert_folder).eval()
    assert isinstance(model, LateFusion)
    with torch.no_grad():
        model.plot_weight.copy_(torch.tensor([1.0, 2.0, 0.5]))
        model.poster_weight.copy_(torch.tensor([3.0, 0.0, -1.0]))
        model.bias.copy_(torch.tensor([0.1, 0.2, 0.3]))
        output = model(tiny_batch(4, without_plot=[1, 3], without_poster=[2, 3]))
    plot, poster = output.modality_logits[Modality.PLOT], output.modality_logits[Modality.POSTER]
    both = model.bias + model.plot_weight * plot[0] + model.poster_weight * poster[0]
    torch.testing.assert_close(output.logits[0], both)
    assert torch.equal(output.logits[1], poster[1])  # no plot
    assert torch.equal(output.logits[2], plot[2])  # no poster
    torch.testing.assert_close(output.logits[3], -torch.tensor([0.0, 0.6190392, 0.6190392]))


def test_late_fusion_starts_by_adding_up_independent_evidence(bert_folder: Path) -> None:
    model = build_tiny("late_fusion", bert_folder)
    assert isinstance(model, LateFusion)
    assert model.plot_weight.tolist() == model.poster_weight.tolist() == [1.0] * 3
    assert torch.equal(model.bias, -model.plot_head.output.bias)


@pytest.mark.parametrize("name", ["early_fusion", "attention_fusion"])
def test_films_without_a_plot_may_have_a_head_of_their_own(name: str, bert_folder: Path) -> None:
    batch = tiny_batch(3, without_plot=[1], without_poster=[2])
    plain = build_tiny(name, bert_folder).eval()
    assert Modality.POSTER not in plain(batch).modality_logits
    model = build_tiny(name, bert_folder, poster_hidden_dim=4).eval()
    head = model.head
    assert isinstance(head, ClassificationHead)
    with torch.no_grad():
        before = model(batch)
        head.output.bias.add_(1)
        changed = model(batch).logits - before.logits
    assert torch.equal(before.logits[1], before.modality_logits[Modality.POSTER][1])
    torch.testing.assert_close(changed, torch.tensor([1.0, 0.0, 1.0]).unsqueeze(1).expand(3, 3))


@pytest.mark.parametrize("name", ["early_fusion", "attention_fusion", "late_fusion"])
def test_that_head_starts_as_the_poster_models(name: str, bert_folder: Path) -> None:
    poster = build_tiny("resnet", bert_folder, hidden_dim=4).eval()
    model = build_tiny(name, bert_folder, poster_hidden_dim=4).eval()
    theirs = model.state_dict()
    own = {key: value for key, value in poster.state_dict().items() if key in theirs}
    assert set(own) == set(poster.state_dict())
    model.load_state_dict({**theirs, **own})
    batch = tiny_batch(4, without_plot=range(4))
    with torch.no_grad():
        torch.testing.assert_close(model(batch).logits, poster(batch).logits)


@pytest.mark.parametrize("name", ["early_fusion", "attention_fusion", "late_fusion", "wide_deep"])
def test_that_head_may_stay_as_it_is(name: str, bert_folder: Path) -> None:
    model = build_tiny(
        name,
        bert_folder,
        poster_hidden_dim=4,
        frozen_poster_head=True,
        modality_dropout=0.5,
        poster_encoder={"name": "none", "grid": [2, 2], "frozen": True},
    ).train()
    assert isinstance(model, Fusion)
    assert model.poster_head is not None
    output = model(tiny_batch(8))
    (output.logits.sum() + output.modality_logits[Modality.POSTER].sum()).backward()
    given = {name: p.grad is not None for name, p in model.named_parameters()}
    assert {n for n in given if n.startswith("poster_")} >= {
        n for n, p in model.named_parameters() if not p.requires_grad
    }
    frozen = [n for n in given if n.startswith(("poster_norm", "poster_head"))]
    assert frozen
    assert not any(given[n] for n in frozen), "no gradient reaches it"
    assert any(given.values())
    vectors = torch.ones(2, model.poster_norm.normalized_shape[0])
    once, again = model.poster_head(vectors), model.poster_head(vectors)
    assert torch.equal(once, again)


def test_a_head_that_is_not_there_cannot_be_frozen() -> None:
    with pytest.raises(ValidationError, match="no effect without a head for posters; set poster_h"):
        EarlyFusionConfig(frozen_poster_head=True)
    with pytest.raises(ValidationError, match="frozen_poster_head needs poster_encod"):
        EarlyFusionConfig(frozen_poster_head=True, poster_hidden_dim=0)
