"""Films with the user's genres, as training data."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from moviegenre.adapt.features import Floats, compute_features
from moviegenre.adapt.missing_modality import missing_modality_variants
from moviegenre.adapt.parts import MIN_FILMS_WITH_PART, learned_parts, with_parts
from moviegenre.adapt.regression import Variant
from moviegenre.core.errors import ConfigError, DataError, MovieGenreError
from moviegenre.core.genre_names import RESERVED_NAMES, one_spelling, reserved, with_spellings
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Modality, Part
from moviegenre.data.records import RawMovie
from moviegenre.data.sources.table import MovieTable, TableColumns
from moviegenre.data.validation import log_spellings
from moviegenre.inference.ensemble_films import film_reader
from moviegenre.inference.films import Film, FilmReader
from moviegenre.inference.predictor import Predictor

Progress = Callable[[int, int], None]


@dataclass
class RowList:
    """Rows with the same fault.

    Attributes:
        rows: Their numbers, counted from 1.
        example: The fault of the first; empty if it says no more than the reason.
    """

    rows: list[int] = field(default_factory=list)
    example: str = ""

    def add(self, row: int, fault: str = "") -> None:
        """Add a row; only the first fault is kept."""
        self.rows.append(row)
        self.example = self.example or fault


@dataclass(frozen=True)
class OwnFilms:
    """Films to train on.

    Attributes:
        features: Embedding and logits of each film (N, F).
        texts: The joined plots of each film (N); empty if there are none.
        labels: Labels (N, L), 0 or 1.
        variants: Films as if a modality were missing, by the missing modality.
        genres: The columns of the labels.
        with_part: The number of films with each part that the base model reads.
        reads: The parts that enough films have; the model reads these.
        rare: The genres with too few films, which are left out, with their number of films.
        left_out: The rows that are left out, by reason.
        without_poster: The rows whose poster cannot be read, so that the other parts are read.
        without_year: The rows whose year no film can have, so that it is ignored.
        series: The number of films that the table says are series, by its statement.
    """

    features: Floats
    texts: list[str]
    labels: Floats
    variants: dict[Modality, Variant]
    genres: GenreVocabulary
    with_part: dict[Part, int]
    reads: tuple[Part, ...]
    rare: dict[str, int]
    left_out: dict[str, RowList]
    without_poster: RowList
    without_year: RowList = field(default_factory=RowList)
    series: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def unread_note(self) -> str:
        """A sentence about the parts that the model does not read; empty if it reads all."""
        unread = [
            f"{part} ({number:,} films)"
            for part, number in self.with_part.items()
            if part not in self.reads
        ]
        if not unread:
            return ""
        return (
            f"Not learned, so not read: {', '.join(unread)}; a part needs {MIN_FILMS_WITH_PART} "
            "films or half of them, and title and year also need plots."
        )


class _Rows:
    """The readable rows of a table, without their posters; each genre has one spelling."""

    def __init__(self, table: MovieTable, reader: FilmReader, spellings: Mapping[str, str]) -> None:
        self._table = table
        self._reader = reader
        self._spellings = spellings
        self.texts: list[str] = []
        self.modalities: list[tuple[Modality, ...]] = []
        self.genres: list[tuple[str, ...]] = []
        self.parts: Counter[Part] = Counter()
        self.left_out: defaultdict[str, RowList] = defaultdict(RowList)
        self.without_poster = RowList()
        self.without_year = RowList()
        self.series: Counter[str] = Counter()

    def films(self, on_row: Callable[[int], None] = lambda _row: None) -> Iterator[Film]:
        for number, movie in enumerate(self._table, start=1):
            on_row(number)
            if movie.fault or not movie.genres:
                reason = "the row is damaged" if movie.fault else "no genre"
                self.left_out[reason].add(
                    number, (movie.fault or "").removeprefix(f"row {number}: ")
                )
                continue
            fault = poster_fault = movie.poster_fault or movie.poster_lack
            film: Film | None = None
            try:
                film = self._reader.read(movie.plots, movie.poster, movie.title, movie.year)
            except MovieGenreError as error:
                fault = poster_fault or str(error)
            if film is None or not film.modalities:
                fault = fault if film is None else " ".join(film.warnings)
                self.left_out["nothing to read"].add(number, fault)
                continue
            if poster_fault and Modality.POSTER in self._reader.modalities:
                self.without_poster.add(number, poster_fault)
            if movie.unusable_year:
                self.without_year.add(number, movie.unusable_year)
            self.texts.append("\n".join(movie.plots))
            self.modalities.append(film.modalities)
            self.parts.update(_parts(film, movie))
            self.series.update(filter(None, [movie.series]))
            self.genres.append(with_spellings(movie.genres, self._spellings))
            yield film


def _parts(film: Film, movie: RawMovie) -> list[Part]:
    """Return the parts of a film that were read."""
    has: dict[Part, bool] = {
        "plot": bool(film.plot.strip()),
        "poster": film.poster is not None,
        "title": bool(film.heading and movie.title),
        "year": bool(film.heading and movie.year),
    }
    return [part for part, is_there in has.items() if is_there]


def read_own_films(
    path: Path,
    columns: TableColumns,
    predictor: Predictor,
    min_films: int,
    on_progress: Progress,
) -> OwnFilms:
    """Read a table of films with genres and compute their features.

    Spellings of one genre are joined, and genres are counted before features are computed. A film
    with only rare genres stays, as a film without genres. Parts that too few films have are not
    read, see ``learned_parts``.

    Args:
        path: The table.
        columns: The names of its columns.
        predictor: The model that reads the films, opened with one thread.
        min_films: The minimum number of films of a genre.
        on_progress: Called with the number of rows read so far and of all rows.

    Raises:
        CheckpointError: The model has no embeddings.
        DataError: The table cannot be read, no genre has enough films, or a genre has the name of
            a column of answers.
        ConfigError: A genre is that of all readable films.
    """
    table = MovieTable(path, columns)
    genres_of_rows = list(table.genres())
    spellings = one_spelling(Counter(name for names in genres_of_rows for name in names))
    log_spellings(spellings)
    named = [with_spellings(names, spellings) for names in genres_of_rows if names]
    _check_names(path, _frequent(path, named, min_films))
    total = len(genres_of_rows)

    def compute(reader: FilmReader) -> tuple[_Rows, Floats]:
        rows = _Rows(table, reader, spellings)
        films = rows.films(lambda done: on_progress(done, total))
        return rows, compute_features(predictor, films)

    reader = predictor.reader
    rows, features = compute(reader)
    with_part = {part: rows.parts[part] for part in predictor.model.parts}
    reads = learned_parts(with_part, len(rows.texts), predictor.model)
    if any(number for part, number in with_part.items() if part not in reads):
        reader = film_reader(with_parts(predictor.model, reads))
        rows, features = compute(reader)
    has_modality = {
        modality: np.array([modality in modalities for modalities in rows.modalities])
        for modality in Modality
    }
    genres = GenreVocabulary(tuple(_frequent(path, rows.genres, min_films)))
    labels = [genres.encode(name for name in names if name in genres) for names in rows.genres]
    second_pass = _Rows(table, reader, spellings)
    return OwnFilms(
        features=features,
        texts=rows.texts,
        labels=np.stack(labels),
        variants=missing_modality_variants(predictor, features, has_modality, second_pass.films),
        genres=genres,
        with_part=with_part,
        reads=reads,
        rare={
            name: number for name, number in _count(rows.genres).most_common() if number < min_films
        },
        left_out=dict(rows.left_out),
        without_poster=rows.without_poster,
        without_year=rows.without_year,
        series=dict(rows.series),
    )


def _count(genres: Sequence[Sequence[str]]) -> Counter[str]:
    return Counter(name for names in genres for name in set(names))


def _check_names(path: Path, genres: Sequence[str]) -> None:
    """Raise an error if genres have names with which no table could be answered."""
    if clash := reserved(genres):
        raise DataError(
            f"{path}: genres have the names of columns of answers: {', '.join(clash)}; rename them "
            f"in the table, because no genre may be called {', '.join(RESERVED_NAMES)}"
        )


def _frequent(path: Path, genres: Sequence[Sequence[str]], min_films: int) -> list[str]:
    """Return the genres with enough films, sorted.

    Raises:
        DataError: No genre has enough films.
        ConfigError: All films have the same genre.
    """
    counts = _count(genres)
    frequent = sorted(name for name, number in counts.items() if number >= min_films)
    if not frequent:
        most = ", ".join(f"{name} ({number})" for name, number in counts.most_common(3))
        raise DataError(
            f"{path}: no genre has {min_films} films; the most have {most or 'no genre'}; add "
            "films, or lower `min_films`"
        )
    if constant := [name for name in frequent if counts[name] == len(genres)]:
        raise ConfigError(
            f"{path}: every film is {', '.join(constant)}, so there is nothing to tell apart; add "
            "films without it, or leave the genre out"
        )
    return frequent
