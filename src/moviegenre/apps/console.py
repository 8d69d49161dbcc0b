"""Printing tables, sentences and the names of written files."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import typer

from moviegenre.evaluation.documents import Table, rich_table


def print_table(
    table: Table, *, title: str, caption: str | None = None, kept: Sequence[str] | None = None
) -> None:
    """Print a table.

    Args:
        table: The rows.
        title: Above it.
        caption: Below it.
        kept: Headings of the columns that are shown; None shows all.
    """
    from rich.console import Console

    Console(highlight=False).print(rich_table(table, title=title, caption=caption, kept=kept))


def print_files(files: Iterable[Path]) -> None:
    """Print where a document was written."""
    typer.echo(f"wrote {', '.join(str(path) for path in files)}")
