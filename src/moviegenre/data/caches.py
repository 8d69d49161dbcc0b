"""Caches that are computed once and then memory-mapped: decoded posters and plot token ids."""

import logging
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import DamagedError
from moviegenre.core.seals import check_seal, sealed_file
from moviegenre.core.types import PLOT_AND_POSTER, Modality, Part, PlotRule, Split
from moviegenre.data.batches import MovieTensors
from moviegenre.data.config import DataConfig
from moviegenre.data.film_text import text_name
from moviegenre.data.posters import decode_poster, resize_poster
from moviegenre.data.prepared import PreparedData
from moviegenre.data.ragged import Ragged
from moviegenre.data.schema import split_file
from moviegenre.data.text import PlotTokenizer

logger = logging.getLogger(__name__)

_ROWS_PER_READ = 256


def is_current(cache: Path, data: PreparedData, split: Split) -> bool:
    """Return whether a cache exists, is undamaged, and is not older than its split's file."""
    source = data.root / split_file(split)
    if not cache.is_file() or cache.stat().st_mtime_ns < source.stat().st_mtime_ns:
        return False
    try:
        if not check_seal(cache):  # from an earlier version, or truncated
            _check_numpy_file(cache)
    except DamagedError as error:
        logger.warning("%s; it is made again", error)
        return False
    return True


def _check_numpy_file(cache: Path) -> None:
    """Read a complete NumPy file without a seal, to see whether it is damaged."""
    try:
        content = np.load(cache, mmap_mode="r")
        if isinstance(content, np.lib.npyio.NpzFile):
            with content:
                for name in ("values", "offsets"):
                    content[name]
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise DamagedError(f"{cache} is damaged ({error})") from None


def cached_posters(
    data: PreparedData, split: Split, height: int, width: int
) -> npt.NDArray[np.uint8]:
    """Return the split's posters (N, H, W, 3) as a memory-mapped array, decoding them once.

    Args:
        data: The prepared data.
        split: The split.
        height: Rows of pixels of every poster.
        width: Columns of pixels.

    Returns:
        RGB bytes; zeros if a movie has no poster, see ``has_poster``.
    """
    path = data.cache_dir / f"posters-{split.value}-{height}x{width}.npy"
    if not is_current(path, data, split):
        logger.info("decoding the %s posters to %d x %d (once)", split.value, height, width)
        shape = (data.num_movies(split), height, width, 3)
        with sealed_file(path) as stream:
            _decode_all(data, split, stream, shape)
    cached: npt.NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return cached


def _decode_all(
    data: PreparedData, split: Split, stream: BinaryIO, shape: tuple[int, int, int, int]
) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    blank = np.zeros(shape[1:], dtype=np.uint8)
    for rows in data.poster_file(split).iter_batches(_ROWS_PER_READ, columns=["poster"]):
        for poster in rows.column("poster").to_pylist():
            if poster is None:
                pixels = blank
            else:
                pixels = resize_poster(decode_poster(poster["bytes"]), shape[1], shape[2])
            stream.write(np.ascontiguousarray(pixels).tobytes())


def cached_tokens(
    data: PreparedData,
    split: Split,
    tokenizer: PlotTokenizer,
    rule: PlotRule,
    max_tokens: int,
    reads: Sequence[Part] = PLOT_AND_POSTER,
) -> Ragged:
    """Return the token ids of the split's plots, tokenising them once.

    Args:
        data: The prepared data.
        split: The split.
        tokenizer: The tokenizer; its identity is part of the cache's name.
        rule: The rule that chooses a movie's plot.
        max_tokens: The maximum length of a row, special tokens included.
        reads: The parts of a film in the text.
    """
    texts = text_name(rule, reads)
    name = f"tokens-{split.value}-{texts}-{max_tokens}-{tokenizer.identity[:16]}.npz"
    path = data.cache_dir / name
    if not is_current(path, data, split):
        logger.info("tokenising the %s plots (%s, once)", split.value, rule)
        packed = Ragged.pack(tokenizer.encode(data.plots(split, rule, reads), max_tokens))
        with sealed_file(path) as stream:
            np.savez(stream, values=packed.values, offsets=packed.offsets)
    with np.load(path) as stored:
        return Ragged(stored["values"], stored["offsets"])


def cached_movies(
    data: PreparedData,
    split: Split,
    config: DataConfig,
    tokenizer: PlotTokenizer | None,
    modalities: Collection[Modality],
) -> MovieTensors:
    """Return a split in the form that a model reads.

    Args:
        data: The prepared data.
        split: The split.
        config: The settings of plots, tokens and posters.
        tokenizer: The model's tokenizer; None if the model reads no plots.
        modalities: The modalities that the model reads.
    """
    tokens = posters = None
    if tokenizer is not None:
        tokens = cached_tokens(data, split, tokenizer, config.plot, config.max_tokens, config.reads)
    if Modality.POSTER in modalities:
        posters = cached_posters(data, split, *config.image_size)
    return MovieTensors(
        labels=data.labels(split),
        tokens=tokens,
        posters=posters,
        has_poster=data.has_poster(split) & ("poster" in config.reads),
        pad_id=tokenizer.pad_id if tokenizer else 0,
    )
