"""``--show``: how the first rows of a table are read, without computing anything."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from moviegenre.data.sources.table import TableColumns
    from moviegenre.inference.catalogue_texts import CatalogueColumns

_ROWS = 5
_CELL_CHARS = 60


def show_catalogue(source: str, columns: "CatalogueColumns", posters: str | None) -> None:
    """Print how ``predict --input`` reads the first rows of a table, or of the first of several."""
    from moviegenre.data.storage import is_address
    from moviegenre.data.tables.table_files import find_tables
    from moviegenre.inference.catalogue_rows import Catalogue

    path = next(iter(find_tables(source).values()))
    folder = posters if posters is None or is_address(posters) else Path(posters)
    catalogue = Catalogue(path, columns, folder)
    columns = catalogue.columns
    _print_columns(
        {
            "id": columns.id or "(the row's number)",
            "plot": ", ".join(columns.plots) or "(none)",
            "poster": columns.poster or "(none)",
            "title": columns.title or "(none)",
            "year": columns.year or "(none)",
        }
    )
    for number, row in enumerate(catalogue.preview(_ROWS), start=1):
        _print_row(number, row)


def show_movies(path: Path, columns: "TableColumns | None") -> None:
    """Print how ``data prepare`` reads the first rows of a table, or movies of MM-IMDb."""
    from itertools import islice

    from moviegenre.core.reading import at_home
    from moviegenre.data.sources.layouts import open_path
    from moviegenre.data.sources.table import MovieTable

    movies = open_path(at_home(path), columns)
    if isinstance(movies, MovieTable):
        _print_columns(movies.found)
    else:
        typer.echo(f"{path}: {movies.form}")
    for number, movie in enumerate(islice(movies, _ROWS), start=1):
        poster = f"{len(movie.poster):,} bytes" if movie.poster else movie.poster_lack
        _print_row(
            number,
            {
                "id": movie.id,
                "title": movie.title,
                "year": movie.year,
                "genres": " | ".join(movie.genres) or movie.genre_placeholder,
                "plot": " / ".join(movie.plots) or movie.plot_placeholder,
                "poster": poster or movie.poster_fault,
                "split": movie.split or movie.split_text,
                "note": movie.series,
                "error": movie.fault,
            },
        )


def _print_columns(columns: Mapping[str, str]) -> None:
    typer.echo("columns: " + "; ".join(f"{field}: {name}" for field, name in columns.items()))


def _print_row(number: int, cells: Mapping[str, object]) -> None:
    texts: Sequence[str] = [
        f"{name}: {cell if name == 'error' else _short(str(cell))}"
        for name, cell in cells.items()
        if cell not in (None, "")
    ]
    typer.echo(f"row {number}  " + "  ".join(texts))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CELL_CHARS else f"{line[:_CELL_CHARS]}..."
