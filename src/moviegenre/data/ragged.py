"""Rows of different length in one array."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Ragged:
    """Rows of different length, stored end to end.

    Attributes:
        values: All rows joined (S, ...).
        offsets: The start of each row, and the end of the last (N + 1,).
    """

    values: npt.NDArray[np.generic]
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> npt.NDArray[np.generic]:
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The length of each row (N,)."""
        return np.diff(self.offsets)

    def followed_by(self, other: "Ragged") -> "Ragged":
        """Return these rows and then the other rows."""
        offsets = np.concatenate([self.offsets, self.offsets[-1] + other.offsets[1:]])
        return Ragged(np.concatenate([self.values, other.values]), offsets)

    @classmethod
    def pack(cls, rows: list[npt.NDArray[np.int32]]) -> "Ragged":
        """Join rows end to end."""
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        values = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int32)
        return cls(values, offsets)
