"""A preview of a library's changes; accepted changes are written later."""

from collections.abc import Iterator, Sequence
from itertools import islice

from moviegenre.library.answers import Answerer
from moviegenre.library.plan import (
    FilmChange,
    Options,
    Outcome,
    PlannedFilm,
    plan_again,
    plan_changes,
    planned_film,
)
from moviegenre.library.walk import Library
from moviegenre.library.write import LibraryWriter

PREVIEW_FILMS = 16
"""Films that are predicted together; a preview shows the rows of each chunk at once."""

_WRITTEN_FILMS = 32  # films that are written together, after one entry in the journal


class Preview:
    """The planned changes of a library, by number; the bytes of files are not kept.

    Args:
        library: The result of ``scan_library``.
        options: The options of writing genres.

    Attributes:
        planned: The changes that can be written, by the film's number.
    """

    def __init__(self, library: Library, options: Options) -> None:
        self.library = library
        self.options = options
        self.planned: dict[int, PlannedFilm] = {}

    def changes(self, answer: Answerer) -> Iterator[list[tuple[int, FilmChange]]]:
        """Yield the planned changes in chunks, each with the film's number; nothing is written.

        Args:
            answer: Predicts films.
        """
        films = enumerate(self.library.films, start=1)
        for chunk in plan_changes(self.library, answer, self.options, PREVIEW_FILMS):
            rows: list[tuple[int, FilmChange]] = []
            for (number, place), change in zip(islice(films, len(chunk)), chunk, strict=True):
                if change.outcome == Outcome.CHANGE:
                    self.planned[number] = planned_film(place, change)
                rows.append((number, change.without_content()))
            yield rows

    def write(
        self, writer: LibraryWriter, numbers: Sequence[int]
    ) -> Iterator[list[tuple[int, FilmChange]]]:
        """Write some of the planned changes, and yield the outcome of each, in chunks.

        A written film is no longer planned. A file that changed since the preview is left alone.

        Args:
            writer: A writer that has the library's lock.
            numbers: The films' numbers; films that are not planned are skipped.

        Raises:
            OSError: The disk is full or broken, so nothing more can be written.
        """
        root = self.library.root
        for start in range(0, len(numbers), _WRITTEN_FILMS):
            chunk = [
                number
                for number in numbers[start : start + _WRITTEN_FILMS]
                if number in self.planned
            ]
            changes = [plan_again(root, self.planned[number], self.options) for number in chunk]
            rows = list(zip(chunk, writer.write(changes), strict=True))
            for number, change in rows:
                if change.outcome == Outcome.CHANGE:
                    del self.planned[number]
            yield rows
