"""The classification head: from an embedding to logits."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from moviegenre.core.errors import ConfigError


class ClassificationHead(nn.Module):
    """Dropout, an optional hidden layer, and a logit for each label.

    The last bias starts at the log-odds of the label frequencies, so that training begins at the
    prior instead of at one half (Lin et al., "Focal loss", https://arxiv.org/abs/1708.02002, 3.3).

    Args:
        dim: D, the size of the embedding.
        num_labels: L.
        hidden_dim: Width of the hidden layer; 0 for none.
        dropout: Probability of dropping a value of each layer's input.
        label_frequencies: Share of positives of each label (L,), in (0, 1); None starts at zero.
        members: The number of heads of equal width that share the hidden layer. In training, each
            example uses one head at random; in evaluation, the logits are the mean of all heads,
            which is better than one head. Training needs ``members`` times the epochs.

    Raises:
        ConfigError: ``hidden_dim`` is not a multiple of ``members``.
    """

    def __init__(
        self,
        dim: int,
        num_labels: int,
        *,
        hidden_dim: int = 0,
        dropout: float = 0.1,
        label_frequencies: Sequence[float] | None = None,
        members: int = 1,
    ) -> None:
        super().__init__()
        if members > 1 and (not hidden_dim or hidden_dim % members):
            raise ConfigError(
                f"a hidden layer of {hidden_dim} cannot be cut into {members} heads of equal width"
            )
        self.members = members
        layers: list[nn.Module] = [nn.Dropout(dropout)]
        if hidden_dim:
            layers += [nn.Linear(dim, hidden_dim), nn.GELU(), nn.Dropout(dropout)]
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(hidden_dim or dim, num_labels)
        nn.init.normal_(self.output.weight, std=0.02)
        nn.init.zeros_(self.output.bias)
        if label_frequencies is not None:
            odds = [math.log(p / (1 - p)) for p in label_frequencies]
            with torch.no_grad():
                self.output.bias.copy_(torch.tensor(odds))

    def forward(self, embedding: Tensor) -> Tensor:
        """Return logits (B, L) for embeddings (B, D)."""
        hidden: Tensor = self.hidden(embedding)
        if self.training and self.members > 1:
            member = torch.randint(self.members, (len(hidden), 1), device=hidden.device)
            units = torch.arange(hidden.shape[1], device=hidden.device) * self.members
            hidden = hidden * (self.members * (units // hidden.shape[1] == member))
        logits: Tensor = self.output(hidden)
        return logits
