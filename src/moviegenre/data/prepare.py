"""Prepare a source: write a folder of Parquet with its data sheet, in one step."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.errors import DataError, shortened
from moviegenre.core.files import atomic_file, write_text
from moviegenre.core.folders import atomic_folder, restore_folder
from moviegenre.core.genre_names import folded, standard_name
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.locks import locked
from moviegenre.core.reading import at_home
from moviegenre.core.types import Split, SplitKind
from moviegenre.data.datasheet import write_datasheet
from moviegenre.data.excluded import by_reason, examples, write_excluded
from moviegenre.data.prepare_checks import (
    check_target,
    left_out_named,
    log_form,
    require_every_split,
    require_movies,
    require_plots,
    split_kind,
    warn_of_missing_genres,
)
from moviegenre.data.prepared import PreparedData
from moviegenre.data.records import ExcludedMovie, MovieSource, RawMovie
from moviegenre.data.schema import (
    EXCLUDED_FILE,
    GENRES_FILE,
    MOVIE_SCHEMA,
    split_file,
)
from moviegenre.data.sources.download import MMIMDB, MMIMDB_URL, download
from moviegenre.data.sources.layouts import open_path
from moviegenre.data.sources.table import MovieTable, TableColumns
from moviegenre.data.splits import groups_of_duplicates, stratified_split
from moviegenre.data.validation import (
    KeptMovie,
    Validation,
    choose_genres,
    log_spellings,
    one_spelling_each,
    rare_genres,
    with_genres,
)

logger = logging.getLogger(__name__)

Chosen = tuple[KeptMovie, tuple[str, ...]]

_ROWS_PER_GROUP = 512
_BYTES_PER_GROUP = 64 << 20


@dataclass(frozen=True)
class PreparedSummary:
    """The result of preparing.

    Attributes:
        data: The prepared folder.
        excluded: The number of movies that were left out, by reason.
        notes: The number of movies that were changed, or kept although incomplete, by kind.
        examples: The first movie that was left out, by reason.
        genres_left_out: Genres with too few movies, each with the number of its movies.
    """

    data: PreparedData
    excluded: dict[str, int]
    notes: dict[str, int]
    examples: dict[str, ExcludedMovie]
    genres_left_out: tuple[str, ...] = ()


def prepare(
    source: str,
    out: Path,
    *,
    split: SplitKind | None = None,
    seed: int = 0,
    genres: Sequence[str] | None = None,
    min_movies: int = 50,
    keep_incomplete: bool = False,
    overwrite: bool = False,
    columns: TableColumns | None = None,
    sha256: str | None = None,
    progress: bool = True,
) -> PreparedSummary:
    """Read a source, check every movie, split, and write a prepared folder.

    Args:
        source: MM-IMDb in one of its forms (``sources.layouts``), the http(s) URL of its archive,
            the word ``mmimdb``, or a table.
        out: The folder to write. It appears when all is done.
        split: ``official`` takes the source's own, ``stratified`` makes one; None takes the
            source's own if it has one.
        seed: The seed of a stratified split.
        genres: The vocabulary; None takes every genre with ``min_movies`` movies.
        min_movies: See ``genres``.
        keep_incomplete: Keep movies without a plot or without a poster.
        overwrite: Replace existing prepared data in ``out``.
        columns: The columns of a table; None takes ``plot`` and ``genres``.
        sha256: The expected hash of the archive or table.
        progress: Show progress bars.

    Raises:
        ConfigError: A named genre does not occur.
        DataNotFoundError: There is no such source.
        DataError: The source cannot be read or has no usable movie, or ``out`` has other files.
        BusyError: Another run is writing ``out``.
    """
    with locked(out):
        restore_folder(out)
        check_target(out, overwrite)
        movies = open_source(source, out.parent, columns, sha256=sha256, progress=progress)
        kind = split_kind(source, movies, split)
        log_form(source, movies, kind)
        require_plots(source, movies, keep_incomplete)
        validation = Validation(
            keep_incomplete=keep_incomplete,
            need_split=kind == "official",
            check_posters=isinstance(movies, MovieTable),
        )
        kept, spellings = one_spelling_each(
            list(validation.check(_with_progress(movies, progress)))
        )
        log_spellings(spellings)
        with left_out_named(source, out, validation):
            require_movies(kept, validation.excluded)
            vocabulary = _vocabulary(kept, genres, min_movies)
            chosen = with_genres(kept, vocabulary, validation.excluded)
            parts = _split(chosen, vocabulary, kind, seed)
            require_every_split(parts)
        left_out = rare_genres(kept, vocabulary, min_movies) if genres is None else []
        facts: dict[str, Any] = {
            "source": _address(source),
            "form": movies.form,
            "sha256": movies.sha256,
            "sha256_of": movies.sha256_of,
            "synthetic": movies.synthetic,
            "split": kind,
            "seed": seed if kind == "stratified" else None,
            "genres_named": genres is not None,
            "min_movies": None if genres is not None else min_movies,
            "keep_incomplete": keep_incomplete,
            "excluded": by_reason(validation.excluded),
            "notes": dict(validation.notes) | _cross_split_note(parts),
        }
        with atomic_folder(out) as folder:
            _write(folder, parts, vocabulary, validation)
            write_excluded(folder / EXCLUDED_FILE, [*validation.excluded, *left_out])
            write_datasheet(folder, facts)
    data = PreparedData(out)
    warn_of_missing_genres(data)
    return PreparedSummary(
        data,
        facts["excluded"],
        facts["notes"],
        examples(validation.excluded),
        tuple(genre.detail for genre in left_out),
    )


def open_source(
    source: str,
    download_folder: Path,
    columns: TableColumns | None = None,
    *,
    sha256: str | None = None,
    progress: bool = True,
) -> MovieSource:
    """Return the source with a name, address or path; an address is downloaded first.

    Raises:
        DataNotFoundError: There is no such source.
        DataError: The kind of the source is unknown.
    """
    address = _address(source)
    if address.lower().startswith(("http://", "https://")):
        path = download(address, download_folder, sha256=sha256, progress=progress)
    elif "://" in address:
        raise DataError(f"{shortened(address)} is no http or https address; expected one")
    else:
        path = at_home(Path(address))
    movies = open_path(path, columns, progress=progress)
    if sha256 is not None and movies.sha256 != sha256.lower():
        actual = f"{path} has sha256 {movies.sha256} (of {movies.sha256_of})"
        raise DataError(f"{actual}; expected {sha256}")
    return movies


def _address(source: str) -> str:
    """Return the address for the word ``mmimdb``; every other source stays the same."""
    return MMIMDB_URL if source == MMIMDB and not Path(source).exists() else source


def _with_progress(movies: MovieSource, progress: bool) -> Iterable[RawMovie]:
    if not progress:
        return movies
    from rich.progress import track

    return track(movies, description="checking movies")


def _split(
    chosen: Sequence[Chosen], vocabulary: GenreVocabulary, kind: SplitKind, seed: int
) -> dict[Split, list[Chosen]]:
    parts: dict[Split, list[Chosen]] = {part: [] for part in Split}
    if kind == "official":
        for movie, genres in chosen:
            assert movie.split is not None, "movies without a split were left out"
            parts[movie.split].append((movie, genres))
        return parts
    labels = np.stack([vocabulary.encode(genres) for _, genres in chosen])
    groups = groups_of_duplicates(movie.keys for movie, _ in chosen)
    for part, entry in zip(stratified_split(labels, groups, seed), chosen, strict=True):
        parts[part].append(entry)
    return parts


def _cross_split_note(parts: dict[Split, list[Chosen]]) -> dict[str, int]:
    """Return a note with the number of duplicates across splits, which only own splits have."""
    splits = [part for part, chosen in parts.items() for _ in chosen]
    groups = groups_of_duplicates(movie.keys for chosen in parts.values() for movie, _ in chosen)
    pairs = list(zip(groups, splits, strict=True))
    train_groups = {group for group, split in pairs if split is Split.TRAIN}
    count = sum(group in train_groups for group, split in pairs if split is not Split.TRAIN)
    note = "val or test movie with the poster or a plot of a training movie"
    return {note: count} if count else {}


def _write(
    folder: Path,
    parts: dict[Split, list[Chosen]],
    vocabulary: GenreVocabulary,
    validation: Validation,
) -> None:
    for part, chosen in parts.items():
        with (
            atomic_file(folder / split_file(part)) as stream,
            pq.ParquetWriter(stream, MOVIE_SCHEMA, write_page_checksum=True) as writer,
        ):
            for group in _groups(chosen):
                rows = [_row(entry, validation) for entry in group]
                writer.write_table(pa.Table.from_pylist(rows, MOVIE_SCHEMA))
    write_text(folder / GENRES_FILE, json.dumps(list(vocabulary), ensure_ascii=False) + "\n")


def _groups(chosen: Sequence[Chosen]) -> Iterator[list[Chosen]]:
    """Yield movies in row groups of bounded size."""
    group: list[Chosen] = []
    size = 0
    for entry in chosen:
        movie, _ = entry
        num_bytes = movie.plots.length + (movie.poster.place.length if movie.poster else 0)
        if group and (len(group) == _ROWS_PER_GROUP or size + num_bytes > _BYTES_PER_GROUP):
            yield group
            group, size = [], 0
        group.append(entry)
        size += num_bytes
    if group:
        yield group


def _row(entry: Chosen, validation: Validation) -> dict[str, object]:
    movie, genres = entry
    poster = movie.poster
    stored = {"bytes": validation.poster_bytes(poster), "path": poster.name} if poster else None
    return {
        "id": movie.id,
        "title": movie.title,
        "year": movie.year,
        "genres": list(genres),
        "plots": validation.plots(movie),
        "poster": stored,
        "poster_width": poster.width if poster else None,
        "poster_height": poster.height if poster else None,
    }


def _vocabulary(
    kept: Sequence[KeptMovie], genres: Sequence[str] | None, min_movies: int
) -> GenreVocabulary:
    named_genres = None if genres is None else [_known_name(kept, name) for name in genres]
    return choose_genres(kept, named_genres, min_movies)


def _known_name(kept: Sequence[KeptMovie], name: str) -> str:
    """Return a genre in the spelling of the movies, after all its spellings became one."""
    spellings = {genre for movie in kept for genre in movie.genres}
    return next(
        (genre for genre in spellings if folded(genre) == folded(standard_name(name))), name
    )
