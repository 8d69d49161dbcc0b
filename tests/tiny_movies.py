"""Small made-up movies for tests: as arrays, as batches, and as a prepared folder on disk.

Every genre has its own words in the plot and its own colour channel in the poster. Either signal
can be switched off; the modality then shows the genres of some other, unrelated movie.
"""

import io
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Modality, Split
from moviegenre.data.batches import MovieTensors
from moviegenre.data.ragged import Ragged
from moviegenre.data.schema import DATASHEET_FILE, GENRES_FILE, MOVIE_SCHEMA, split_file
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.batch import Batch, to_batch

GENRES = GenreVocabulary(("Drama", "Horror", "Comedy"))
FREQUENCIES = (0.5, 0.35, 0.35)
IMAGE_SIZE = (32, 32)
MAX_TOKENS = 24

_GENRE_WORDS = {
    "Drama": ("family", "tears"),
    "Horror": ("ghost", "scream"),
    "Comedy": ("prank", "laughter"),
}
_OTHER_WORDS = ("the", "a", "one", "day", "town", "meets", "then", "finds", "old", "friend")
BOTH = frozenset(Modality)


@dataclass(frozen=True)
class TinyMovies:
    """Movies as plain values.

    Attributes:
        labels: Multi-hot truth (N, L).
        plots: One text a movie.
        posters: RGB bytes (N, H, W, 3).
    """

    labels: npt.NDArray[np.float32]
    plots: list[str]
    posters: npt.NDArray[np.uint8]

    def tensors(
        self,
        tokenizer: PlotTokenizer,
        without_plot: Collection[int] = (),
        without_poster: Collection[int] = (),
    ) -> MovieTensors:
        """Return the movies as models read them, some of them robbed of a modality."""
        plots = ["" if row in without_plot else plot for row, plot in enumerate(self.plots)]
        has_poster = np.array([row not in without_poster for row in range(len(plots))])
        return MovieTensors(
            labels=self.labels,
            tokens=Ragged.pack(tokenizer.encode(plots, MAX_TOKENS)),
            posters=self.posters * has_poster[:, None, None, None].astype(np.uint8),
            has_poster=has_poster,
            pad_id=tokenizer.pad_id,
        )


def tiny_movies(num_movies: int, seed: int = 0, signal: Collection[Modality] = BOTH) -> TinyMovies:
    """Make movies up; ``signal`` names the modalities that tell their genres."""
    rng = np.random.default_rng(seed)
    labels = _draw_labels(rng, num_movies)
    unrelated = _draw_labels(rng, num_movies)
    told = labels if Modality.PLOT in signal else unrelated
    shown = labels if Modality.POSTER in signal else unrelated
    return TinyMovies(
        labels=labels,
        plots=[_plot(rng, row) for row in told],
        posters=np.array([_poster(rng, row) for row in shown], dtype=np.uint8),
    )


def tiny_batch(
    num_movies: int = 4,
    seed: int = 0,
    without_plot: Collection[int] = (),
    without_poster: Collection[int] = (),
) -> Batch:
    """Return movies as one batch."""
    movies = tiny_movies(num_movies, seed)
    tensors = movies.tensors(tiny_tokenizer(), without_plot, without_poster)
    return to_batch(tensors.batch(range(num_movies)))


def tiny_tokenizer() -> PlotTokenizer:
    """Return the tokenizer that knows every word of the made-up plots."""
    words = [word for words in _GENRE_WORDS.values() for word in words]
    return PlotTokenizer.from_words([" ".join([*words, *_OTHER_WORDS])], 100)


def write_prepared(
    folder: Path,
    sizes: tuple[int, int, int] = (48, 24, 12),
    *,
    seed: int = 0,
    incomplete: bool = False,
) -> Path:
    """Write a prepared data set and return its folder.

    Args:
        folder: Where; it is made.
        sizes: Movies of the training, validation and test split.
        seed: Of the movies.
        incomplete: The first movie of each split has no plot and the second no poster.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, (split, size) in enumerate(zip(Split, sizes, strict=True)):
        movies = tiny_movies(size, seed=seed * 100 + number)
        rows = [_record(movies, split, row, incomplete) for row in range(size)]
        pq.write_table(pa.Table.from_pylist(rows, MOVIE_SCHEMA), folder / split_file(split))
    (folder / GENRES_FILE).write_text(json.dumps(list(GENRES)))
    (folder / DATASHEET_FILE).write_text(json.dumps({"source": "tests", "synthetic": True}))
    return folder


def png_bytes(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return RGB bytes (H, W, 3) as an encoded image, without loss."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def _draw_labels(rng: np.random.Generator, num_movies: int) -> npt.NDArray[np.float32]:
    labels = rng.random((num_movies, len(GENRES))) < np.array(FREQUENCIES)
    labels[~labels.any(axis=1), 0] = True  # every real movie has a genre
    return labels.astype(np.float32)


def _plot(rng: np.random.Generator, row: npt.NDArray[np.float32]) -> str:
    words = [str(word) for word in rng.choice(_OTHER_WORDS, size=rng.integers(3, 12))]
    for genre in GENRES.decode(row.astype(bool)):
        words += _GENRE_WORDS[genre]
    return " ".join(str(word) for word in rng.permutation(words))


def _poster(rng: np.random.Generator, row: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    noise = rng.integers(-25, 26, (*IMAGE_SIZE, len(GENRES)))
    return (60 + 140 * row + noise).astype(np.uint8)


def _record(movies: TinyMovies, split: Split, row: int, incomplete: bool) -> dict[str, object]:
    has_plot = not (incomplete and row == 0)
    has_poster = not (incomplete and row == 1)
    poster = {"bytes": png_bytes(movies.posters[row]), "path": f"{row}.jpeg"}
    return {
        "id": f"{split.value}{row:04d}",
        "title": None,
        "year": 1999,
        "genres": GENRES.decode(movies.labels[row].astype(bool)),
        # The second plot is the longer one, so that the rules differ.
        "plots": [movies.plots[row], movies.plots[row] + " the end"] if has_plot else [],
        "poster": poster if has_poster else None,
        "poster_width": IMAGE_SIZE[1] if has_poster else None,
        "poster_height": IMAGE_SIZE[0] if has_poster else None,
    }


def with_plots(folder: Path, plots: list[list[str]]) -> None:
    """Give the first training movies of a prepared folder other plots; all others lose theirs."""
    path = folder / split_file(Split.TRAIN)
    table = pq.read_table(path)
    given = [*plots, *([[]] * (len(table) - len(plots)))]
    column = pa.array(given, type=table.schema.field("plots").type)
    index = table.schema.get_field_index("plots")
    pq.write_table(table.set_column(index, table.schema.field("plots"), column), path)
