"""Prepared movies in which near duplicates and a wrong label were planted, and nothing else is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from moviegenre.core.types import Split
from moviegenre.data.schema import MOVIE_SCHEMA, split_file
from tests.tiny_movies import png_bytes, write_prepared

Row = dict[str, Any]
PLOT = (
    "A clockmaker finds a letter under the floor of her shop and follows it across three borders "
    "to a brother whom nobody in the valley had ever mentioned before that winter"
)


def patterned_poster(seed: int, brighter: int = 0) -> bytes:
    """Return a poster with large shapes; ``brighter`` changes pixels and no shape."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 8, 3)).astype(np.uint8))
    smooth = np.asarray(coarse.resize((64, 96), Image.Resampling.BICUBIC)).astype(np.int64)
    return png_bytes((20 + smooth * 3 // 4 + brighter).astype(np.uint8))


def write_planted(folder: Path) -> Path:
    """Write them and return the folder.

    - ``train0003`` has a plot that is the opening of one of ``test0002``.
    - ``train0005`` has nearly the poster of ``val0004``.
    - ``val0006`` has the plot of ``test0007``, and ``train0009`` that of ``val0006``.
    - ``train0010`` has the words of Horror and no such label.
    """
    write_prepared(folder, (120, 24, 12))
    _edit(folder, Split.TRAIN, 3, lambda row: row.update(plots=[PLOT]))
    _edit(folder, Split.TEST, 2, lambda row: row.update(plots=["Short.", f"{PLOT} and then died"]))
    _edit(folder, Split.TRAIN, 5, lambda row: row["poster"].update(bytes=patterned_poster(1)))
    _edit(folder, Split.VAL, 4, lambda row: row["poster"].update(bytes=patterned_poster(1, 20)))
    other = " ".join(reversed(PLOT.split()))
    for split, number in ((Split.VAL, 6), (Split.TEST, 7), (Split.TRAIN, 9)):
        _edit(folder, split, number, lambda row: row.update(plots=[other.upper()]))
    horror = {"plots": ["ghost scream ghost scream ghost scream"], "genres": ["Drama"]}
    _edit(folder, Split.TRAIN, 10, lambda row: row.update(horror))
    return folder


def _edit(folder: Path, split: Split, number: int, change: Callable[[Row], None]) -> None:
    path = folder / split_file(split)
    rows = pq.read_table(path).to_pylist()
    change(rows[number])
    pq.write_table(pa.Table.from_pylist(rows, MOVIE_SCHEMA), path)
