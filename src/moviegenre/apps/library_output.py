"""Running ``moviegenre library``, with a progress bar, a table of changes and a summary."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from moviegenre.apps.messages import echo
from moviegenre.apps.progress import film_progress
from moviegenre.core.errors import counted, shortened
from moviegenre.data.records import whole_text

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor
    from moviegenre.library.answers import Answerer
    from moviegenre.library.plan import FilmChange, Options
    from moviegenre.library.walk import Library
    from moviegenre.library.write import LibraryWriter

_MAX_SHOWN = 40  # rows of the table; all are in the report
_MAX_REASONS = 5
_MAX_NOTE_CHARS = 160
_WIDE = 120  # columns of a terminal in which every row has its path
_NOT_WRITTEN = {
    "poster only": "poster only: add --from-poster to write",
    "title only": "title only: not written",
}


def run_library(
    path: Path,
    options: "Options",
    load: "Callable[[], Predictor]",
    *,
    write: bool,
    report: Path | None,
    quiet: bool,
) -> None:
    """Predict the genres of a library's films and show or write the changes.

    Args:
        path: The library.
        options: Which genres are written.
        load: Returns the model; called once, if a film has to be predicted.
        write: Write the changes; otherwise nothing in the library is touched.
        report: The file that gets a row for every film.
        quiet: Show no progress bar.

    Raises:
        Exit: Files could not be written; the status is 1.
    """
    from moviegenre.library.plan import FilmChange, Outcome
    from moviegenre.library.report import write_report
    from moviegenre.library.walk import scan_library

    undo_command = f"moviegenre library {shlex.quote(whole_text(str(path)))} --undo"
    changes: list[FilmChange] = []
    try:
        with film_progress("looking for films", quiet=quiet, transient=True) as show:
            library = scan_library(path, lambda films: show(films, None))
        changes += [
            FilmChange(file, Outcome.UNREADABLE, note=reason) for file, reason in library.unread
        ]
        for chunk in _changes(
            library, options, load, write=write, quiet=quiet, undo_command=undo_command
        ):
            changes += chunk
    finally:
        if report is not None and changes:
            write_report(report, changes, written=write)
    _print_changes(changes, write=write)
    _print_summary(library, changes, write=write)
    counts = _count(changes)
    if write and counts["change"]:
        echo(f"to restore the files: {undo_command}")
    elif counts["change"]:
        echo("nothing was written; add --write to write these genres")
    if report is not None and changes:
        echo(f"wrote {report}")
    if counts["cannot be written"]:
        raise typer.Exit(1)


def run_undo(path: Path, *, overwrite: bool, quiet: bool) -> None:
    """Restore a library's files as they were before ``--write``.

    Args:
        path: The library's folder.
        overwrite: Also restore files that were changed since.
        quiet: Show no progress bar.

    Raises:
        Exit: Files were left alone; the status is 1.
    """
    from moviegenre.library.journal import JOURNAL_FOLDER
    from moviegenre.library.undo import undo

    try:
        with film_progress("restoring", quiet=quiet) as show:
            summary = undo(path, show, overwrite=overwrite)
    except (KeyboardInterrupt, OSError) as error:
        error.add_note("every file is complete; run the same command again to restore the rest")
        raise
    if not summary.num_files:
        echo(f"nothing to undo: this command wrote nothing in {path}, or all of it is restored")
        return
    echo(
        f"{counted(summary.num_restored, 'file')} restored, {summary.num_same:,} were as before, "
        f"{len(summary.skipped):,} left alone"
    )
    _print_reasons("left alone", [file[:2] for file in summary.skipped], len(summary.skipped))
    if any(file.is_own_change for file in summary.skipped):
        echo("to restore files that were changed since, and lose those changes, add --overwrite")
    if summary.skipped:
        echo(f"to keep these files as they are, delete {path / JOURNAL_FOLDER}")
        raise typer.Exit(1)


def _changes(
    library: "Library",
    options: "Options",
    load: "Callable[[], Predictor]",
    *,
    write: bool,
    quiet: bool,
    undo_command: str,
) -> "Iterator[list[FilmChange]]":
    """Yield the changes of the films in chunks; write them if ``write`` is set."""
    from moviegenre.library.answers import model_answers, no_answers
    from moviegenre.library.plan import needs_answer, plan_changes
    from moviegenre.library.write import writing

    to_predict = {place.nfo for place in library.films if needs_answer(place, options)}
    total, done = len(to_predict), 0
    with ExitStack() as stack:
        answerer: Answerer = no_answers
        if total:
            predictor = load()
            options.names.check(predictor.model.genres)
            answerer = model_answers(predictor)
        writer = stack.enter_context(writing(library.root)) if write else None
        show = stack.enter_context(film_progress("predicting", quiet=quiet or not total))
        show(0, total)
        with _note_written(writer, undo_command):
            for chunk in plan_changes(library, answerer, options):
                rows = chunk if writer is None else writer.write(chunk)
                done += sum(change.path in to_predict for change in rows)
                show(done, total)
                yield [change.without_content() for change in rows]


@contextmanager
def _note_written(writer: "LibraryWriter | None", undo_command: str) -> Iterator[None]:
    """Add the number of written films to an interruption or a system failure."""
    try:
        yield
    except (KeyboardInterrupt, OSError, MemoryError) as error:
        if writer is None or not writer.num_written:
            error.add_note("nothing was written; run the same command again")
        else:
            error.add_note(
                f"films written before: {writer.num_written:,}; the same command goes on from "
                f"there, and {undo_command} restores them"
            )
        raise


def _print_changes(changes: "Sequence[FilmChange]", *, write: bool) -> None:
    """Print a table of the films that change, and of films with too little input to be written."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from moviegenre.library.plan import joined_notes

    rows = [change for change in changes if change.outcome.value in ("change", *_NOT_WRITTEN)]
    if not rows:
        return
    console = Console()
    is_wide = console.width >= _WIDE
    table = Table(box=None, pad_edge=False)
    titles = ("genres now", "genres written" if write else "genres after", "note")
    for title in ("film", *(["file"] if is_wide else []), *titles):
        table.add_column(title, overflow="fold")
    num_rows = Counter(map(_name, rows))
    for change in rows[:_MAX_SHOWN]:
        path = change.path.as_posix()
        names = [_name(change), path] if is_wide else [_name(change)]
        if not is_wide and num_rows[names[0]] > 1:
            names[0] += f"\n{path}"
        why_not = _NOT_WRITTEN.get(change.outcome.value, "")
        note = joined_notes(why_not, shortened(change.note, _MAX_NOTE_CHARS))
        genres = "-" if write and why_not else _genres(change)
        cells = (*names, ", ".join(change.before) or "-", genres, note)
        table.add_row(*(Text(whole_text(cell)) for cell in cells))
    console.print(table)
    if (more := len(rows) - _MAX_SHOWN) > 0:
        echo(f"and {counted(more, 'more film')}; --report FILE lists all")


def _name(change: "FilmChange") -> str:
    if not change.title:
        return change.path.as_posix()
    return f"{change.title} ({change.year})" if change.year else change.title


def _genres(change: "FilmChange") -> str:
    """Return the genres of a film, new ones with their probability."""
    num_kept = len(change.after) - len(change.probabilities)
    new_genres = zip(change.after[num_kept:], change.probabilities, strict=True)
    return ", ".join(
        [*change.after[:num_kept], *(f"{name} {100 * value:.0f} %" for name, value in new_genres)]
    )


def _print_summary(library: "Library", changes: "Sequence[FilmChange]", *, write: bool) -> None:
    from moviegenre.library.walk import LEFT_ALONE_REASONS

    counts = _count(changes)
    change_text = "written" if write else "would change"
    parts = [f"{counts['change']:,} {change_text}"]
    parts += [f"{number:,} {name}" for name, number in counts.items() if name != "change"]
    if changes:
        echo(f"{counted(len(changes), 'film')}: {', '.join(parts)}")
    else:
        films = "no film that can be changed" if library.left_alone else "no film found"
        echo(
            f"{library.root}: {films}; expected movie.nfo or <video>.nfo files, or videos with a "
            "poster beside them (docs/library.md)"
        )
    if left_alone := [f"{name} ({number:,})" for name, number in library.left_alone.items()]:
        echo(f"left alone: {', '.join(left_alone)}")
    for kind in library.left_alone:
        if kind in LEFT_ALONE_REASONS:
            echo(f"{kind}: {LEFT_ALONE_REASONS[kind]}")
    for outcome in ("not sure", "locked", "changed since", "cannot be read", "cannot be written"):
        rows = [(row.path, row.note) for row in changes if row.outcome.value == outcome]
        _print_reasons(outcome, rows, _MAX_REASONS)
    rows = [(row.path, row.note) for row in changes if row.has_rival and not row.probabilities]
    _print_reasons("two .nfo files", rows, _MAX_REASONS)


def _print_reasons(outcome: str, rows: "Sequence[tuple[Path, str]]", max_rows: int) -> None:
    for path, reason in rows[:max_rows]:
        echo(f"{outcome}: {whole_text(path.as_posix())}: {shortened(whole_text(reason))}")
    if len(rows) > max_rows:
        echo(f"{outcome}: {len(rows) - max_rows:,} more; --report FILE lists all")


def _count(changes: "Sequence[FilmChange]") -> "Counter[str]":
    return Counter(change.outcome.value for change in changes)
