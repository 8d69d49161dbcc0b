"""Dropout by bytes: shares, scale, gradients, and where it is used."""

import pytest
import torch
from torch import nn

from moviegenre.nn.dropout import ByteDropout, draw_bytes


@pytest.mark.parametrize(("p", "share"), [(0.1, 26 / 256), (0.5, 0.5), (1.0, 1.0)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_share_is_dropped_and_the_mean_stays(p: float, share: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    dropped = ByteDropout(p)(torch.ones(513, 401, dtype=dtype)).float()
    assert float((dropped == 0).float().mean()) == pytest.approx(share, abs=0.005)
    if share < 1:
        assert float(dropped.mean()) == pytest.approx(1, abs=0.01)
        assert len(dropped.unique()) == 2
    # Each place of eight neighbours is dropped as often.
    by_place = (dropped[:512, :400].reshape(-1, 8) == 0).float().mean(dim=0)
    assert by_place.tolist() == pytest.approx([share] * 8, abs=0.015)


def test_the_gradient_has_the_same_mask() -> None:
    states = torch.rand(64, 32, requires_grad=True)
    dropped = ByteDropout(0.3)(states)
    dropped.sum().backward()
    assert states.grad is not None
    torch.testing.assert_close(dropped.detach(), states.detach() * states.grad)


def test_a_seed_fixes_it_and_evaluation_changes_nothing() -> None:
    dropout, states = ByteDropout(0.2), torch.rand(7, 5)
    torch.manual_seed(3)
    first = dropout(states)
    torch.manual_seed(3)
    assert torch.equal(dropout(states), first)
    assert dropout.eval()(states) is states
    assert ByteDropout(0.0)(states) is not None


def test_each_dropout_of_a_network_is_replaced() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Dropout(0.4), nn.Dropout2d(0.1)))
    network.eval()
    draw_bytes(network)
    inner = network[1]
    assert isinstance(inner, nn.Sequential)
    assert [type(one) for one in inner] == [ByteDropout, nn.Dropout2d]
    assert inner[0].p == 0.4
    assert not inner[0].training
