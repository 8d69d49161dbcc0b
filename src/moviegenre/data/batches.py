"""Movies as batches: which movies go together, and how their arrays are put together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.types import Modality
from moviegenre.data.ragged import Ragged

_BATCHES_PER_POOL = 50  # sorted together; more saves padding, fewer mixes better


@dataclass(frozen=True)
class BatchArrays:
    """Some movies as arrays: an ONNX file takes them, and a model's ``Batch`` is made of them.

    Attributes:
        input_ids: Plot tokens (B, T), int64; one padding token where there is no plot.
        attention_mask: True at real tokens (B, T), bool.
        has_plot: Whether the movie has a plot (B,), bool.
        image: Posters (B, 3, H, W), uint8 RGB, not normalised; zeros where there is none.
        has_poster: Whether the movie has a poster (B,), bool.
        labels: Multi-hot truth (B, L), float32, or None where it is unknown.
        index: Row of each movie in its split (B,), int64; several rows may be one movie's texts.
        plot_states: A frozen plot encoder's cached output (B, S, D), float32.
        poster_states: A frozen poster encoder's cached output (B, R, D), likewise.
        views: The same movies as each member of an ensemble reads them; empty for other models.
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
        """Return the joint batch of what the members of an ensemble read.

        Its own arrays only say which movies have a plot and which a poster.

        Args:
            views: A batch for each member; one with several texts of a movie has a row for each,
                and ``index`` has the movie of each row.
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
        """Return the batch as if every movie lacked ``modality``: masked, not blackened."""
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
        """Return one movie, without what its plot was padded with."""
        real = np.flatnonzero(self.attention_mask[row])
        tokens = int(real[-1]) + 1 if len(real) else 1
        only = slice(row, row + 1)
        return BatchArrays(
            input_ids=self.input_ids[only, :tokens],
            attention_mask=self.attention_mask[only, :tokens],
            has_plot=self.has_plot[only],
            image=self.image[only],
            has_poster=self.has_poster[only],
            labels=None,
            index=self.index[only],
        )


def by_movie(flags: npt.NDArray[np.bool_], movies: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return whether a flag is set for one of the rows of each movie (B,).

    Args:
        flags: One for each row.
        movies: The movie of each row.
    """
    _, rows = np.unique(movies, return_inverse=True)
    return np.bincount(rows, weights=flags) > 0


@dataclass(frozen=True)
class MovieTensors:
    """All movies of a split in the form batches are cut from.

    Attributes:
        labels: Multi-hot truth (N, L), NaN where a label is unknown; None where all are.
        tokens: Plot token ids, one row a movie; None where the model reads no plots.
        posters: RGB bytes (N, H, W, 3), or fewer rows where the last movies have no poster; None
            where the model sees no posters, or their ``poster_states`` stand in for them.
        has_poster: Which movies have a poster (N,).
        pad_id: The token that fills short plots.
        plot_states: Cached outputs of a frozen plot encoder, rows of (S, D).
        poster_states: Cached outputs of a frozen poster encoder (N, R, D), or fewer rows likewise.
        stored: The row of each movie's poster in ``posters`` and ``poster_states`` (N,), for
            several texts of one film; None where rows are the same.
        drawn_from: The film of each text (N,), where an epoch reads one text of each film, drawn
            anew; None where it reads all rows.
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
        """Tokens of each movie's plot (N,); zeros where no plots are read."""
        return self.tokens.lengths if self.tokens else np.zeros(len(self), dtype=np.int64)

    def batch(self, rows: Sequence[int]) -> BatchArrays:
        """Cut some movies out as a batch, plots padded to the longest among them."""
        index = np.asarray(rows, dtype=np.int64)
        lengths = self.lengths[index]
        longest = max(1, int(lengths.max(initial=1)))
        input_ids = np.full((len(index), longest), self.pad_id, dtype=np.int64)
        mask = np.arange(longest)[None, :] < lengths[:, None]
        if self.tokens is not None:
            for position, row in enumerate(index):
                input_ids[position, : lengths[position]] = self.tokens[row]
        stored = index if self.stored is None else self.stored[index]
        return BatchArrays(
            input_ids=input_ids,
            attention_mask=mask,
            has_plot=lengths > 0,
            image=self._images(stored),
            has_poster=self.has_poster[index],
            labels=None if self.labels is None else self.labels[index],
            index=index,
            plot_states=self._plot_states(index),
            poster_states=(
                None
                if self.poster_states is None
                else _rows(self.poster_states, stored).astype(np.float32)
            ),
        )

    def rows_of_epoch(self, seed: int, epoch: int) -> npt.NDArray[np.int64]:
        """Return the rows that an epoch of training reads.

        Args:
            seed: Draws texts, if they are drawn.
            epoch: Which epoch, counted from 0.
        """
        if self.drawn_from is None:
            return np.arange(len(self))
        order = np.random.default_rng([seed, epoch, 1]).permutation(len(self))
        _, first = np.unique(self.drawn_from[order], return_index=True)
        return np.sort(order[first])

    def with_plots(self, tokens: Ragged, labels: npt.NDArray[np.float32]) -> "MovieTensors":
        """Return these movies followed by others that have a plot and no poster.

        Args:
            tokens: Their plot token ids, one row a movie.
            labels: Their truth (N, L), NaN where it is unknown.
        """
        assert self.tokens is not None, "these movies have plots"
        assert self.labels is not None, "and they are labelled"
        assert self.plot_states is None, "encoder outputs are cached for prepared movies alone"
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
        """Return texts of these movies, and of others, in their place, each with its poster.

        Args:
            tokens: Token ids, one row a text.
            labels: Truth (N, L), NaN where it is unknown.
            movies: The row here of the movie that each text is of (N,); -1 for others, which have
                no poster.
        """
        assert self.plot_states is None, "encoder outputs are cached for the texts themselves"
        return replace(
            self,
            labels=labels,
            tokens=tokens,
            has_poster=(movies >= 0) & self.has_poster[movies],
            stored=np.where(movies >= 0, movies, len(self)),  # beyond the last: zeros
        )

    def _images(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        if self.posters is None:
            return np.zeros((len(index), 3, 1, 1), dtype=np.uint8)
        pixels = np.ascontiguousarray(_rows(self.posters, index))
        return pixels.transpose(0, 3, 1, 2)  # channels last in memory, as they were

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
    """Return rows of an array, zeros for those beyond its end."""
    inside = index < len(stored)
    if inside.all():
        return stored[index]
    rows = np.zeros((len(index), *stored.shape[1:]), dtype=stored.dtype)
    rows[inside] = stored[index[inside]]
    return rows


class LengthBatchSampler:
    """Shuffled batches of plots of about the same length, so that little is padding.

    Movies are shuffled, sorted by length within pools of fifty batches, cut into batches, and
    the batches shuffled: every epoch has another order, fixed by the seed and the interval.

    Args:
        lengths: Tokens of each movie's plot (N,).
        batch_size: Movies a batch; the last of an epoch may be smaller.
        seed: Fixes all orders.
        interval: Which interval of training this is, counted from 0.
        intervals_per_epoch: Into how many intervals an epoch is cut.
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
        order = np.random.default_rng([seed, epoch])
        shuffled = order.permutation(len(lengths) if rows is None else rows)
        batches: list[list[int]] = []
        pool_size = batch_size * _BATCHES_PER_POOL
        for start in range(0, len(shuffled), pool_size):
            pool = shuffled[start : start + pool_size]
            pool = pool[np.argsort(lengths[pool], kind="stable")]
            batches += [pool[i : i + batch_size].tolist() for i in range(0, len(pool), batch_size)]
        mixed = [batches[i] for i in order.permutation(len(batches))]
        self._batches = mixed[part::intervals_per_epoch]

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)


def ordered_batches(lengths: npt.NDArray[np.int64], batch_size: int) -> list[list[int]]:
    """Return every movie once, longest plots first, for evaluation with little padding."""
    order = np.argsort(-lengths, kind="stable")
    return [order[i : i + batch_size].tolist() for i in range(0, len(order), batch_size)]
