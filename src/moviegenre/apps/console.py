"""Progress bars, tables, sentences and the names of written files on the screen."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from moviegenre.apps.messages import echo

if TYPE_CHECKING:
    from moviegenre.evaluation.compare import Comparison
    from moviegenre.evaluation.documents import Table

_SPEED_SECONDS = 300  # films come in chunks, seconds apart


@contextmanager
def film_progress(
    title: str, *, quiet: bool = False, transient: bool = False
) -> Iterator[Callable[[int, int | None], None]]:
    """Yield a function that shows how many of how many films are done, the rate and the time left.

    The bar appears when the function is first called.

    Args:
        title: What is being done.
        quiet: Show nothing.
        transient: Remove the bar at the end; where that is impossible, show nothing.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, transient=transient, speed_estimate_period=_SPEED_SECONDS)
    is_hidden = quiet or (transient and not bar.console.is_terminal)
    tasks: list[TaskID] = []

    def show(done: int, total: int | None) -> None:
        if is_hidden:
            return
        if not tasks:
            bar.start()
            tasks.append(bar.add_task(title, total=None, rate=""))
        (task,) = tasks
        if total is not None and bar.tasks[0].total is None:  # what was done before is no speed
            bar.reset(task, total=total, completed=done)
        speed = bar.tasks[0].speed
        rate = f"{speed:.1f} films/s" if speed else ""
        bar.update(task, total=total, completed=done, rate=rate)

    try:
        yield show
    finally:
        if tasks:
            bar.stop()


def print_table(
    table: "Table", *, title: str, caption: str | None = None, kept: Sequence[str] | None = None
) -> None:
    """Print a table.

    Args:
        table: The rows.
        title: Above it.
        caption: Below it.
        kept: Headings of the columns that are shown; None shows all.
    """
    from rich.console import Console

    from moviegenre.evaluation.documents import rich_table

    Console(highlight=False).print(rich_table(table, title=title, caption=caption, kept=kept))


def print_sentences(sentences: Iterable[str]) -> None:
    """Print sentences, indented and wrapped at the width of the console."""
    from rich.console import Console

    console = Console(highlight=False)
    for sentence in sentences:
        console.print(f"  {sentence}", markup=False)


def print_files(files: Iterable[Path]) -> None:
    """Print where a document was written."""
    echo(f"wrote {', '.join(str(path) for path in files)}")


def print_comparison(comparison: "Comparison", page: Path) -> None:
    """Print the ranking, what it shows, and where the page is."""
    from moviegenre.evaluation.findings import findings
    from moviegenre.evaluation.tables import ranking_table
    from moviegenre.evaluation.tuned_tables import TUNED_IN_SHORT, tuned_table

    ranking = ranking_table(comparison)
    title = f"{comparison.split}, {comparison.num_movies:,} movies, per cent"
    kept = [name for name in ranking.headings if name not in ("#", "looks at")]
    print_table(ranking, title=title, caption=f"threshold {comparison.threshold:g}", kept=kept)
    tuned = tuned_table(comparison)
    if tuned is not None:
        title = "thresholds by genre fitted on validation, per cent"
        print_table(tuned, title=title, kept=TUNED_IN_SHORT)
    for finding in findings(comparison):
        typer.secho(finding.heading, bold=True)
        print_sentences(finding.sentences)
    echo(f"report: {page.resolve()}")
