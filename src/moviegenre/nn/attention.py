"""Attention from one sequence to another."""

import torch
from torch import Tensor, nn

from moviegenre.nn.pooling import masked_softmax


class CrossAttention(nn.Module):
    """A pre-norm block in which a sequence attends to another, with residual connections.

    Reference: Vaswani et al., "Attention is all you need", https://arxiv.org/abs/1706.03762;
    differs in that attention to an empty context adds zero instead of being undefined.

    Args:
        dim: D, the size of the vectors of both sequences; a multiple of ``num_heads``.
        num_heads: Attention heads.
        dropout: Probability of dropping a value of the block's additions.
    """

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query_norm = nn.LayerNorm(dim)
        self.context_norm = nn.LayerNorm(dim)
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.output = nn.Linear(dim, dim)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, states: Tensor, context: Tensor, context_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Attend from ``states`` to ``context``.

        Args:
            states: The query sequence (B, T, D).
            context: The key and value sequence (B, R, D).
            context_mask: True where the context counts (B, R).

        Returns:
            The enriched sequence (B, T, D), and the weights averaged over heads (B, T, R).
        """
        query = self._split(self.query(self.query_norm(states)))
        key, value = self.key_value(self.context_norm(context)).chunk(2, dim=-1)
        key, value = self._split(key), self._split(value)
        scores = torch.einsum("bhtd,bhrd->bhtr", query, key) * query.shape[-1] ** -0.5
        weights = masked_softmax(scores, context_mask[:, None, None, :].expand_as(scores))
        attended = torch.einsum("bhtr,bhrd->bhtd", weights, value).transpose(1, 2).flatten(2)
        present = context_mask.any(dim=1)[:, None, None].to(states.dtype)
        states = states + present * self.dropout(self.output(attended))
        return states + self.dropout(self.feed_forward(states)), weights.mean(dim=1)

    def _split(self, states: Tensor) -> Tensor:
        """Reshape (B, T, D) to (B, heads, T, D / heads)."""
        batch, length, dim = states.shape
        return states.view(batch, length, self.num_heads, dim // self.num_heads).transpose(1, 2)
