"""What the pages' commands find on the disk: movies, posters, trained models, all of them tiny.

A page is read as by somebody who has trained already, so ``checkpoints/`` holds models by their
own names, ``data/prepared`` what they were trained on, ``movies.csv`` a catalogue with its posters.
"""

import contextlib
import csv
import shutil
from pathlib import Path

from PIL import Image

from moviegenre.experiment.train import train
from tests.page_blocks import ROOT
from tests.tiny_movies import GENRES, tiny_movies, write_prepared
from tests.tiny_training import tiny_experiment

MODELS = ("bert", "cnn", "early_fusion", "late_fusion", "attention_fusion")
_NUM_FILMS = 75  # two of three genres each, so that every genre has the 50 movies that it needs


def write_world(folder: Path, bert_folder: Path) -> Path:
    """Fill a folder and return it; every path in it is relative, so that it can be copied."""
    for name in ("configs", "scripts"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "config.yaml", folder)
    write_prepared(folder / "data" / "prepared")
    _write_catalogue(folder)
    with contextlib.chdir(folder):
        for name in MODELS:
            experiment = tiny_experiment(name, Path("data/prepared"), bert_folder, max_epochs=1)
            train(experiment, Path("checkpoints"), progress=False)
    return folder


def _write_catalogue(folder: Path) -> None:
    """Write a table of films whose posters lie beside it and in ``posters/``, and one poster."""
    movies = tiny_movies(_NUM_FILMS, seed=7)
    (folder / "posters").mkdir()
    with (folder / "movies.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["id", "plot", "poster", "genres"])
        for number, (plot, pixels) in enumerate(zip(movies.plots, movies.posters, strict=True)):
            poster = f"{number:03d}.png"
            Image.fromarray(pixels).save(folder / poster)
            shutil.copy(folder / poster, folder / "posters")
            genres = [name for place, name in enumerate(GENRES) if place != number % len(GENRES)]
            table.writerow([number, plot, poster, "|".join(genres)])
    Image.fromarray(movies.posters[0]).resize((64, 96)).save(folder / "poster.jpg")
