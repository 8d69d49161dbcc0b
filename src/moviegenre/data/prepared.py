"""Read a prepared data set: ids, labels and plots of each split."""

import hashlib
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import CheckpointError, DataError, DataNotFoundError
from moviegenre.core.folders import restore_folder
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.reading import raise_system_error, read_bounded
from moviegenre.core.types import PLOT_AND_POSTER, Part, PlotRule, Split
from moviegenre.data.film_text import choose_plot, film_text
from moviegenre.data.integrity import FILES_KEY, FileCheck
from moviegenre.data.json_text import parse_json
from moviegenre.data.limits import MAX_RECORD_BYTES
from moviegenre.data.records import clean_names
from moviegenre.data.schema import CACHE_DIR, DATASHEET_FILE, GENRES_FILE, split_file
from moviegenre.data.unpacking import error_text


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """Yield the path of a prepared file, for reading.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        yield path
    except (pa.ArrowException, KeyError, OSError, ValueError, RuntimeError) as error:
        raise_system_error(error, path)
        message = f"{path} cannot be read: {error_text(error)}; prepare the data again"
        raise DataError(message) from None


class PreparedData:
    """A folder from ``moviegenre data prepare``.

    Args:
        root: The folder.

    Raises:
        DataNotFoundError: The folder does not exist, or has no prepared data.
        DataError: One of its files cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        restore_folder(root)
        expected = [GENRES_FILE, DATASHEET_FILE, *(split_file(split) for split in Split)]
        missing = [name for name in expected if not (root / name).is_file()]
        if missing:
            raise DataNotFoundError(
                f"{root} holds no prepared data (looked for {', '.join(missing)}); make it with: "
                f"moviegenre data prepare SOURCE --out {root}, or name another folder"
            )
        try:
            names = parse_json(read_bounded(root / GENRES_FILE, MAX_RECORD_BYTES))
            self.genres = GenreVocabulary(clean_names(names))
            self.datasheet: dict[str, Any] = dict(
                parse_json(read_bounded(root / DATASHEET_FILE, MAX_RECORD_BYTES))
            )
            self._files = FileCheck(root, dict(self.datasheet.get(FILES_KEY, {})))
            self._files.check(GENRES_FILE)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise DataError(f"{root} is damaged ({error}); prepare the data again") from None
        self._tables: dict[Split, pa.Table] = {}

    @property
    def cache_dir(self) -> Path:
        """The folder of decoded posters, token ids and encoder outputs."""
        return self.root / CACHE_DIR

    @cached_property
    def fingerprint(self) -> str:
        """A hash of movies, splits, genres, plots and the presence of posters."""
        digest = hashlib.sha256("\n".join(self.genres).encode())
        for split in Split:
            digest.update("\n".join(self.ids(split)).encode())
            digest.update(self.labels(split).tobytes())
            digest.update(json.dumps(self._table(split)["plots"].to_pylist()).encode())
            digest.update(self.has_poster(split).tobytes())
        return digest.hexdigest()

    @property
    def is_synthetic(self) -> bool:
        """Whether the movies were made up by ``moviegenre data synthesize``."""
        return bool(self.datasheet.get("synthetic", False))

    def num_movies(self, split: Split) -> int:
        """Return the number of movies in a split."""
        return int(self._table(split).num_rows)

    def ids(self, split: Split) -> tuple[str, ...]:
        """Return the movie ids of a split, in row order."""
        return tuple(self._table(split)["id"].to_pylist())

    def titles(self, split: Split) -> tuple[list[str], list[int | None]]:
        """Return the titles and years of a split's movies, in row order."""
        table = self._read(split, ["title", "year"])
        return [title or "" for title in table["title"].to_pylist()], table["year"].to_pylist()

    def labels(self, split: Split) -> npt.NDArray[np.float32]:
        """Return the multi-hot labels (N, L) of a split."""
        rows = self._table(split)["genres"].to_pylist()
        if not rows:
            return np.zeros((0, len(self.genres)), dtype=np.float32)
        return np.stack([self.genres.encode(row) for row in rows])

    def plots(
        self, split: Split, rule: PlotRule, reads: Collection[Part] = PLOT_AND_POSTER
    ) -> list[str]:
        """Return one text a movie; empty if the movie has none of the parts.

        Args:
            split: The split.
            rule: The rule that chooses a movie's plot.
            reads: The parts of the text: the plot, and the title and the year before it.
        """
        texts = [choose_plot(plots, rule) for plots in self.all_plots(split)]
        if "title" not in reads and "year" not in reads:
            return texts if "plot" in reads else [""] * len(texts)
        rows = zip(texts, *self.titles(split), strict=True)
        return [film_text(text, title, year, reads)[0] for text, title, year in rows]

    def all_plots(self, split: Split) -> list[list[str]]:
        """Return all plots of each movie, in the source's order."""
        rows: list[list[str]] = self._table(split)["plots"].to_pylist()
        return rows

    def has_poster(self, split: Split) -> npt.NDArray[np.bool_]:
        """Return whether each movie of a split has a poster (N,)."""
        return np.asarray(self._table(split)["poster_width"].is_valid())

    def poster_file(self, split: Split) -> pq.ParquetFile:
        """Open the split's Parquet file, for streaming through the ``poster`` column."""
        name = split_file(split)
        self._files.check(name)
        with readable(self.root / name) as path:
            return pq.ParquetFile(path, page_checksum_verification=True)

    def require_genres(self, genres: GenreVocabulary, who: str, remedy: str) -> None:
        """Refuse a model with other genres.

        Args:
            genres: The model's genres.
            who: The model, for the message.
            remedy: The advice in the message.

        Raises:
            CheckpointError: The model's genres, or their order, differ from these movies'.
        """
        if genres != self.genres:
            raise CheckpointError(
                f"{who} answers with the genres {', '.join(genres)}; {self.root} has "
                f"{', '.join(self.genres)}; {remedy}"
            )

    def _table(self, split: Split) -> pa.Table:
        if split not in self._tables:
            self._tables[split] = self._read(split, ["id", "genres", "plots", "poster_width"])
        return self._tables[split]

    def _read(self, split: Split, columns: list[str]) -> pa.Table:
        name = split_file(split)
        self._files.check(name)
        with readable(self.root / name) as path:
            return pq.read_table(path, columns=columns, page_checksum_verification=True)
