"""How much work fits into a slice, judged by how long the last slices took."""

import statistics
from collections import deque

_REMEMBERED = 9  # slices; their median is not moved by one that was held up
_UNKNOWN = 8.0  # units of work that are tried before anything is known


class Pace:
    """Learns how long a unit of work takes.

    Args:
        slice_seconds: How long a slice should take at most; None for no limit.
    """

    def __init__(self, slice_seconds: float | None) -> None:
        self._slice_seconds = slice_seconds
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)
        self._is_warm = False

    @property
    def slice_cost(self) -> float:
        """Units of work of a slice; endless where there is no limit."""
        if self._slice_seconds is None:
            return float("inf")
        if not self._seconds:
            return _UNKNOWN
        return self._slice_seconds / max(statistics.median(self._seconds), 1e-9)

    @property
    def bulk_cost(self) -> float:
        """Units of work of a slice that others may have to wait for: half of the usual."""
        return self.slice_cost / 2

    def note(self, cost: float, seconds: float) -> None:
        """Learn from a slice; the first one is left out, as it finds nothing prepared."""
        if self._is_warm:
            self._seconds.append(seconds / cost)
        self._is_warm = True
