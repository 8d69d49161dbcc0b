"""The movies of all splits with common row numbers, for an audit."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData, readable
from moviegenre.data.schema import split_file

_ROWS_PER_READ = 256


@dataclass(frozen=True)
class AuditMovies:
    """All N movies: those of train, then val, then test.

    Attributes:
        root: The prepared folder.
        ids: Movie ids.
        titles: The title, with the year if it is known; empty if unknown.
        splits: The split of each movie.
        genres: Genre names in column order, L of them.
        labels: Multi-hot labels (N, L).
        plots: All plots of each movie.
    """

    root: Path
    ids: tuple[str, ...]
    titles: tuple[str, ...]
    splits: tuple[Split, ...]
    genres: tuple[str, ...]
    labels: npt.NDArray[np.bool_]
    plots: tuple[tuple[str, ...], ...]

    @classmethod
    def read(cls, data: PreparedData) -> "AuditMovies":
        """Read everything but the posters.

        Raises:
            DataError: A file of the data cannot be read.
        """
        rows: list[tuple[Split, dict[str, object]]] = []
        columns = ["id", "title", "year", "plots"]
        for split in Split:
            with readable(data.root / split_file(split)) as path:
                table = pq.read_table(path, columns=columns)
            rows += [(split, row) for row in table.to_pylist()]
        return cls(
            root=data.root,
            ids=tuple(str(row["id"]) for _, row in rows),
            titles=tuple(_title(row) for _, row in rows),
            splits=tuple(split for split, _ in rows),
            genres=data.genres.names,
            labels=np.concatenate([data.labels(split) for split in Split]) > 0,
            plots=tuple(tuple(row["plots"] or ()) for _, row in rows),  # type: ignore[arg-type]
        )

    def __len__(self) -> int:
        return len(self.ids)

    def own_genres(self, row: int) -> list[str]:
        """Return the genres of a movie."""
        return [name for name, has in zip(self.genres, self.labels[row], strict=True) if has]

    def rows_of(self, split: Split) -> npt.NDArray[np.int64]:
        """Return the rows of a split's movies, in the order of the split."""
        return np.flatnonzero([movie_split is split for movie_split in self.splits])

    def posters(self) -> Iterator[tuple[int, bytes]]:
        """Yield row and encoded poster of each movie with a poster.

        Raises:
            DataError: A file of the data cannot be read.
        """
        row = 0
        for split in Split:
            with readable(self.root / split_file(split)) as path:
                for batch in pq.ParquetFile(path).iter_batches(_ROWS_PER_READ, columns=["poster"]):
                    for poster in batch.column("poster").to_pylist():
                        if poster is not None:
                            yield row, poster["bytes"]
                        row += 1

    def posters_of(self, rows: Collection[int]) -> dict[int, bytes]:
        """Return the encoded posters of movies by row, without those that have no poster."""
        return {row: poster for row, poster in self.posters() if row in rows}


def _title(row: dict[str, object]) -> str:
    title = str(row["title"] or "")
    return f"{title} ({row['year']})" if title and row["year"] else title
