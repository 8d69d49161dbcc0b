"""From many vectors to one."""

import pytest
import torch

from moviegenre.nn.pooling import AttentionPooling, masked_max, masked_mean, masked_softmax

STATES = torch.tensor([[[1.0, -2.0], [3.0, -4.0], [90.0, 90.0]], [[7.0, 8.0]] * 3])
MASK = torch.tensor([[True, True, False], [False, False, False]])


def test_masked_mean() -> None:
    assert masked_mean(STATES, MASK).tolist() == [[2.0, -3.0], [0.0, 0.0]]


def test_masked_max() -> None:
    assert masked_max(STATES, MASK).tolist() == [[3.0, -2.0], [0.0, 0.0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_pooling_keeps_the_dtype(dtype: torch.dtype) -> None:
    for pooled in (masked_mean(STATES.to(dtype), MASK), masked_max(STATES.to(dtype), MASK)):
        assert pooled.dtype is dtype
        assert pooled.isfinite().all()


def test_masked_softmax() -> None:
    scores = torch.tensor([[0.0, 1.0, 50.0], [5.0, 5.0, 5.0]])
    weights = masked_softmax(scores, MASK)
    expected = torch.tensor([[0.0, 1.0]]).softmax(dim=-1)
    torch.testing.assert_close(weights[:1, :2], expected)
    assert weights[0, 2] == 0
    assert weights[1].tolist() == [0.0, 0.0, 0.0]


def test_masked_softmax_has_finite_gradients_where_nothing_counts() -> None:
    scores = torch.randn(2, 3, requires_grad=True)
    torch.autograd.backward(masked_softmax(scores, MASK).square().sum())
    assert scores.grad is not None
    assert scores.grad.isfinite().all()
    assert scores.grad[1].tolist() == [0.0, 0.0, 0.0]


def test_attention_pooling_adds_up_by_its_weights() -> None:
    torch.manual_seed(0)
    pooling = AttentionPooling(2, 4)
    pooled, weights = pooling(STATES, MASK)
    torch.testing.assert_close(weights.sum(dim=1), torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(
        pooled[0], weights[0, 0] * STATES[0, 0] + weights[0, 1] * STATES[0, 1]
    )
    assert pooled[1].tolist() == [0.0, 0.0]


def test_attention_pooling_does_not_see_what_is_masked() -> None:
    torch.manual_seed(0)
    pooling = AttentionPooling(2, 4)
    other = torch.where(MASK.unsqueeze(-1), STATES, torch.full_like(STATES, -5.0))
    assert torch.equal(pooling(STATES, MASK)[0], pooling(other, MASK)[0])
