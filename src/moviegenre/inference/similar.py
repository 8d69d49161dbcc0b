"""The training movies with predictions most similar to those of a film.

The similarity of two movies is the cosine of their standardised logits. It needs nothing else from
the model, so it works with an ONNX file too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import CheckpointError
from moviegenre.core.files import atomic_file

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS = ("id", "title", "year", "genres", "logits")
_MIN_DIVISOR = 1e-6  # for a deviation or a length


@dataclass(frozen=True)
class SimilarMovie:
    """A movie of an index.

    Attributes:
        id: Its id in its data set.
        title: Its title; empty if it is unknown.
        year: Its year; None if it is unknown.
        genres: Its labels.
        similarity: Cosine of standardised log-odds, in [-1, 1].
    """

    id: str
    title: str
    year: int | None
    genres: list[str]
    similarity: float


class SimilarIndex:
    """The predictions of a model for some movies.

    Args:
        movies: A table of ``id``, ``title``, ``year``, ``genres`` and ``logits`` (L numbers).

    Raises:
        CheckpointError: The table has other columns, or no rows.
    """

    def __init__(self, movies: "pa.Table") -> None:
        if not movies.num_rows or set(_COLUMNS) - set(movies.column_names):
            raise CheckpointError(
                f"an index of similar movies has {', '.join(movies.column_names) or 'no columns'} "
                f"and {movies.num_rows} rows; expected {', '.join(_COLUMNS)}; export it again"
            )
        self._movies = movies
        logits = np.array(movies["logits"].to_pylist(), dtype=np.float32)
        self._mean, self._deviation = logits.mean(axis=0), logits.std(axis=0) + _MIN_DIVISOR
        self._directions = self._direction(logits)

    @classmethod
    def read(cls, path: Path) -> "SimilarIndex":
        """Read a file of ``write_index``.

        Raises:
            CheckpointError: The file is damaged.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return cls(pq.read_table(path))
        except (OSError, pa.ArrowInvalid, ValueError) as error:
            raise CheckpointError(f"{path} is damaged ({error}); export it again") from None

    def nearest(self, logits: npt.NDArray[np.float32], count: int) -> list[SimilarMovie]:
        """Return the most similar movies, the nearest first.

        Args:
            logits: The logits of a film, before calibration (L,).
            count: The number of movies.
        """
        similarity = self._directions @ self._direction(logits)
        indices = np.argsort(-similarity, kind="stable")[:count]
        rows = self._movies.select(_COLUMNS[:-1]).take(indices).to_pylist()
        return [
            SimilarMovie(**row, similarity=float(similarity[row_index]))
            for row, row_index in zip(rows, indices, strict=True)
        ]

    def _direction(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return standardised logits (..., L) of length one."""
        standardised = (logits - self._mean) / self._deviation
        length = np.linalg.norm(standardised, axis=-1, keepdims=True)
        direction: npt.NDArray[np.float32] = standardised / np.maximum(length, _MIN_DIVISOR)
        return direction


def write_index(
    path: Path,
    *,
    ids: Sequence[str],
    titles: Sequence[str],
    years: Sequence[int | None],
    genres: Sequence[Sequence[str]],
    logits: npt.NDArray[np.float32],
) -> None:
    """Write an index of N movies as Parquet, in one step.

    Args:
        path: The file.
        ids: Their ids.
        titles: Their titles; empty if unknown.
        years: Their years; None if unknown.
        genres: Their labels.
        logits: The model's logits for them (N, L).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "id": pa.array(ids, pa.string()),
            "title": pa.array(titles, pa.string()),
            "year": pa.array(years, pa.int32()),
            "genres": pa.array([list(row) for row in genres], pa.list_(pa.string())),
            "logits": pa.array(logits.tolist(), pa.list_(pa.float32())),
        }
    )
    with atomic_file(path) as stream:
        pq.write_table(table, stream)
