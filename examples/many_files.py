"""Predict many text files, one film in each, on several processor cores.

python examples/many_files.py plots/ genres.csv
"""

import csv
import multiprocessing
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import moviegenre
from moviegenre.inference.predictor import Predictor


def predict_file(predictor: Predictor, path: Path) -> tuple[str, str, str]:
    """Return a file's name, its genres, and what went wrong."""
    answer = predictor.predict(path.read_text("utf-8", errors="replace"), errors="report")
    return path.name, "|".join(answer.genres), answer.error or "; ".join(answer.warnings)


def predict_files(folder: Path, processes: int = 2) -> Iterator[tuple[str, str, str]]:
    """Yield the rows of all .txt files; each process opens the model once."""
    work = partial(predict_file, moviegenre.load(threads=1))
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(work, sorted(folder.glob("*.txt")), chunksize=16)


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    with target.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("file", "genres", "note"), *predict_files(source)])
