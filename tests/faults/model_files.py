"""Tiny models as files, ways to damage these, and what a model answers."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from moviegenre.artifacts.export import export_model
from moviegenre.artifacts.manifest import rewriting
from moviegenre.core.decisions import FloatArray
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.similar import write_index
from tests.tiny_checkpoints import POINT, changed, save_tiny, tiny_checkpoint
from tests.tiny_movies import tiny_movies, tiny_tokenizer

MODEL = "wide_deep"  # it has every kind of file and of weight

Damage = Callable[[Path], None]


def write_export(folder: Path, bert_folder: Path) -> Path:
    """Export a tiny model with all files that an exported folder may have but four bits."""
    checkpoint = tiny_checkpoint(MODEL, bert_folder)
    checkpoint.network.prepare(tiny_movies(40, seed=1).tensors(tiny_tokenizer()))
    checkpoint = changed(checkpoint)  # which has other n-grams now
    export_model(checkpoint, POINT, folder, scores={}, index=_write_index)
    return folder


def _write_index(path: Path) -> None:
    logits = np.arange(6, dtype=np.float32).reshape(2, 3) ** 2
    write_index(
        path,
        ids=["a", "b"],
        titles=["A", "B"],
        years=[1990, None],
        genres=[["Drama"], ["Horror"]],
        logits=logits,
    )


def write_checkpoint(folder: Path, bert_folder: Path) -> Path:
    """Write a tiny ``best.pth`` whose thresholds were fitted; return its folder."""
    checkpoint = tiny_checkpoint("cnn", bert_folder)
    save_tiny(folder, checkpoint, point=None)
    with rewriting(folder, THRESHOLDS_FILE):
        POINT.write(folder / THRESHOLDS_FILE)
    return folder


def copy(folder: Path, target: Path) -> Path:
    """Return a copy of a model that may be damaged."""
    shutil.copytree(folder, target)
    return target


def flip_bit(path: Path, place: int) -> None:
    """Flip one bit of a file, counted from its beginning and around its end."""
    content = bytearray(path.read_bytes())
    byte, bit = divmod(place % (8 * len(content)), 8)
    content[byte] ^= 1 << bit
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Take the second half of a file away."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def answers(predictor: Predictor) -> tuple[FloatArray, list[list[str]], list[str]]:
    """Return a model's probabilities, genres and similar movies of a few films."""
    movies = tiny_movies(4, seed=3)
    reads_plots = predictor.reader.pad_id is not None and "plot" in predictor.model.modalities
    films = [
        predictor.reader.read(plot if reads_plots else None, poster)
        for plot, poster in zip(movies.plots, movies.posters, strict=True)
    ]
    found = predictor.predict_films(films)
    near = [str(one.similar(2)) for one in found] if predictor.similar else []
    return predictor.probabilities(films), [one.genres for one in found], near
