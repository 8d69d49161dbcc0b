"""Write made-up movies in the layout of MM-IMDb's unpacked archive."""

import io
import json
import random
from pathlib import Path

from PIL import Image

from moviegenre.core.errors import DataError
from moviegenre.core.folders import atomic_folder, restore_folder
from moviegenre.core.version import __version__
from moviegenre.data.sources.mmimdb import DATASET_FOLDER, SYNTHETIC_MARKER
from moviegenre.data.sources.split_json import SPLIT_FILE
from moviegenre.data.synthetic.drawing import draw_poster
from moviegenre.data.synthetic.genres import draw_genres, shown_in_plot, shown_in_poster
from moviegenre.data.synthetic.grammar import make_plot, make_title

_FIRST_ID = 9_000_000  # far above any id that IMDb gave in MM-IMDb's time
_YEARS = (1930, 2015)
_TRAIN_SHARE, _VAL_SHARE = 0.70, 0.15
_SECOND_PLOT, _THIRD_PLOT = 0.8, 0.15  # probabilities
_ODD_FORMS = ("plain", "grey", "cmyk", "png", "wide", "large")
_ODD_WEIGHTS = (0.84, 0.04, 0.03, 0.03, 0.03, 0.03)
_SHORT_SUFFIX = 0.05  # share of posters called .jpg
_JPEG_QUALITY = 88


def synthesize(directory: Path, num_movies: int, seed: int) -> None:
    """Write made-up movies: ``split.json``, ``dataset/<id>.json`` and posters.

    A movie depends only on the seed and its number, not on the number of all movies.

    Args:
        directory: A new or empty folder. It appears when all is done.
        num_movies: The number of movies.
        seed: Fixes everything.

    Raises:
        DataError: The folder is not empty.
    """
    restore_folder(directory)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise DataError(f"{directory} is not empty; name a new folder for the made-up movies")
    with atomic_folder(directory) as folder:
        (folder / DATASET_FOLDER).mkdir()
        ids = [f"{_FIRST_ID + number:07d}" for number in range(num_movies)]
        for number, movie in enumerate(ids):
            rng = random.Random(f"{seed} {number}")  # repeatable, not secret # nosec B311
            _write_movie(folder / DATASET_FOLDER, movie, rng)
        _write_json(folder / SPLIT_FILE, _split(ids, seed))
        marker = {"movies": num_movies, "seed": seed, "moviegenre": __version__}
        _write_json(folder / SYNTHETIC_MARKER, marker)


def _write_movie(folder: Path, movie: str, rng: random.Random) -> None:
    genres = draw_genres(rng)
    title = make_title(rng)
    plots = [make_plot(shown_in_plot(genres, rng, long=False), rng, long=False)]
    if rng.random() < _SECOND_PLOT:
        plots.append(make_plot(shown_in_plot(genres, rng, long=True), rng, long=True))
    if rng.random() < _THIRD_PLOT:
        plots.append(make_plot(shown_in_plot(genres, rng, long=False), rng, long=False))
    record = {
        "title": title,
        "year": rng.randint(*_YEARS),
        "kind": "movie",
        "genres": [genre.name for genre in genres],
        "plot": plots,
        "plot outline": plots[0].split(". ")[0].rstrip(".") + ".",
    }
    _write_json(folder / f"{movie}.json", record)
    poster = draw_poster(shown_in_poster(genres, rng), title, rng)
    suffix = ".jpg" if rng.random() < _SHORT_SUFFIX else ".jpeg"
    form = rng.choices(_ODD_FORMS, _ODD_WEIGHTS)[0]
    (folder / f"{movie}{suffix}").write_bytes(_encode(poster, form))


def _encode(poster: Image.Image, form: str) -> bytes:
    """Return the image as bytes, in one of the odd forms in real archives."""
    stream = io.BytesIO()
    if form == "png":
        poster.save(stream, format="PNG")
        return stream.getvalue()
    if form == "grey":
        poster = poster.convert("L")
    elif form == "cmyk":
        poster = poster.convert("CMYK")
    elif form == "wide":
        poster = poster.resize((poster.width * 2, poster.height))
    elif form == "large":
        poster = poster.resize((poster.width * 4, poster.height * 4))
    poster.save(stream, format="JPEG", quality=_JPEG_QUALITY)
    return stream.getvalue()


def _split(ids: list[str], seed: int) -> dict[str, list[str]]:
    shuffled = random.Random(f"{seed} split").sample(ids, len(ids))  # as above # nosec B311
    train_end = round(_TRAIN_SHARE * len(ids))
    val_end = train_end + round(_VAL_SHARE * len(ids))
    return {
        "train": shuffled[:train_end],
        "dev": shuffled[train_end:val_end],
        "test": shuffled[val_end:],
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
