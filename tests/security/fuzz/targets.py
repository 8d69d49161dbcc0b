"""What is fuzzed: each target takes any bytes, and only errors for users may leave it."""

import gzip
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from moviegenre.core.config import read_yaml
from moviegenre.core.errors import MovieGenreError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.data.config import DataConfig
from moviegenre.data.extra import read_extra
from moviegenre.data.posters import PosterError, decode_poster, resize_poster
from moviegenre.data.records import MovieSource
from moviegenre.data.sources.mmimdb import MMIMDbArchive, MMIMDbFolder
from moviegenre.data.sources.table import MovieTable, TableColumns
from moviegenre.data.validation import Validation
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns

_GENRES = GenreVocabulary(("Drama", "War"))
_RECORD = b'{"title": "A", "genres": ["Drama"], "plot": ["A dog."]}'


def records(data: bytes) -> None:
    """Read a movie's record, a split, further plots, or settings; the first byte says which."""
    kind, content = data[:1] or b"0", data[1:]
    with tempfile.TemporaryDirectory(dir=_memory()) as name:
        folder = Path(name)
        try:
            if kind in b"01":
                (folder / "dataset").mkdir()
                (folder / "dataset/1.json").write_bytes(content if kind == b"0" else _RECORD)
                split = b'{"train": ["1"]}' if kind == b"0" else content
                (folder / "split.json").write_bytes(split)
                _check(MMIMDbFolder(folder))
            elif kind == b"2":
                (folder / "extra.jsonl").write_bytes(content)
                read_extra(folder / "extra.jsonl", _GENRES, DataConfig(plot="longest"))
            else:
                (folder / "config.yaml").write_bytes(content)
                read_yaml(folder / "config.yaml")
        except MovieGenreError:
            pass


def archives(data: bytes) -> None:
    """Read an archive; after a first byte of 0 the rest is compressed first."""
    content = gzip.compress(data[1:], 1) if data[:1] == b"0" else data[1:]
    with tempfile.TemporaryDirectory(dir=_memory()) as name:
        path = Path(name) / "movies.tar.gz"
        path.write_bytes(content)
        with suppress(MovieGenreError):
            _check(MMIMDbArchive(path))


def tables(data: bytes) -> None:
    """Read a table for preparing and for predicting; the first byte says of which kind."""
    suffix = {b"0": ".csv", b"1": ".jsonl"}.get(data[:1], ".parquet")
    with tempfile.TemporaryDirectory(dir=_memory()) as name:
        path = Path(name) / f"movies{suffix}"
        path.write_bytes(data[1:])
        for read in (_prepared_table, _catalogue):
            with suppress(MovieGenreError):
                read(path)


def images(data: bytes) -> None:
    """Decode a poster and bring it to the size of a model."""
    try:
        pixels = resize_poster(decode_poster(data), 64, 48)
    except PosterError:
        return
    assert pixels.shape == (64, 48, 3)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "records": records,
    "archives": archives,
    "tables": tables,
    "images": images,
}


def _prepared_table(path: Path) -> None:
    _check(MovieTable(path, TableColumns(id="id", split="split", poster="poster")))


def _catalogue(path: Path) -> None:
    for row in Catalogue(path, CatalogueColumns(), None).texts():
        row.id.encode()
        for plot in row.plots:
            plot.encode()


def _check(movies: MovieSource) -> None:
    """Read all movies as ``prepare`` does; what it would write must be text that can be written."""
    validation = Validation(keep_incomplete=True, need_split=False)
    for movie in validation.check(movies):
        texts = [movie.id, movie.title or "", *movie.genres, *validation.plots(movie)]
        for text in texts:
            text.encode()
        assert movie.year is None or 0 < movie.year < 10_000


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
