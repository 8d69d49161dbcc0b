"""The only sigmoid and the only threshold: how logits become probabilities and decisions.

Both refuse NaN and infinity, so no answer contains them.
"""

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import NotFiniteError

DEFAULT_THRESHOLD = 0.5  # of the reference; also in the comparison table

FloatArray = npt.NDArray[np.floating]
BoolArray = npt.NDArray[np.bool_]

_MIN_PROB = 1e-7  # a probability of exactly 0 or 1 has no log-odds
_MAX_LOG_ODDS = 700.0  # log-odds beyond which the exponential overflows


def probabilities(logits: FloatArray) -> npt.NDArray[np.float32]:
    """Return independent label probabilities (..., L), float32, for logits (..., L).

    Equal logits have equal probabilities at all positions of the array. They are computed in
    float64, because float32 may differ in the last bit between the body and the tail of an array.

    Raises:
        NotFiniteError: A logit is NaN or infinite.
    """
    require_finite(logits, "logits")
    return from_log_odds(np.asarray(logits, dtype=np.float64)).astype(np.float32)


def log_odds(probs: FloatArray) -> npt.NDArray[np.float64]:
    """Return the log-odds of probabilities, finite also for 0 and 1."""
    clipped_probs = np.clip(np.asarray(probs, dtype=np.float64), _MIN_PROB, 1 - _MIN_PROB)
    odds: npt.NDArray[np.float64] = np.log(clipped_probs) - np.log1p(-clipped_probs)
    return odds


def from_log_odds(odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the probabilities of log-odds of any size."""
    probs: npt.NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(odds, -_MAX_LOG_ODDS, _MAX_LOG_ODDS)))
    return probs


def mean_by_film(
    probs: FloatArray, films: npt.NDArray[np.int64], num_films: int
) -> npt.NDArray[np.float64]:
    """Return the mean probability of each film (N, L) over its texts.

    Args:
        probs: Probabilities of texts (T, L).
        films: The row of each text's film (T,); every film has at least one text.
        num_films: The number of films N.

    Example:
        >>> mean_by_film(np.array([[0.2], [0.4], [1.0]]), np.array([0, 0, 1]), 2).round(2).tolist()
        [[0.3], [1.0]]
    """
    sums = np.zeros((num_films, probs.shape[1]), dtype=np.float64)
    np.add.at(sums, films, probs)
    return sums / np.bincount(films, minlength=num_films)[:, None]


def decide(probs: FloatArray, threshold: float | FloatArray = DEFAULT_THRESHOLD) -> BoolArray:
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
    chosen: BoolArray = np.asarray(probs) >= threshold
    return chosen


def require_finite(values: FloatArray, what: str) -> None:
    """Raise an error if a value is NaN or infinite.

    Args:
        values: Numbers of any shape.
        what: Their name, for the message.

    Raises:
        NotFiniteError: A value is NaN or infinite.
    """
    is_finite = np.isfinite(values)
    if not bool(is_finite.all()):
        num_bad = int((~is_finite).sum())
        raise NotFiniteError(
            f"{num_bad:,} of {int(np.prod(values.shape)):,} {what} are NaN or infinite; expected "
            "numbers: the model's weights or its calibration are damaged, or its training "
            "diverged (lower its rates); train, export or fetch it again"
        )
