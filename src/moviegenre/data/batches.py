"""Batches of movies: the choice of movies for each batch, and their arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.types import Modality
from moviegenre.data.ragged import Ragged

_BATCHES_PER_POOL = 50  # batches sorted together; more: less padding, fewer: better shuffling


@dataclass(frozen=True)
class BatchArrays:
    """Some movies as arrays: the input of an ONNX file, and the source of a model's ``Batch``.

    Attributes:
        input_ids: Plot tokens (B, T), int64; one padding token if there is no plot.
        attention_mask: True at real tokens (B, T), bool.
        has_plot: Whether the movie has a plot (B,), bool.
        image: Posters (B, 3, H, W), uint8 RGB, not normalised; zeros if there is no poster.
        has_poster: Whether the movie has a poster (B,), bool.
        labels: Multi-hot truth (B, L), float32, or None if it is unknown.
        index: Row of each movie in its split (B,), int64; several rows may be one movie's texts.
        plot_states: A frozen plot encoder's cached output (B, S, D), float32.
        poster_states: A frozen poster encoder's cached output (B, R, D), float32.
        views: The same movies in the form of each member of an ensemble; empty for other models.
    """

    input_ids: npt.NDArray[np.int64]
    attention_mask: npt.NDArray[np.bool_]
    has_plot: npt.NDArray[np.bool_]
    image: npt.NDArray[np.uint8]
    has_poster: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.float32] | None
    index: npt.NDArray[np.int64]
    plot_states: npt.NDArray[np.float32] | None = None
    poster_states: npt.NDArray[np.float32] | None = None
    views: tuple["BatchArrays", ...] = ()

    @classmethod
    def joint(cls, views: Sequence["BatchArrays"]) -> "BatchArrays":
        """Return the joint batch of the members of an ensemble.

        Of its own arrays, only ``has_plot`` and ``has_poster`` count.

        Args:
            views: A batch for each member; with several texts of a movie it has a row for each
                text, and ``index`` has the movie of each row.
        """
        return replace(
            views[0],
            has_plot=np.any([by_movie(view.has_plot, view.index) for view in views], axis=0),
            has_poster=np.any([by_movie(view.has_poster, view.index) for view in views], axis=0),
            views=tuple(views),
        )

    @property
    def size(self) -> int:
        """The number of movies B."""
        return len(self.has_plot)

    def without(self, modality: Modality) -> "BatchArrays":
        """Return the batch with ``modality`` missing in every movie: masked, not black."""
        views = tuple(view.without(modality) for view in self.views)
        if modality is Modality.PLOT:
            return replace(
                self,
                has_plot=np.zeros_like(self.has_plot),
                attention_mask=np.zeros_like(self.attention_mask),
                views=views,
            )
        return replace(self, has_poster=np.zeros_like(self.has_poster), views=views)

    def film(self, row: int) -> "BatchArrays":
        """Return one movie, without the padding of its plot."""
        real_tokens = np.flatnonzero(self.attention_mask[row])
        num_tokens = int(real_tokens[-1]) + 1 if len(real_tokens) else 1
        rows = slice(row, row + 1)
        return BatchArrays(
            input_ids=self.input_ids[rows, :num_tokens],
            attention_mask=self.attention_mask[rows, :num_tokens],
            has_plot=self.has_plot[rows],
            image=self.image[rows],
            has_poster=self.has_poster[rows],
            labels=None,
            index=self.index[rows],
        )


def by_movie(flags: npt.NDArray[np.bool_], movies: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return for each movie whether a flag is set in one of its rows (B,).

    Args:
        flags: A flag for each row.
        movies: The movie of each row.
    """
    _, rows = np.unique(movies, return_inverse=True)
    return np.bincount(rows, weights=flags) > 0


@dataclass(frozen=True)
class MovieTensors:
    """All movies of a split, as the source of batches.

    Attributes:
        labels: Multi-hot truth (N, L), NaN for an unknown label; None if all are unknown.
        tokens: Plot token ids, one row a movie; None if the model reads no plots.
        posters: RGB bytes (N, H, W, 3), or fewer rows if the last movies have no poster; None if
            the model reads no posters, or reads ``poster_states`` instead.
        has_poster: Whether each movie has a poster (N,).
        pad_id: The token that fills short plots.
        plot_states: Cached outputs of a frozen plot encoder, rows of (S, D).
        poster_states: Cached outputs of a frozen poster encoder (N, R, D), or fewer rows likewise.
        stored: The row of each movie's poster in ``posters`` and ``poster_states`` (N,), for
            several texts of one film; None if the rows are the same. Each movie without such a row
            has a number of its own beyond the last row.
        drawn_from: The film of each text (N,), if every epoch draws one text of each film; None
            if it reads all rows.
    """

    labels: npt.NDArray[np.float32] | None
    tokens: Ragged | None
    posters: npt.NDArray[np.uint8] | None
    has_poster: npt.NDArray[np.bool_]
    pad_id: int = 0
    plot_states: Ragged | None = None
    poster_states: npt.NDArray[np.float16] | None = None
    stored: npt.NDArray[np.int64] | None = None
    drawn_from: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.has_poster)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each movie's plot (N,); zeros if no plots are read."""
        return self.tokens.lengths if self.tokens else np.zeros(len(self), dtype=np.int64)

    def batch(self, rows: Sequence[int]) -> BatchArrays:
        """Return some movies as a batch, plots padded to the longest of them."""
        index = np.asarray(rows, dtype=np.int64)
        lengths = self.lengths[index]
        longest = max(1, int(lengths.max(initial=1)))
        input_ids = np.full((len(index), longest), self.pad_id, dtype=np.int64)
        mask = np.arange(longest)[None, :] < lengths[:, None]
        if self.tokens is not None:
            for position, row in enumerate(index):
                input_ids[position, : lengths[position]] = self.tokens[row]
        poster_rows = index if self.stored is None else self.stored[index]
        return BatchArrays(
            input_ids=input_ids,
            attention_mask=mask,
            has_plot=lengths > 0,
            image=self._images(poster_rows),
            has_poster=self.has_poster[index],
            labels=None if self.labels is None else self.labels[index],
            index=index,
            plot_states=self._plot_states(index),
            poster_states=(
                None
                if self.poster_states is None
                else _rows(self.poster_states, poster_rows).astype(np.float32)
            ),
        )

    def rows_of_epoch(self, seed: int, epoch: int) -> npt.NDArray[np.int64]:
        """Return the rows that an epoch of training reads.

        Args:
            seed: The seed for drawing texts, if they are drawn.
            epoch: The epoch, counted from 0.
        """
        if self.drawn_from is None:
            return np.arange(len(self))
        order = np.random.default_rng([seed, epoch, 1]).permutation(len(self))
        _, first = np.unique(self.drawn_from[order], return_index=True)
        return np.sort(order[first])

    def with_plots(self, tokens: Ragged, labels: npt.NDArray[np.float32]) -> "MovieTensors":
        """Return these movies followed by others that have a plot and no poster.

        Args:
            tokens: The others' plot token ids, one row a movie.
            labels: The others' truth (N, L), NaN where it is unknown.
        """
        assert self.tokens is not None, "these movies have plots"
        assert self.labels is not None, "these movies have labels"
        assert self.plot_states is None, "encoder outputs are cached only for prepared movies"
        return replace(
            self,
            labels=np.concatenate([self.labels, labels]),
            tokens=self.tokens.followed_by(tokens),
            has_poster=np.concatenate([self.has_poster, np.zeros(len(labels), dtype=np.bool_)]),
        )

    def in_forms(
        self,
        tokens: Ragged,
        labels: npt.NDArray[np.float32],
        movies: npt.NDArray[np.int64],
    ) -> "MovieTensors":
        """Return other texts in place of these movies', each with the poster of its movie.

        Args:
            tokens: Token ids, one row a text.
            labels: Truth (N, L), NaN where it is unknown.
            movies: The row here of each text's movie (N,); -1 for other movies, without a poster.
        """
        assert self.plot_states is None, "encoder outputs are cached for the texts themselves"
        return replace(
            self,
            labels=labels,
            tokens=tokens,
            has_poster=(movies >= 0) & self.has_poster[movies],
            stored=np.where(movies >= 0, movies, len(self) + np.arange(len(movies))),
        )

    def _images(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        if self.posters is None:
            return np.zeros((len(index), 3, 1, 1), dtype=np.uint8)
        pixels = np.ascontiguousarray(_rows(self.posters, index))
        return pixels.transpose(0, 3, 1, 2)  # in memory, channels stay last

    def _plot_states(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.float32] | None:
        if self.plot_states is None:
            return None
        longest = max(1, int(self.plot_states.lengths[index].max(initial=1)))
        dim = self.plot_states.values.shape[1]
        states = np.zeros((len(index), longest, dim), dtype=np.float32)
        for position, row in enumerate(index):
            movie_states = self.plot_states[row]
            states[position, : len(movie_states)] = movie_states
        return states


def _rows(stored: npt.NDArray[Any], index: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Return rows of an array; rows beyond its end are zeros."""
    is_stored = index < len(stored)
    if is_stored.all():
        return stored[index]
    rows = np.zeros((len(index), *stored.shape[1:]), dtype=stored.dtype)
    rows[is_stored] = stored[index[is_stored]]
    return rows


class LengthBatchSampler:
    """Shuffled batches of plots of about the same length, for little padding.

    Movies are shuffled, sorted by length within pools of fifty batches and cut into batches; then
    the batches are shuffled. Every epoch has another order, fixed by the seed and the interval.

    Args:
        lengths: Tokens of each movie's plot (N,).
        batch_size: Movies in a batch; the last batch of an epoch may be smaller.
        seed: Fixes all orders.
        interval: The interval of training, counted from 0.
        intervals_per_epoch: The number of intervals in an epoch.
        rows: The rows that this epoch reads; None reads all.
    """

    def __init__(
        self,
        lengths: npt.NDArray[np.int64],
        batch_size: int,
        *,
        seed: int,
        interval: int = 0,
        intervals_per_epoch: int = 1,
        rows: npt.NDArray[np.int64] | None = None,
    ) -> None:
        epoch, part = divmod(interval, intervals_per_epoch)
        random = np.random.default_rng([seed, epoch])
        shuffled = random.permutation(len(lengths) if rows is None else rows)
        batches: list[list[int]] = []
        pool_size = batch_size * _BATCHES_PER_POOL
        for start in range(0, len(shuffled), pool_size):
            pool = shuffled[start : start + pool_size]
            pool = pool[np.argsort(lengths[pool], kind="stable")]
            batches += [pool[i : i + batch_size].tolist() for i in range(0, len(pool), batch_size)]
        shuffled_batches = [batches[i] for i in random.permutation(len(batches))]
        self._batches = shuffled_batches[part::intervals_per_epoch]

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)


def ordered_batches(lengths: npt.NDArray[np.int64], batch_size: int) -> list[list[int]]:
    """Return every movie once, longest plots first, for evaluation with little padding."""
    order = np.argsort(-lengths, kind="stable")
    return [order[i : i + batch_size].tolist() for i in range(0, len(order), batch_size)]
