"""Statistics of a prepared data set, for ``moviegenre data stats``."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from moviegenre.core.types import Split, TextRule
from moviegenre.data.cooccurrence import cooccurrence
from moviegenre.data.prepared import PreparedData
from moviegenre.data.schema import split_file

PERCENTILES = (5, 25, 50, 75, 95)
Percentiles = dict[str, float]

_COUNTED_RULES: tuple[TextRule, ...] = ("longest", "first", "joined", "sentence")


@dataclass(frozen=True)
class DataStats:
    """Facts about prepared movies.

    Attributes:
        num_movies: The number of movies in all splits.
        splits: The number of movies in each split.
        shares: The fraction of movies in each split.
        genres: By genre, the number of its movies in each split; the most frequent genre first.
        together: By genre, the percentage of its movies that also have each other genre, the most
            frequent first; empty for a genre without movies.
        mean_genres: The mean number of genres of a movie.
        imbalance: The ratio of the most to the least frequent training genre: ``38:1 (A:B)``.
        plots_per_movie: The number of movies, by their number of plots.
        plot_words: Percentiles of plot lengths in words, by plot rule.
        poster_width: Percentiles in pixels.
        poster_height: Likewise.
        without_plot: The number of movies without a plot.
        without_poster: The number of movies without a poster.
    """

    num_movies: int
    splits: dict[str, int]
    shares: dict[str, float]
    genres: dict[str, dict[str, int]]
    together: dict[str, dict[str, float]]
    mean_genres: float
    imbalance: str
    plots_per_movie: dict[str, int]
    plot_words: dict[str, Percentiles]
    poster_width: Percentiles
    poster_height: Percentiles
    without_plot: int
    without_poster: int

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def data_stats(data: PreparedData) -> DataStats:
    """Return the facts of a prepared data set."""
    labels = {split: data.labels(split) for split in Split}
    splits = {split.value: data.num_movies(split) for split in Split}
    total = sum(splits.values())
    counts = {split: rows.sum(axis=0).astype(int) for split, rows in labels.items()}
    all_counts = np.sum(list(counts.values()), axis=0)
    order = np.argsort(-all_counts, kind="stable")
    plots = [row for split in Split for row in _column(data, split, "plots")]
    numbers, num_movies_with = np.unique([len(row) for row in plots], return_counts=True)
    words = {
        rule: [len(text.split()) for split in Split for text in data.plots(split, rule) if text]
        for rule in _COUNTED_RULES
    }
    widths = [width for split in Split for width in _column(data, split, "poster_width")]
    heights = [height for split in Split for height in _column(data, split, "poster_height")]
    return DataStats(
        num_movies=total,
        splits=splits,
        shares={name: round(n / total, 4) for name, n in splits.items()},
        genres={
            data.genres.names[i]: {split.value: int(counts[split][i]) for split in Split}
            for i in order
        },
        together=_together(np.concatenate(list(labels.values())), data.genres.names, order),
        mean_genres=round(float(all_counts.sum() / total), 3),
        imbalance=_imbalance(counts[Split.TRAIN], data.genres.names),
        plots_per_movie={str(n): int(m) for n, m in zip(numbers, num_movies_with, strict=True)},
        plot_words={rule: _percentiles(lengths) for rule, lengths in words.items()},
        poster_width=_percentiles([width for width in widths if width is not None]),
        poster_height=_percentiles([height for height in heights if height is not None]),
        without_plot=sum(not row for row in plots),
        without_poster=sum(width is None for width in widths),
    )


def _column(data: PreparedData, split: Split, name: str) -> list[Any]:
    table = pq.read_table(data.root / split_file(split), columns=[name])
    return list(table[name].to_pylist())


def _together(
    labels: npt.NDArray[Any], names: Sequence[str], order: npt.NDArray[np.int64]
) -> dict[str, dict[str, float]]:
    """Return the shares of ``cooccurrence`` by name: genres in ``order``, largest shares first."""
    together: dict[str, dict[str, float]] = {}
    shares = cooccurrence(labels > 0)
    for row in order:
        columns = [
            i for i in np.argsort(-shares[row], kind="stable") if np.isfinite(shares[row, i])
        ]
        together[names[row]] = {names[i]: round(float(shares[row, i]), 1) for i in columns}
    return together


def _percentiles(values: Sequence[float]) -> Percentiles:
    if not values:
        return {}
    percentiles = {f"p{p}": round(float(np.percentile(values, p)), 1) for p in PERCENTILES}
    return {**percentiles, "mean": round(float(np.mean(values)), 1), "max": float(max(values))}


def _imbalance(counts: np.ndarray[Any, Any], names: Sequence[str]) -> str:
    most, least = int(counts.argmax()), int(counts.argmin())
    ratio = f"{counts[most] / counts[least]:.0f}" if counts[least] else "infinite"
    return f"{ratio}:1 ({names[most]}:{names[least]})"
