"""Plan the genres of each film of a library, with a reason for films without any."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from moviegenre.core.errors import DataError
from moviegenre.core.genre_mapping import GenreNames
from moviegenre.core.genre_names import same_genre
from moviegenre.core.reading import MissingFileError, read_bounded
from moviegenre.library.answers import Answer, Answerer, FilmText
from moviegenre.library.edit import new_nfo, with_genres
from moviegenre.library.journal import sha256
from moviegenre.library.mode import Mode as Mode
from moviegenre.library.nfo import MAX_NFO_BYTES, Nfo, parse_nfo
from moviegenre.library.walk import FilmPlace, Library

CHUNK_FILMS = 64
"""Films in memory: predicted and written together."""

_MAX_CHUNK = 4_096  # films, including those that are not predicted


class Outcome(StrEnum):
    """The outcome for a film."""

    CHANGE = "change"
    NOTHING_TO_DO = "nothing to do"
    NOT_SURE = "not sure"
    POSTER_ONLY = "poster only"
    TITLE_ONLY = "title only"
    LOCKED = "locked"
    CHANGED_SINCE = "changed since"
    UNREADABLE = "cannot be read"
    FAILED = "cannot be written"


@dataclass(frozen=True)
class Options:
    """The options of writing genres.

    Attributes:
        mode: What happens to existing genres.
        most: The maximum number of predicted genres for each film.
        names: The names of genres in the files.
        lock: Lock the genres for Jellyfin.
        from_poster: Also write genres predicted from the poster alone.
    """

    mode: Mode = Mode.MISSING
    most: int = 3
    names: GenreNames = GenreNames({})  # noqa: RUF009 - it is frozen
    lock: bool = False
    from_poster: bool = False


@dataclass(frozen=True)
class FilmChange:
    """The planned change of a film.

    Attributes:
        path: Its .nfo file, relative to the library.
        outcome: Its outcome.
        title: Its title.
        year: The year of its release.
        before: The genres before the change.
        after: The genres after the change.
        probabilities: The probabilities of the predicted genres that are written, surest first.
        note: Why nothing is written, or warnings.
        has_rival: Another .nfo file of the film has other genres; the note names it.
        old: The file's bytes; None for no file.
        new: The bytes to write; None to write nothing.
    """

    path: Path
    outcome: Outcome
    title: str | None = None
    year: int | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    note: str = ""
    has_rival: bool = False
    old: bytes | None = None
    new: bytes | None = None

    def without_content(self) -> "FilmChange":
        """Return the change without the file's bytes."""
        return replace(self, old=None, new=None)


@dataclass(frozen=True)
class _FilmToPredict:
    """A film to predict, with the content of its .nfo file."""

    place: FilmPlace
    nfo: Nfo | None
    old: bytes | None
    text: FilmText

    @property
    def before(self) -> tuple[str, ...]:
        return self.nfo.genres if self.nfo else ()


def plan_changes(
    library: Library, answer: Answerer, options: Options, chunk_films: int = CHUNK_FILMS
) -> Iterator[list[FilmChange]]:
    """Yield the planned changes of a library in chunks; nothing is written.

    Args:
        library: The result of ``scan_library``.
        answer: Predicts films.
        options: The options of writing genres.
        chunk_films: The number of films that are predicted together.
    """
    for places in _chunks(library.films, options, chunk_films):
        films = [_film_to_predict(library, place, options) for place in places]
        to_predict = [film.text for film in films if isinstance(film, _FilmToPredict)]
        answers = iter(answer(to_predict) if to_predict else ())
        changes = (
            _decide(film, next(answers), options) if isinstance(film, _FilmToPredict) else film
            for film in films
        )
        yield [
            _compared(library.root, place, change)
            for place, change in zip(places, changes, strict=True)
        ]


@dataclass(frozen=True)
class PlannedFilm:
    """A planned change without the file's bytes, to be written later.

    Attributes:
        place: The film's place.
        sha256: The SHA-256 of its .nfo file when the change was planned; None if there was none.
        genres: The predicted genres that are written, the surest first.
        probabilities: Their probabilities.
    """

    place: FilmPlace
    sha256: str | None
    genres: tuple[str, ...]
    probabilities: tuple[float, ...]


def planned_film(place: FilmPlace, change: FilmChange) -> PlannedFilm:
    """Return a planned change without the file's bytes.

    Args:
        place: The film's place.
        change: Its change from ``plan_changes``.
    """
    genres = change.after[len(change.after) - len(change.probabilities) :]
    return PlannedFilm(place, sha256(change.old), genres, change.probabilities)


def plan_again(root: Path, planned: PlannedFilm, options: Options) -> FilmChange:
    """Return a change with the file's bytes; the outcome changes if the file has changed.

    Args:
        root: The library's folder.
        planned: The planned change.
        options: The options of the plan.
    """
    place = planned.place
    old: bytes | None = None
    try:
        with suppress(MissingFileError):
            old = read_bounded(root / place.nfo, MAX_NFO_BYTES, "an .nfo file")
        if sha256(old) != planned.sha256:
            raise DataError("the file was changed since the preview")
        nfo = None if old is None else parse_nfo(old)
        title, year = (nfo.title, nfo.year) if nfo else (None, None)
        text = FilmText(None, None, title or place.title, year or place.year)
        film = _FilmToPredict(place, nfo, old, text)
        keep = options.mode == Mode.ADD
        new = _content(film, planned.genres, options, keep=keep)
    except DataError as error:
        return FilmChange(place.nfo, Outcome.CHANGED_SINCE, note=str(error))
    after = (*film.before, *planned.genres) if keep else planned.genres
    probabilities = planned.probabilities
    return FilmChange(
        *(place.nfo, Outcome.CHANGE, text.title, text.year, film.before, after, probabilities),
        old=old,
        new=new,
    )


def needs_answer(place: FilmPlace, options: Options) -> bool:
    """Return whether the model has to predict a film."""
    return options.mode != Mode.MISSING or not place.has_genres


def _chunks(
    places: Sequence[FilmPlace], options: Options, chunk_films: int
) -> Iterator[list[FilmPlace]]:
    """Yield the films in chunks with about the same number of films to predict."""
    chunk: list[FilmPlace] = []
    num_to_predict = 0
    for place in places:
        chunk.append(place)
        num_to_predict += needs_answer(place, options)
        if num_to_predict == chunk_films or len(chunk) == _MAX_CHUNK:
            yield chunk
            chunk, num_to_predict = [], 0
    if chunk:
        yield chunk


def _film_to_predict(
    library: Library, place: FilmPlace, options: Options
) -> _FilmToPredict | FilmChange:
    """Return a film to predict, or its change if no prediction is needed."""
    poster = library.root / place.poster if place.poster else None
    if not place.has_nfo:
        return _FilmToPredict(place, None, None, FilmText(None, poster, place.title, place.year))
    try:
        old = read_bounded(library.root / place.nfo, MAX_NFO_BYTES, "an .nfo file")
        nfo = parse_nfo(old)
    except MissingFileError:
        return FilmChange(place.nfo, Outcome.CHANGED_SINCE, note="the file is gone")
    except DataError as error:
        return FilmChange(place.nfo, Outcome.UNREADABLE, note=str(error))
    title, year = nfo.title or place.title, nfo.year or place.year
    if options.mode == Mode.MISSING and nfo.genres:
        return FilmChange(
            place.nfo, Outcome.NOTHING_TO_DO, title, year, nfo.genres, nfo.genres, note="has genres"
        )
    if nfo.genre_lock:
        note = f"{nfo.genre_lock} locks its genres; unlock them in your media server to change them"
        genres = nfo.genres
        return FilmChange(place.nfo, Outcome.LOCKED, title, year, genres, genres, note=note)
    return _FilmToPredict(place, nfo, old, FilmText(nfo.plot, poster, title, year))


def _compared(root: Path, place: FilmPlace, change: FilmChange) -> FilmChange:
    """Return a change with a note on another .nfo file of the film, if its genres differ."""
    genres = change.after if change.outcome == Outcome.CHANGE else change.before
    for path in place.other_nfos:
        try:
            others = parse_nfo(read_bounded(root / path, MAX_NFO_BYTES, "an .nfo file")).genres
        except DataError:  # it is no whole film
            others = ()
        if set(others) != set(genres):
            found = f"other genres ({', '.join(others)})" if others else "no genres"
            note = f"The film's other file {path.name} has {found} and is not changed"
            note = joined_notes(change.note, f"{note}; keep only one of them")
            return replace(change, note=note, has_rival=True)
    return change


def joined_notes(*notes: str) -> str:
    """Return notes as sentences of one text.

    Example:
        >>> joined_notes("title only: not written", "", "The plot is a placeholder.")
        'title only: not written. The plot is a placeholder.'
    """
    *others, last = [note for note in notes if note] or [""]
    return " ".join([*(f"{note.removesuffix('.')}." for note in others), last])


def _decide(film: _FilmToPredict, answer: Answer, options: Options) -> FilmChange:
    """Return the planned change of a predicted film."""
    note = " ".join(answer.warnings)
    change = FilmChange(
        film.place.nfo,
        Outcome.NOT_SURE,
        film.text.title,
        film.text.year,
        film.before,
        film.before,
        note=note,
        old=film.old,
    )
    has_title_only = not (answer.has_plot or answer.has_poster)
    if not answer.genres:
        reason = "no plot and no poster" if has_title_only else "no genre is probable enough"
        return replace(change, note=note or reason)
    names = options.names.of(answer.genres)[: options.most]
    if not names:
        note = "the chosen names drop every genre predicted for it"
        return replace(change, outcome=Outcome.NOTHING_TO_DO, note=note)
    probabilities = tuple(_probability(name, answer, options.names) for name in names)
    keep = options.mode == Mode.ADD
    new = _missing(names, film.before, answer, options.names) if keep else names
    if not new or (not keep and names == film.before):
        return replace(change, outcome=Outcome.NOTHING_TO_DO, note="has these genres")
    outcome = Outcome.CHANGE
    if has_title_only:
        outcome = Outcome.TITLE_ONLY
    elif not answer.has_plot and not options.from_poster:
        outcome = Outcome.POSTER_ONLY
    change = replace(
        change,
        outcome=outcome,
        after=(*film.before, *new) if keep else names,
        probabilities=tuple(
            probability
            for name, probability in zip(names, probabilities, strict=True)
            if name in new
        ),
    )
    try:
        return replace(change, new=_content(film, new, options, keep=keep))
    except DataError as error:
        return replace(change, outcome=Outcome.UNREADABLE, after=film.before, note=str(error))


def _content(film: _FilmToPredict, new: Sequence[str], options: Options, *, keep: bool) -> bytes:
    if film.nfo is not None:
        return with_genres(film.nfo, new, keep=keep, lock=options.lock)
    return new_nfo(new, film.text.title, film.text.year, lock=options.lock)


def _probability(name: str, answer: Answer, names: GenreNames) -> float:
    """Return the largest probability of the genres written under a name."""
    pairs = zip(answer.genres, answer.probabilities, strict=True)
    return max(probability for genre, probability in pairs if name in names.of([genre]))


def _missing(
    chosen: tuple[str, ...], before: Sequence[str], answer: Answer, names: GenreNames
) -> tuple[str, ...]:
    """Return the chosen names that a film lacks, also under the model's own genre names."""
    lacking = names.of(genre for genre in answer.genres if not _has_genre(genre, before))
    return tuple(name for name in chosen if name in lacking and not _has_genre(name, before))


def _has_genre(name: str, genres: Sequence[str]) -> bool:
    return any(same_genre(name, genre) for genre in genres)
