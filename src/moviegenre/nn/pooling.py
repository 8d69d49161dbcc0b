"""Pool many vectors into one: masked mean, maximum and attention pooling."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def masked_mean(states: Tensor, mask: Tensor) -> Tensor:
    """Average the unmasked vectors.

    Args:
        states: Vectors (B, T, D).
        mask: True where a vector counts (B, T).

    Returns:
        Averages (B, D); zeros if no vector counts.
    """
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)


def masked_max(states: Tensor, mask: Tensor) -> Tensor:
    """Take the largest unmasked value of every dimension.

    Args:
        states: Vectors (B, T, D).
        mask: True where a vector counts (B, T).

    Returns:
        Maxima (B, D); zeros if no vector counts.
    """
    lowest = torch.finfo(states.dtype).min
    largest = states.masked_fill(~mask.unsqueeze(-1), lowest).amax(dim=1)
    return largest.masked_fill(~mask.any(dim=1, keepdim=True), 0.0)


def grid_mean(maps: Tensor, grid: tuple[int, int]) -> Tensor:
    """Average maps over a grid of cells, which may differ in size.

    ONNX has no such operator. The average is linear and the sizes are known, so the export to ONNX
    uses a matrix product over rows and another over columns.

    Args:
        maps: Maps (B, D, H, W).
        grid: Rows and columns of cells.

    Returns:
        Averages (B, D, rows, columns).
    """
    if not torch.onnx.is_in_onnx_export():
        return functional.adaptive_avg_pool2d(maps, grid)
    height, width = (int(size) for size in maps.shape[2:])
    rows, columns = _averages(height, grid[0]), _averages(width, grid[1])
    return rows.to(maps) @ maps @ columns.T.to(maps)


def _averages(size: int, cells: int) -> Tensor:
    """Return a matrix (cells, size) with the averages of PyTorch's adaptive pooling."""
    matrix = torch.zeros(cells, size)
    for cell in range(cells):
        start, end = cell * size // cells, -(-(cell + 1) * size // cells)
        matrix[cell, start:end] = 1 / (end - start)
    return matrix


class AttentionPooling(nn.Module):
    """Weigh vectors by a learned score and add them up.

    Reference: Bahdanau, Cho and Bengio, "Neural machine translation by jointly learning to align
    and translate", https://arxiv.org/abs/1409.0473; differs in that the query is a parameter.

    Args:
        dim: D, the size of the vectors.
        hidden_dim: Width of the scoring layer.
    """

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(dim, hidden_dim), nn.Tanh(), nn.Linear(hidden_dim, 1))

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Pool the unmasked vectors.

        Args:
            states: Vectors (B, T, D).
            mask: True where a vector counts (B, T).

        Returns:
            The pooled vectors (B, D), and the weights (B, T), which sum to one; both are zero if no
            vector counts.
        """
        weights = masked_softmax(self.score(states).squeeze(-1), mask)
        return torch.einsum("bt,btd->bd", weights, states), weights


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Return softmax weights over the unmasked scores of the last dimension.

    Args:
        scores: Any real numbers (..., T).
        mask: True where a score counts (..., T).

    Returns:
        Weights (..., T); all zero if no score counts.
    """
    lowest = torch.finfo(scores.dtype).min
    weights = scores.masked_fill(~mask, lowest).softmax(dim=-1)
    return weights * mask.to(weights.dtype)
