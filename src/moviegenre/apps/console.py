"""Printing tables, sentences and the names of written files."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from moviegenre.apps.messages import echo
from moviegenre.evaluation.documents import Table, rich_tables

if TYPE_CHECKING:
    from moviegenre.evaluation.compare import Comparison


def print_table(
    table: Table, *, title: str, caption: str | None = None, kept: Sequence[str] | None = None
) -> None:
    """Print a table, or only its columns with the ``kept`` headings."""
    from rich.console import Console

    console = Console(highlight=False)
    for part in rich_tables(table, console.width, title=title, caption=caption, kept=kept):
        console.print(part)


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
    """Print the ranking, the findings, and the path of the page."""
    from moviegenre.evaluation.findings import findings
    from moviegenre.evaluation.tables import ranking_table
    from moviegenre.evaluation.tuned_tables import TUNED_IN_SHORT, tuned_table

    ranking = ranking_table(comparison)
    title = f"{comparison.split}, {comparison.num_movies:,} movies, per cent"
    headings = [name for name in ranking.headings if name not in ("#", "looks at")]
    print_table(ranking, title=title, caption=f"threshold {comparison.threshold:g}", kept=headings)
    tuned = tuned_table(comparison)
    if tuned is not None:
        title = "thresholds by genre fitted on validation, per cent"
        print_table(tuned, title=title, kept=TUNED_IN_SHORT)
    for finding in findings(comparison):
        typer.secho(finding.heading, bold=True)
        print_sentences(finding.sentences)
    echo(f"report: {page.resolve()}")
