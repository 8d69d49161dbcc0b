"""Preview, writing and undo of a library, as lines for the page."""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moviegenre.apps.service.errors import RequestError
from moviegenre.apps.service.library.jobs import Connection, Job
from moviegenre.apps.service.library.requests import (
    LibraryAnswer,
    PreviewRequest,
    WriteRequest,
)
from moviegenre.core.errors import DataError
from moviegenre.data.records import whole_text
from moviegenre.library.answers import model_answers
from moviegenre.library.plan import FilmChange, Outcome, needs_answer
from moviegenre.library.preview import Preview
from moviegenre.library.undo import can_undo, undo
from moviegenre.library.walk import library_root, scan_library
from moviegenre.library.write import writing

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor

_MAX_TEXT_CHARS = 300  # characters of a title, a path or a note
_MAX_GENRE_CHARS = 60
_MAX_GENRES = 30  # existing genres that are shown
_MAX_SKIPPED = 200  # skipped files of an undo that are shown
_PROGRESS_SECONDS = 0.2  # between two lines of progress


class LibrarySession:
    """The library of a service, and its last preview; a new preview replaces it.

    Each job runs in the thread of ``LibraryJobs``; the queue of the service predicts films.

    Raises:
        DataNotFoundError: There is no such folder.
    """

    def __init__(self, root: Path, predictor: "Predictor") -> None:
        self.root = library_root(root)
        self._predictor = predictor
        self._preview: Preview | None = None
        self._preview_id = ""

    def describe(self) -> LibraryAnswer:
        """Return the library's name, and whether its journal has changes.

        Raises:
            RequestError: The library is missing, or another file has its journal's name.
        """
        try:
            name = whole_text(self.root.name or str(self.root))
            return LibraryAnswer(name=name, can_undo=can_undo(self.root))
        except DataError as error:
            raise RequestError(422, str(error)) from None

    def preview(self, request: PreviewRequest) -> Job:
        """Return the job that plans changes and writes nothing."""
        return lambda connection: self._plan(request, connection)

    def write(self, request: WriteRequest) -> Job:
        """Return the job that writes accepted films.

        Raises:
            RequestError: The preview is not the last one, or has no such film.
        """
        preview = self._preview
        if preview is None or not secrets.compare_digest(
            self._preview_id.encode(), request.preview.encode("utf-8", "replace")
        ):
            raise RequestError(
                409, "this preview is no longer valid; make a new one and accept films again"
            )
        numbers = list(preview.planned)
        if request.ids is not None:
            numbers = list(dict.fromkeys(request.ids))
            unknown = [number for number in numbers if number not in preview.planned]
            if unknown:
                raise RequestError(
                    422,
                    f"the preview has no film {unknown[0]} that would change; expected ids of the "
                    "preview that are not written yet",
                )
        return lambda connection: self._write(preview, numbers, connection)

    def undo(self) -> Job:
        """Return the job that restores every file of the journal."""
        return self._undo

    def _plan(self, request: PreviewRequest, connection: Connection) -> None:
        self._preview, self._preview_id = None, ""
        options = request.options
        options.names.check(self._predictor.model.genres)
        progress = _progress(connection)
        library = scan_library(self.root, lambda films: progress(films, None))
        to_predict = {place.nfo for place in library.films if needs_answer(place, options)}
        connection.send(
            {"type": "start", "films": len(library.films), "to_predict": len(to_predict)}
        )
        unread = [
            FilmChange(path, Outcome.UNREADABLE, note=reason) for path, reason in library.unread
        ]
        counts = Counter(change.outcome.value for change in unread)
        if unread:
            connection.send(
                {"type": "films", "done": 0, "films": [_row(None, change) for change in unread]}
            )
        preview, done = Preview(library, options), 0
        for rows in preview.changes(model_answers(self._predictor, connection.predict)):
            counts.update(change.outcome.value for _, change in rows)
            done += sum(change.path in to_predict for _, change in rows)
            films = [
                _row(number if number in preview.planned else None, change)
                for number, change in rows
                if change.outcome != Outcome.NOTHING_TO_DO
            ]
            connection.send({"type": "films", "done": done, "films": films})
        self._preview, self._preview_id = preview, secrets.token_urlsafe(16)
        connection.send(
            {
                "type": "end",
                "preview": self._preview_id,
                "counts": counts,
                "left_alone": library.left_alone,
                "can_undo": can_undo(self.root),
            }
        )

    def _write(self, preview: Preview, numbers: Sequence[int], connection: Connection) -> None:
        done = 0
        with writing(self.root) as writer:
            try:
                connection.send({"type": "start", "films": len(numbers)})
                for rows in preview.write(writer, numbers):
                    done += len(rows)
                    films = [
                        {
                            "id": number,
                            "written": change.outcome == Outcome.CHANGE,
                            "note": _text(change.note),
                        }
                        for number, change in rows
                    ]
                    connection.send({"type": "films", "done": done, "films": films})
            except (OSError, MemoryError, RequestError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise DataError(
                    f"{reason}; films written before: {writer.num_written:,}; undo restores them"
                ) from None
        connection.send(
            {
                "type": "end",
                "written": writer.num_written,
                "skipped": len(numbers) - writer.num_written,
                "can_undo": can_undo(self.root),
            }
        )

    def _undo(self, connection: Connection) -> None:
        self._preview, self._preview_id = None, ""
        progress = _progress(connection)
        summary = undo(self.root, progress)
        skipped = [
            {"path": _text(file.path.as_posix()), "reason": _text(file.reason)}
            for file in summary.skipped[:_MAX_SKIPPED]
        ]
        connection.send(
            {
                "type": "end",
                "files": summary.num_files,
                "restored": summary.num_restored,
                "same": summary.num_same,
                "left_alone": len(summary.skipped),
                "skipped": skipped,
                "can_undo": can_undo(self.root),
            }
        )


def _progress(connection: Connection) -> Callable[[int, int | None], None]:
    """Return a function that sends the progress of a job, but only every ``_PROGRESS_SECONDS``."""
    next_time = 0.0

    def show(done: int, total: int | None) -> None:
        nonlocal next_time
        if time.monotonic() >= next_time:
            connection.send({"type": "progress", "done": done, "total": total})
            next_time = time.monotonic() + _PROGRESS_SECONDS

    return show


def _row(number: int | None, change: FilmChange) -> Mapping[str, Any]:
    """Return a film as the page shows it; a film with an id can be accepted."""
    num_kept = len(change.after) - len(change.probabilities)
    new_genres = zip(change.after[num_kept:], change.probabilities, strict=True)
    before = [_text(name, _MAX_GENRE_CHARS) for name in change.before[:_MAX_GENRES]]
    return {
        "id": number,
        "title": _text(change.title or "") or None,
        "year": change.year,
        "path": _text(change.path.as_posix()),
        "outcome": change.outcome.value,
        "before": before,
        "kept": num_kept > 0,
        "genres": [[_text(name, _MAX_GENRE_CHARS), round(value, 4)] for name, value in new_genres],
        "note": _text(change.note),
    }


def _text(text: str, max_chars: int = _MAX_TEXT_CHARS) -> str:
    text = whole_text(text)
    return text if len(text) <= max_chars else f"{text[:max_chars]}..."
