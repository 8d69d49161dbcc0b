"""Raw movies in MM-IMDb's layout, as files by name, on disk or in an archive."""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from moviegenre.core.types import Split

Files = dict[str, bytes]

GENRES = ("Drama", "Comedy", "Horror")


def poster(number: int = 0, size: tuple[int, int] = (8, 12), image_format: str = "JPEG") -> bytes:
    """Return an encoded poster; another one for every number below 4,096."""
    color = (number % 16 * 16, number // 16 % 16 * 16, number // 256 * 16)
    stream = io.BytesIO()
    Image.new("RGB", size, color).save(stream, format=image_format)
    return stream.getvalue()


def drawn_poster(number: int = 0) -> bytes:
    """Return a poster that is no blank picture; another one for every number below 100."""
    stream = io.BytesIO()
    image = Image.linear_gradient("L").resize((48, 72)).convert("RGB")
    image.putpixel((number // 10, number % 10), (255, 0, 0))
    image.save(stream, format="PNG")
    return stream.getvalue()


def record(number: int = 0, **changes: object) -> bytes:
    """Return a movie's JSON; every number has its own title and plots."""
    values: dict[str, object] = {
        "title": f"Movie {number}",
        "year": 1990 + number % 20,
        "kind": "movie",
        "genres": [GENRES[number % 3]],
        "plot": [f"The short plot of movie {number}.", f"The plot of movie {number}, at length."],
        "plot outline": "This is never read.",
    }
    return json.dumps(values | changes).encode()


def movie_files(numbers: Sequence[int]) -> Files:
    """Return the record and poster of movies, by path within the archive."""
    files: Files = {}
    for number in numbers:
        files[f"mmimdb/dataset/{number:07d}.json"] = record(number)
        files[f"mmimdb/dataset/{number:07d}.jpeg"] = poster(number)
    return files


def split_json(parts: Mapping[str, Sequence[int]]) -> bytes:
    """Return the content of ``split.json``."""
    return json.dumps({k: [f"{n:07d}" for n in v] for k, v in parts.items()}).encode()


def complete_files(num_movies: int = 12) -> Files:
    """Return movies with a split: the last six are three of dev and three of test."""
    numbers = list(range(num_movies))
    parts = {"train": numbers[:-6], "dev": numbers[-6:-3], "test": numbers[-3:]}
    return {"mmimdb/split.json": split_json(parts), **movie_files(numbers)}


def write_folder(folder: Path, files: Files) -> Path:
    """Write files and return the folder they are in."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def write_archive(path: Path, files: Files | Sequence[tuple[str, bytes]]) -> Path:
    """Write an archive with members in the order given, compressed where its name says so."""
    members = files.items() if isinstance(files, dict) else files
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w:") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def ids(*numbers: int) -> tuple[str, ...]:
    """Return the ids that movies with these numbers have."""
    return tuple(f"{number:07d}" for number in numbers)


SPLITS = {Split.TRAIN: ids(*range(6)), Split.VAL: ids(6, 7, 8), Split.TEST: ids(9, 10, 11)}
"""Of ``complete_files(12)``."""
