"""Attention from one sequence to another."""

import torch

from moviegenre.nn.attention import CrossAttention


def block() -> CrossAttention:
    torch.manual_seed(0)
    return CrossAttention(dim=8, num_heads=2, dropout=0.5).eval()


def test_shapes_and_weights() -> None:
    context_mask = torch.tensor([[True, True, False], [True, True, True]])
    states, weights = block()(torch.randn(2, 5, 8), torch.randn(2, 3, 8), context_mask)
    assert states.shape == (2, 5, 8)
    assert weights.shape == (2, 5, 3)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 5))
    assert weights[0, :, 2].abs().sum() == 0


def test_masked_context_is_not_seen() -> None:
    attention, states, context = block(), torch.randn(1, 5, 8), torch.randn(1, 3, 8)
    mask = torch.tensor([[True, True, False]])
    changed = context.clone()
    changed[:, 2] += 3.0
    assert torch.equal(attention(states, context, mask)[0], attention(states, changed, mask)[0])
    changed[:, 1] += 3.0
    assert not torch.equal(attention(states, context, mask)[0], attention(states, changed, mask)[0])


def test_a_query_with_nothing_to_attend_to_keeps_its_own_content() -> None:
    attention, states, context = block(), torch.randn(1, 5, 8), torch.randn(1, 3, 8)
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    enriched, weights = attention(states, context, nothing)
    torch.testing.assert_close(enriched, states + attention.feed_forward(states))
    assert weights.abs().sum() == 0


def test_it_agrees_with_pytorchs_own_attention() -> None:
    attention, states, context = block(), torch.randn(2, 5, 8), torch.randn(2, 3, 8)
    mask = torch.tensor([[True, True, False], [True, True, True]])
    reference = torch.nn.MultiheadAttention(8, 2, batch_first=True).eval()
    with torch.no_grad():
        reference.in_proj_weight.copy_(
            torch.cat([attention.query.weight, attention.key_value.weight])
        )
        reference.in_proj_bias.copy_(torch.cat([attention.query.bias, attention.key_value.bias]))
        reference.out_proj.load_state_dict(attention.output.state_dict())
        query, keys = attention.query_norm(states), attention.context_norm(context)
        mixed, expected_weights = reference(query, keys, keys, key_padding_mask=~mask)
        enriched, weights = attention(states, context, mask)
        expected = states + mixed
        expected = expected + attention.feed_forward(expected)
    torch.testing.assert_close(weights, expected_weights, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(enriched, expected, atol=1e-5, rtol=1e-4)
