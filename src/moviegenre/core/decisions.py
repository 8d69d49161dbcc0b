"""The only sigmoid and the only cut: how logits become probabilities and decisions."""

from typing import overload

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

DEFAULT_THRESHOLD = 0.5  # the reference's; the comparison table keeps it

FloatArray = npt.NDArray[np.floating]
BoolArray = npt.NDArray[np.bool_]


def probabilities(logits: Tensor) -> Tensor:
    """Return independent label probabilities (..., L), float32, for logits (..., L).

    Equal logits have equal probabilities, wherever they stand in the tensor.
    """
    # float32's sigmoid differs in the last bit between a tensor's vectorised body and its tail,
    # which breaks ties at random: the label prior would have a ROC-AUC other than one half.
    return torch.sigmoid(logits.double()).float()


@overload
def decide(probs: Tensor, threshold: float | Tensor = ...) -> Tensor: ...
@overload
def decide(probs: FloatArray, threshold: float | FloatArray = ...) -> BoolArray: ...
def decide(
    probs: Tensor | FloatArray, threshold: float | Tensor | FloatArray = DEFAULT_THRESHOLD
) -> Tensor | BoolArray:
    """Choose the labels whose probability reaches the threshold.

    Args:
        probs: Probabilities (..., L) in [0, 1].
        threshold: One threshold for all labels, or one for each (L,), in [0, 1].

    Returns:
        True where the label is chosen (..., L). A probability equal to its threshold is chosen.

    Example:
        >>> decide(np.array([0.2, 0.5, 0.9])).tolist()
        [False, True, True]
    """
    return probs >= threshold
