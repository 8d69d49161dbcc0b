"""``moviegenre adapt``: learn your own genres from your own films."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moviegenre.apps.messages import echo
from moviegenre.apps.options import OUT
from moviegenre.apps.progress import film_progress
from moviegenre.core.errors import shortened

if TYPE_CHECKING:
    from moviegenre.adapt.adapt import Adapted
    from moviegenre.adapt.films import RowList

_TABLE, _MODEL = "The table", "Model"
_MAX_SHOWN = 5  # rare genres, or numbers of rows, that are printed


def adapt(
    table: Annotated[
        Path,
        typer.Argument(help="Table of films with genres, as predict reads it."),
    ],
    out: Annotated[Path, typer.Option(**OUT, help="New folder for the model.")],
    genres_column: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=_TABLE,
            help="Column of genres or your own tags. Default: genres, genre or another usual name.",
        ),
    ] = None,
    plot_column: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=_TABLE,
            help="Column of plots; repeatable. Default: plot, overview or another usual name.",
        ),
    ] = None,
    poster_column: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=_TABLE,
            help="Column of poster files, relative to the table. Default: poster, if present.",
        ),
    ] = None,
    min_films: Annotated[
        int, typer.Option(min=2, rich_help_panel=_TABLE, help="Minimum films per genre.")
    ] = 20,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=_MODEL,
            help="Model: an exported folder or a name on the Hub. Default: the included model.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the model in OUT.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress bar.")] = False,
) -> None:
    """Learn your own genres from your own films, without PyTorch.

    The result is a folder that predict, serve and load use like any other model.

    For example: moviegenre adapt mine.csv --genres-column tags --out my-model
    """
    from moviegenre.adapt.adapt import adapt as run
    from moviegenre.adapt.regression import require_adapt
    from moviegenre.data.sources.table import TableColumns

    require_adapt()
    columns = TableColumns(
        plots=tuple(plot_column or ()), poster=poster_column, genres=genres_column
    )
    with film_progress("computing films", quiet=quiet, transient=True) as show:
        adapted = run(
            table,
            columns,
            out,
            model=checkpoint,
            min_films=min_films,
            overwrite=overwrite,
            on_progress=show,
        )
    _print(adapted)


def _rows_text(rows: "RowList") -> str:
    """Return the number of rows, the first of them, and an example, as text."""
    first = ", ".join(map(str, rows.rows[:_MAX_SHOWN]))
    more = f" and {len(rows.rows) - _MAX_SHOWN:,} more" if len(rows.rows) > _MAX_SHOWN else ""
    name = "row" if len(rows.rows) == 1 else "rows"
    example = f", for example row {rows.rows[0]}: {shortened(rows.example)}" if rows.example else ""
    return f"{len(rows.rows):,} ({name} {first}{more}){example}"


def _print(adapted: "Adapted") -> None:
    """Print the numbers of films and genres, what was left out, and the cross-validated scores."""
    from rich.console import Console
    from rich.table import Table

    from moviegenre.adapt.scores import SCORE_TITLES

    films = adapted.films
    echo(f"Learned {len(films.genres)} genres from {len(films):,} films.")
    if films.unread_note:
        echo(films.unread_note)
    for reason, left_out in films.left_out.items():
        echo(f"Rows left out, {reason}: {_rows_text(left_out)}")
    if films.without_poster.rows:
        echo(f"Films without their poster: {_rows_text(films.without_poster)}")
    if films.without_year.rows:
        echo(f"Years ignored, since no film has them: {_rows_text(films.without_year)}")
    for reason, number in films.series.items():
        echo(f"Kept although {reason}, and the model is made for films: {number:,}.")
    if films.rare:
        rare = [f"{name} ({number})" for name, number in films.rare.items()]
        more_text = f" and {len(rare) - _MAX_SHOWN} more" if len(rare) > _MAX_SHOWN else ""
        echo(f"Genres with too few films, left out: {', '.join(rare[:_MAX_SHOWN])}{more_text}.")
    scores = Table(title="Cross-validated on these films, per cent", title_justify="left")
    scores.add_column("model", overflow="fold")
    for name in ("F1-macro", "F1-micro"):
        scores.add_column(name, justify="right", no_wrap=True)
    for name, title in SCORE_TITLES.items():
        if score := adapted.scores.get(name):
            scores.add_row(title, f"{100 * score.f1_macro:.1f}", f"{100 * score.f1_micro:.1f}")
    console = Console()
    console.print(scores)
    genre_scores = sorted(adapted.own_scores.per_genre.items(), key=lambda item: -item[1])
    shown_scores = ", ".join(f"{name} {100 * f1:.0f}" for name, f1 in genre_scores)
    console.print(f"F1 of each genre: {shown_scores}", markup=False)
    option = "--plot ..." if "plot" in films.reads else "--poster ..."
    echo(f"{adapted.folder}: use it with moviegenre predict --checkpoint {adapted.folder} {option}")
