"""The only sigmoid and the only cut: how logits become probabilities and decisions.

Both refuse what is not finite, so that it is never an answer.
"""

from typing import overload

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from moviegenre.core.errors import NotFiniteError

DEFAULT_THRESHOLD = 0.5  # the reference's; the comparison table keeps it

FloatArray = npt.NDArray[np.floating]
BoolArray = npt.NDArray[np.bool_]

_SMALLEST = 1e-7  # a probability of exactly 0 or 1 has no log-odds
_LARGEST = 700.0  # log-odds beyond which the exponential overflows


def probabilities(logits: Tensor) -> Tensor:
    """Return independent label probabilities (..., L), float32, for logits (..., L).

    Equal logits have equal probabilities, wherever they stand in the tensor.

    Raises:
        NotFiniteError: A logit is NaN or infinite.
    """
    require_finite(logits, "logits")
    # float32's sigmoid differs in the last bit between a tensor's vectorised body and its tail,
    # which breaks ties at random: the label prior would have a ROC-AUC other than one half.
    return torch.sigmoid(logits.double()).float()


def log_odds(probs: FloatArray) -> npt.NDArray[np.float64]:
    """Return the log-odds of probabilities, which stay finite for 0 and 1."""
    clipped = np.clip(np.asarray(probs, dtype=np.float64), _SMALLEST, 1 - _SMALLEST)
    odds: npt.NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
    return odds


def from_log_odds(odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the probabilities of log-odds, however large these are."""
    probs: npt.NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(odds, -_LARGEST, _LARGEST)))
    return probs


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

    Raises:
        NotFiniteError: A probability is NaN or infinite.

    Example:
        >>> decide(np.array([0.2, 0.5, 0.9])).tolist()
        [False, True, True]
    """
    require_finite(probs, "probabilities")
    return probs >= threshold


def require_finite(values: Tensor | FloatArray, what: str) -> None:
    """Refuse values of which one is NaN or infinite.

    Args:
        values: Of any shape.
        what: Their name, for the message.

    Raises:
        NotFiniteError: There is one.
    """
    finite = torch.isfinite(values) if isinstance(values, Tensor) else np.isfinite(values)
    if not bool(finite.all()):
        bad = int((~finite).sum())
        raise NotFiniteError(
            f"{bad:,} of {int(np.prod(values.shape)):,} {what} are NaN or infinite; expected "
            "numbers: the model's weights or its calibration are damaged, or its training "
            "diverged (lower its rates); train, export or fetch it again"
        )
