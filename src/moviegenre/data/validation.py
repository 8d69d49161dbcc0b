"""Check raw movies: keep those that pass, and exclude the others with a reason."""

import io
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from moviegenre.core.errors import ConfigError, DataError, counted, did_you_mean, shortened
from moviegenre.core.genre_names import RESERVED_NAMES, one_spelling, reserved, with_spellings
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Split
from moviegenre.data.limits import MAX_GENRES, MAX_NAME_CHARS, MAX_PLOT_CHARS, MAX_PLOTS
from moviegenre.data.poster_check import check_poster
from moviegenre.data.posters import PosterError, decode_poster
from moviegenre.data.records import ExcludedMovie, RawMovie, Reason
from moviegenre.data.splits import content_keys
from moviegenre.data.spool import Place, Spool

logger = logging.getLogger(__name__)

DROPPED_GENRES = ("News", "Adult", "Talk-Show", "Reality-TV")
"""The genres that MM-IMDb's authors dropped: too few movies, or no kind of film."""

MAX_SIDE = 512
"""The maximum number of pixels of a poster's longer side; models need less."""

_JPEG_QUALITY = 92
_MAX_LOGGED_CHARS = 1_000  # of the list of spellings
_MAX_PLACEHOLDER_CHARS = 60  # in a detail
_KEPT_FORMATS = {"JPEG", "PNG"}  # every reader of the prepared data opens these


@dataclass(frozen=True)
class KeptPoster:
    """A poster that decodes.

    Attributes:
        name: File name in the source.
        width: The original's width in pixels.
        height: The original's height in pixels.
        place: The position of its bytes in the spool.
    """

    name: str
    width: int
    height: int
    place: Place


@dataclass(frozen=True)
class KeptMovie:
    """A movie that passed every check except the check of its genres.

    Attributes:
        id: The id in the source.
        title: The title; None if the source has none.
        year: The year of its release; None if the source has none.
        genres: All genres in the source.
        plots: The position of its plots in the spool.
        poster: Its poster; None if there is none.
        split: The split in the source.
        keys: Keys that movies of another split must not have, see ``content_keys``.
    """

    id: str
    title: str | None
    year: int | None
    genres: tuple[str, ...]
    plots: Place
    poster: KeptPoster | None
    split: Split | None
    keys: tuple[str, ...]


class Validation:
    """Checks movies one by one and keeps posters and plots in a temporary file, not in memory.

    Args:
        keep_incomplete: Keep a movie without plot or without poster; without both it is left out.
        need_split: Leave out a movie without a split in the source.
        check_posters: Blank images and cards such as "no poster" count as no poster.
    """

    def __init__(
        self, *, keep_incomplete: bool, need_split: bool, check_posters: bool = False
    ) -> None:
        self.keep_incomplete = keep_incomplete
        self.check_posters = check_posters
        self.need_split = need_split
        self.excluded: list[ExcludedMovie] = []
        self.notes: Counter[str] = Counter()
        self._ids: set[str] = set()
        self._lack_note = ""
        self._year_note = ""
        self._spool = Spool()

    def check(self, movies: Iterable[RawMovie]) -> Iterator[KeptMovie]:
        """Yield the movies that pass; the others are added to ``excluded``."""
        for movie in movies:
            result = self._check(movie)
            if isinstance(result, ExcludedMovie):
                self.excluded.append(result)
            else:
                yield result

    def poster_bytes(self, poster: KeptPoster) -> bytes:
        """Return a kept poster's encoded bytes."""
        return self._spool.read(poster.place)

    def plots(self, movie: KeptMovie) -> list[str]:
        """Return a kept movie's plots, in the source's order."""
        plots: list[str] = json.loads(self._spool.read(movie.plots))
        return plots

    def _check(self, movie: RawMovie) -> KeptMovie | ExcludedMovie:
        if movie.id in self._ids:
            return ExcludedMovie(movie.id, Reason.DUPLICATE_ID)
        self._ids.add(movie.id)
        if fault := movie.fault or _limit_fault(movie):
            return ExcludedMovie(movie.id, Reason.BROKEN_RECORD, fault)
        if self.need_split and movie.split is None:
            return ExcludedMovie(movie.id, Reason.IN_NO_SPLIT, movie.split_text)
        if not movie.genres:
            detail = _placeholder_detail(movie.genre_placeholder) or "the source names none"
            return ExcludedMovie(movie.id, Reason.NO_GENRE_LEFT, detail)
        poster, fault = self._poster(movie)
        detail = _placeholder_detail(movie.plot_placeholder)
        faults = [] if movie.plots else [(Reason.NO_PLOT, detail)]
        if movie.poster_lack:
            self._lack_note = (
                self._lack_note or f"poster not found (for example {movie.poster_lack})"
            )
            self.notes[self._lack_note] += 1
        if poster is None:
            reason = Reason.POSTER_DOES_NOT_DECODE if fault else Reason.NO_POSTER
            faults.append((reason, fault or movie.poster_lack))
        if len(faults) > 1 or (faults and not self.keep_incomplete):
            return ExcludedMovie(movie.id, *faults[0])
        for reason, _ in faults:
            self.notes[f"kept although: {reason}"] += 1
        if movie.series:
            self.notes[f"kept although: {movie.series}"] += 1
        if movie.unusable_year:
            self._year_note = self._year_note or (
                f"year ignored, since no film has it (for example {movie.unusable_year})"
            )
            self.notes[self._year_note] += 1
        return KeptMovie(
            id=movie.id,
            title=movie.title,
            year=movie.year,
            genres=tuple(dict.fromkeys(movie.genres)),
            plots=self._spool.append(json.dumps(movie.plots).encode()),
            poster=poster,
            split=movie.split,
            keys=tuple(content_keys(movie.plots, movie.poster if poster else None)),
        )

    def _poster(self, movie: RawMovie) -> tuple[KeptPoster | None, str]:
        """Return the poster, or None and its fault (empty if there is no poster)."""
        if movie.poster is None:
            return None, movie.poster_fault
        try:
            image = decode_poster(movie.poster)
        except PosterError as error:
            return None, str(error)
        if self.check_posters and not (check := check_poster(image)).usable:
            self.notes[f"poster ignored: {check.reason}"] += 1
            return None, ""
        content = self._stored_form(movie.poster, image)
        place = self._spool.append(content)
        name = movie.poster_name or f"{movie.id}.jpeg"
        return KeptPoster(name, image.width, image.height, place), ""

    def _stored_form(self, content: bytes, image: Image.Image) -> bytes:
        """Return the original bytes, or a smaller JPEG for a large image or another format."""
        with Image.open(io.BytesIO(content)) as opened:
            is_kept_format = opened.format in _KEPT_FORMATS
        if is_kept_format and max(image.size) <= MAX_SIDE:
            return content
        self.notes[f"poster stored as JPEG of at most {MAX_SIDE} px"] += 1
        smaller = image.copy()
        smaller.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        encoded = io.BytesIO()
        smaller.save(encoded, format="JPEG", quality=_JPEG_QUALITY)
        return encoded.getvalue()


def _placeholder_detail(text: str) -> str:
    return f"{shortened(text, _MAX_PLACEHOLDER_CHARS)!r} stands for none" if text else ""


def _limit_fault(movie: RawMovie) -> str:
    """Return the first limit that a movie exceeds, as text; empty if there is none."""
    names = (("id", (movie.id,)), ("title", (movie.title or "",)), ("genre", movie.genres))
    for what, texts in names:
        longest = max(map(len, texts), default=0)
        if longest > MAX_NAME_CHARS:
            return f"{what} of {longest:,} characters; expected at most {MAX_NAME_CHARS:,}"
    for what, number, max_number in (
        ("genres", len(movie.genres), MAX_GENRES),
        ("plots", len(movie.plots), MAX_PLOTS),
        ("characters in a plot", max(map(len, movie.plots), default=0), MAX_PLOT_CHARS),
    ):
        if number > max_number:
            return f"{number:,} {what}; expected at most {max_number:,}"
    return ""


def choose_genres(
    movies: Sequence[KeptMovie], named: Sequence[str] | None, min_movies: int
) -> GenreVocabulary:
    """Return the genre vocabulary.

    Args:
        movies: All movies that are kept.
        named: The genres to take, in this order; None takes the frequent ones, sorted by name.
        min_movies: The minimum number of movies of a frequent genre.

    Raises:
        ConfigError: A named genre does not occur.
        DataError: No genre is frequent, or one has the name of a column of the answers.
    """
    counts = Counter(genre for movie in movies for genre in movie.genres)
    if named is not None:
        missing = [genre for genre in named if genre not in counts]
        if missing:
            unknown_names = "; ".join(
                f"no movie has {g!r}, {did_you_mean(g, counts)}" for g in missing
            )
            raise ConfigError(f"`genres`: {unknown_names}")
        return _vocabulary(named)
    frequent = [g for g, n in counts.items() if n >= min_movies and g not in DROPPED_GENRES]
    if not frequent:
        most = counts.most_common(1)
        largest = f"{most[0][0]} has {most[0][1]}" if most else "there is no movie"
        raise DataError(
            f"no genre has {counted(min_movies, 'movie')} ({largest}); lower it with "
            "`min_movies`, or name the genres with `genres`"
        )
    return _vocabulary(sorted(frequent))


def _vocabulary(names: Sequence[str]) -> GenreVocabulary:
    """Return a vocabulary; refuse names of other columns in a catalogue's answers."""
    if clash := reserved(names):
        raise DataError(
            f"the genres {', '.join(clash)} have the names of columns of the answers "
            f"({', '.join(RESERVED_NAMES)}); rename them, or leave them out with `genres`"
        )
    return GenreVocabulary(tuple(names))


def one_spelling_each(movies: Sequence[KeptMovie]) -> tuple[list[KeptMovie], dict[str, str]]:
    """Return movies with one spelling for each genre, and the new spelling of each changed name.

    Args:
        movies: All movies that are kept.
    """
    spellings = one_spelling(Counter(genre for movie in movies for genre in movie.genres))
    if not spellings:
        return list(movies), spellings
    return [
        replace(movie, genres=with_spellings(movie.genres, spellings)) for movie in movies
    ], spellings


def log_spellings(spellings: Mapping[str, str]) -> None:
    """Log which spellings of genres were changed.

    Args:
        spellings: The new spelling of each changed name.
    """
    if spellings:
        names = ", ".join(f"{name} as {spelling}" for name, spelling in spellings.items())
        logger.info(
            "spellings of one genre are read as one: %s", shortened(names, _MAX_LOGGED_CHARS)
        )


def rare_genres(
    movies: Iterable[KeptMovie], genres: GenreVocabulary, min_movies: int
) -> list[ExcludedMovie]:
    """Return the genres that are left out, the most frequent first, each with its reason.

    Args:
        movies: All movies that are kept.
        genres: The vocabulary.
        min_movies: See ``choose_genres``.
    """
    counts = Counter(genre for movie in movies for genre in movie.genres)
    return [
        ExcludedMovie(
            "", Reason.GENRE, f"{genre}: {counted(number, 'movie')}; {_why(genre, min_movies)}"
        )
        for genre, number in counts.most_common()
        if genre not in genres
    ]


def _why(genre: str, min_movies: int) -> str:
    return "no kind of film" if genre in DROPPED_GENRES else f"a genre needs {min_movies:,}"


def with_genres(
    movies: Iterable[KeptMovie], genres: GenreVocabulary, excluded: list[ExcludedMovie]
) -> list[tuple[KeptMovie, tuple[str, ...]]]:
    """Return movies with their genres in the vocabulary; add movies without any to ``excluded``."""
    movies_with_genres: list[tuple[KeptMovie, tuple[str, ...]]] = []
    for movie in movies:
        movie_genres = tuple(genre for genre in movie.genres if genre in genres)
        if movie_genres:
            movies_with_genres.append((movie, movie_genres))
        else:
            detail = f"only {shortened(', '.join(movie.genres))}"
            excluded.append(ExcludedMovie(movie.id, Reason.NO_GENRE_LEFT, detail))
    return movies_with_genres
