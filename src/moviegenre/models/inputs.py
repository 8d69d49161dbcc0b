"""The inputs of a model for a split: tokens, posters, or cached outputs of frozen encoders."""

import hashlib
import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import torch

from moviegenre.core.errors import ConfigError
from moviegenre.core.seals import sealed_file
from moviegenre.core.types import Modality, Split
from moviegenre.data.batches import MovieTensors, ordered_batches
from moviegenre.data.caches import cached_movies, is_current
from moviegenre.data.config import DataConfig
from moviegenre.data.extra import ExtraPlots, read_each_plot
from moviegenre.data.prepared import PreparedData
from moviegenre.data.ragged import Ragged
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import Encoder, GenreModel
from moviegenre.models.batch import to_batch
from moviegenre.nn.devices import on_computing_device
from moviegenre.nn.processes import (
    broadcast_from_first,
    first_before_others,
    gather_to_first,
    num_processes,
    rank,
    share,
    wait_for_all,
)

logger = logging.getLogger(__name__)

_ENCODING_BATCH = 64
_ENCODING_TOKENS = 16384  # in one batch, so that long plots fit into memory


def load_movies(
    data: PreparedData,
    split: Split,
    config: DataConfig,
    model: GenreModel,
    tokenizer: PlotTokenizer | None,
    extra: ExtraPlots | None = None,
    *,
    bf16: bool = False,
) -> MovieTensors:
    """Return a split in the model's input form; caches are filled on first use.

    Args:
        data: The prepared data.
        split: The split.
        config: The data settings: plot rule, number of tokens, size of posters.
        model: The model; it determines the modalities and the frozen encoders.
        tokenizer: The model's tokenizer; None if it reads no plots.
        extra: Extra plots that follow the split's movies, or texts that replace them; None for a
            model without plots.
        bf16: Compute frozen encoders in bf16: for training, never for scores.

    Raises:
        ConfigError: The model does not support the settings.
    """
    model.check(config)
    has_frozen = any(e.frozen and e.modality is Modality.PLOT for _, e in model.encoders())
    if has_frozen and extra and extra.movies is None:
        raise ConfigError(
            "data.extra and data.other_plots cannot be trained on with "
            "model.plot_encoder.frozen=true, since outputs of a frozen encoder are cached for the "
            "prepared movies alone; set data.forms, or train the encoder on the further plots "
            "first (bert) and start from it with model.init_from"
        )
    with first_before_others():
        movies = cached_movies(data, split, config, tokenizer, model.modalities)
    name = f"states-{split.value}"
    cached = partial(_with_cached_states, data=data, split=split, config=config, model=model)
    movies = cached(movies, modality=Modality.POSTER, name=name, bf16=bf16)
    if extra is not None and tokenizer is not None:
        logger.info("tokenising %d texts of the %s films", len(extra), split.value)
        texts = Ragged.pack(tokenizer.encode(extra.plots, config.max_tokens))
        if extra.movies is None:
            movies = movies.with_plots(texts, extra.labels)
        else:
            movies = movies.in_forms(texts, extra.labels, extra.movies)
            digest = hashlib.sha256(texts.values.tobytes() + texts.offsets.tobytes()).hexdigest()
            name = f"{name}-{digest[:16]}"
    return cached(movies, modality=Modality.PLOT, name=name, bf16=bf16)


def load_scored_movies(
    data: PreparedData,
    split: Split,
    config: DataConfig,
    model: GenreModel,
    tokenizer: PlotTokenizer | None,
) -> MovieTensors:
    """Return a split in the model's input form for scores.

    With ``data.plot=each``, every plot is a row, and ``stored`` has the row of its movie. The
    probabilities of a movie's plots are then averaged.

    Args:
        data: The prepared data.
        split: The split.
        config: The data settings: plot rule, number of tokens, size of posters.
        model: The model.
        tokenizer: The model's tokenizer; None if it reads no plots.
    """
    has_texts = config.plot == "each" and tokenizer is not None
    texts = read_each_plot(data, split, config) if has_texts else None
    return load_movies(data, split, config, model, tokenizer, texts)


def _with_cached_states(
    movies: MovieTensors,
    *,
    data: PreparedData,
    split: Split,
    config: DataConfig,
    model: GenreModel,
    modality: Modality,
    name: str,
    bf16: bool,
) -> MovieTensors:
    """Return the movies with the outputs of the frozen encoder of a modality, if there is one."""
    plot_states = movies.plot_states
    poster_states = movies.poster_states
    for _, encoder in model.encoders():
        if not encoder.frozen or encoder.modality is not modality:
            continue
        suffix = "-bf16" if bf16 else ""
        path = data.cache_dir / f"{name}-{_encoding_key(encoder, config)}{suffix}.npy"
        if not broadcast_from_first(partial(is_current, path, data, split)):
            inputs = f"{split.value} {encoder.modality}s"
            logger.info("encoding the %s with a frozen encoder (once)", inputs)
            _write_states(movies, encoder, path, bf16=bf16)
        states = np.load(path, mmap_mode="r")
        if encoder.modality is Modality.PLOT:
            assert movies.tokens is not None, "a model with a plot encoder has a tokenizer"
            plot_states = Ragged(states, _state_offsets(movies, encoder))
        else:
            poster_states = states
    return replace(
        movies,
        posters=movies.posters if poster_states is None else None,
        plot_states=plot_states,
        poster_states=poster_states,
    )


def _encoding_key(encoder: Encoder, config: DataConfig) -> str:
    """Return a hash of all inputs of an encoder's outputs, except the split."""
    digest = hashlib.sha256(repr(sorted(encoder.architecture().items())).encode())
    for name, tensor in encoder.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    digest.update(encoder.cache_key(config).encode())
    return digest.hexdigest()[:16]


def _state_offsets(movies: MovieTensors, encoder: Encoder) -> npt.NDArray[np.int64]:
    """Return the offsets (N + 1,) of each movie's vectors."""
    counts = encoder.num_states(movies.lengths)
    return np.concatenate([[0], np.cumsum(counts)])


def _encoding_batches(movies: MovieTensors) -> Iterator[list[int]]:
    """Yield every movie once, longest plots first, in smaller batches for longer plots."""
    for rows in ordered_batches(movies.lengths, _ENCODING_BATCH):
        longest = max(1, int(movies.lengths[rows[0]]))
        size = max(1, min(_ENCODING_BATCH, _ENCODING_TOKENS // longest))
        for start in range(0, len(rows), size):
            yield rows[start : start + size]


def _write_states(movies: MovieTensors, encoder: Encoder, path: Path, *, bf16: bool) -> None:
    """Write an encoder's outputs as a float16 .npy file: (S, D) for plots, otherwise (N, R, D).

    Every process computes a share of the batches; the first process writes.
    """
    is_plot = encoder.modality is Modality.PLOT
    offsets = _state_offsets(movies, encoder) if is_plot else np.arange(len(movies) + 1)
    states = _encoded(movies, encoder, bf16=bf16)
    if rank() == 0:
        with sealed_file(path) as stream:
            _write_rows(states, offsets, stream, is_plot=is_plot)
    else:
        for _ in states:  # computes and sends this process's share
            pass
    wait_for_all()


def _encoded(
    movies: MovieTensors, encoder: Encoder, *, bf16: bool
) -> Iterator[tuple[list[int], npt.NDArray[np.float16]]]:
    """Yield rows and their encoder outputs (B, S or R, D); the first process yields all."""
    encoder.eval()
    batches = list(_encoding_batches(movies))
    with (
        on_computing_device(encoder) as device,
        torch.inference_mode(),
        torch.autocast(device.type, torch.bfloat16, enabled=bf16),
    ):
        for start in range(0, len(batches), num_processes()):
            outputs = []
            for rows in share(batches[start : start + num_processes()]):
                states = encoder.encode(to_batch(movies.batch(rows)).to(device)).float().cpu()
                outputs.append((rows, states.numpy().astype(np.float16)))
            yield from chain(*gather_to_first(outputs))


def _write_rows(
    states: Iterable[tuple[list[int], npt.NDArray[np.float16]]],
    offsets: npt.NDArray[np.int64],
    stream: BinaryIO,
    *,
    is_plot: bool,
) -> None:
    """Write outputs to the positions of their rows."""
    header_end = row_bytes = 0
    for rows, encoded in states:
        if not header_end:
            shape = (int(offsets[-1]), *encoded.shape[2 if is_plot else 1 :])
            header = {"descr": "<f2", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            header_end, row_bytes = stream.tell(), 2 * math.prod(shape[1:])
            stream.truncate(header_end + shape[0] * row_bytes)
        for index, row in enumerate(rows):
            count = int(offsets[row + 1] - offsets[row])
            vectors = encoded[index, :count] if is_plot else encoded[index]
            stream.seek(header_end + int(offsets[row]) * row_bytes)
            stream.write(np.ascontiguousarray(vectors, dtype="<f2").tobytes())
