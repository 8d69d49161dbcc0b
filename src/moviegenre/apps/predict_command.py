"""``moviegenre predict``: one film on the screen, or a whole table into a file."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moviegenre.apps.film_output import print_examples, print_json, print_prediction
from moviegenre.apps.options import (
    Address,
    Backend,
    Encoding,
    Engine,
    Format,
    Model,
    Names,
    Separator,
    Shards,
    Show,
    Verify,
    Workers,
    parse_address,
    parse_year,
    refuse_unused,
)
from moviegenre.apps.table_output import Machines, predict_table
from moviegenre.apps.table_preview import show_catalogue
from moviegenre.core.errors import ConfigError
from moviegenre.core.genre_mapping import read_names
from moviegenre.core.types import BackendName

if TYPE_CHECKING:
    from moviegenre.core.genre_mapping import GenreNames
    from moviegenre.inference.prediction import Prediction
    from moviegenre.inference.predictor import Predictor

_FILM, _TABLE, _ANSWER = "One film", "A table", "Answer"
_BATCH_SIZE = 32
_USED_BY_SHOW = (
    *("--posters", "--id-column", "--plot-column", "--poster-column", "--title-column"),
    *("--year-column", "--separator", "--encoding", "--format", "--show", "--quiet"),
)
_MAX_EXPLAINED = 3  # chosen genres that are explained by words and regions

Plots = Annotated[
    list[str] | None,
    typer.Option(
        "--plot",
        rich_help_panel=_FILM,
        help="The film's plot; repeatable, the model's plot rule then applies.",
    ),
]
Poster = Annotated[
    Path | None, typer.Option(rich_help_panel=_FILM, help="The film's poster, an image file.")
]
Title = Annotated[
    str | None, typer.Option(rich_help_panel=_FILM, help="The film's title, if you know it.")
]
Year = Annotated[
    int | None,
    typer.Option(
        parser=parse_year,
        metavar="YEAR",
        rich_help_panel=_FILM,
        help="The film's release year, if you know it.",
    ),
]
Examples = Annotated[
    bool,
    typer.Option(
        "--examples",
        rich_help_panel=_FILM,
        help="Predict made-up example films instead.",
    ),
]
Input = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="PATH",
        rich_help_panel=_TABLE,
        help="Table of films: CSV, TSV, JSON, Parquet or Excel; or several tables: a folder, a "
        "quoted pattern or an s3:// address.",
    ),
]
Out = Annotated[
    str | None,
    typer.Option(
        parser=parse_address,
        metavar="PATH",
        rich_help_panel=_TABLE,
        help="Output file to write or replace: .parquet, .csv or .jsonl; or a folder or an s3:// "
        "address, for Parquet parts.",
    ),
]
Posters = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        rich_help_panel=_TABLE,
        help="Folder or s3:// address that poster paths are relative to. Default: the table's "
        "folder.",
    ),
]
IdColumn = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_TABLE,
        help="Column of ids. Default: id, imdb_id, tconst or a similar name, or the row number.",
    ),
]
PlotColumn = Annotated[
    list[str] | None,
    typer.Option(
        rich_help_panel=_TABLE,
        help="Column of plots; repeatable, like --plot. Default: plot, or the only one of "
        "overview, synopsis, description, summary, storyline and similar names.",
    ),
]
PosterColumn = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_TABLE,
        help="Column of poster files. Default: poster; or poster_path, image, cover or a similar "
        "name, if its cells name existing files.",
    ),
]
TitleColumn = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_TABLE,
        help="Column of titles. Default: title, name or a similar name.",
    ),
]
YearColumn = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_TABLE,
        help="Column of years. Default: year, release_date or a similar name.",
    ),
]
KeepColumns = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_TABLE,
        help="Columns to copy to the output, separated by commas; all, or none. Default: for CSV, "
        "title and year, if present.",
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(min=1, rich_help_panel=_TABLE, help="Films per batch. Default: 32."),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        rich_help_panel=_TABLE,
        help="No effect: an unfinished job is always resumed.",
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", rich_help_panel=_TABLE, help="Show no progress bar.")
]
AsJson = Annotated[
    bool, typer.Option("--json", rich_help_panel=_ANSWER, help="Print the answer as JSON.")
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain", rich_help_panel=_ANSWER, help="Also print the effect of plot and poster."
    ),
]
Top = Annotated[
    int | None,
    typer.Option(
        min=1,
        rich_help_panel=_ANSWER,
        help="Show only this many genres, most probable first, and all chosen ones.",
    ),
]


def predict(
    plot: Plots = None,
    poster: Poster = None,
    title: Title = None,
    year: Year = None,
    examples: Examples = False,
    table: Input = None,
    out: Out = None,
    posters: Posters = None,
    id_column: IdColumn = None,
    plot_column: PlotColumn = None,
    poster_column: PosterColumn = None,
    title_column: TitleColumn = None,
    year_column: YearColumn = None,
    keep_columns: KeepColumns = None,
    names: Names = None,
    separator: Separator = None,
    encoding: Encoding = None,
    table_format: Format = None,
    show: Show = False,
    batch_size: BatchSize = None,
    resume: Resume = False,
    engine: Engine = "local",
    workers: Workers = None,
    address: Address = None,
    shards: Shards = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    explain: Explain = False,
    top: Top = None,
    checkpoint: Model = None,
    backend: Backend = "auto",
    verify: Verify = False,
) -> None:
    """Predict the genres of one film, or of every film in a table.

    For example: moviegenre predict --plot "A detective hunts a killer."
    """
    film_options: dict[str, object] = {"--plot": plot, "--poster": poster, "--title": title}
    film_options |= {"--year": year, "--json": as_json, "--explain": explain, "--top": top}
    table_options: dict[str, object] = {
        "--posters": posters,
        "--out": out,
        "--id-column": id_column,
        "--plot-column": plot_column,
        "--poster-column": poster_column,
        "--title-column": title_column,
        "--year-column": year_column,
        "--keep-columns": keep_columns,
        "--separator": separator,
        "--encoding": encoding,
        "--format": table_format,
        "--show": show,
        "--batch-size": batch_size,
        "--resume": resume,
        "--engine": engine != "local",
        "--workers": workers,
        "--address": address,
        "--shards": shards,
        "--quiet": quiet,
    }
    genre_names = read_names(names)
    if examples:
        refuse_unused({**film_options, "--input": table, **table_options}, "the example films")
        print_examples(_load(checkpoint, backend, verify, genre_names), genre_names)
    elif table is not None:
        refuse_unused(film_options, "a table (--input)")
        from moviegenre.data.tables.table import Written
        from moviegenre.inference.catalogue_texts import CatalogueColumns

        columns = CatalogueColumns(
            *(id_column, tuple(plot_column or ()), poster_column, title_column, year_column),
            written=Written(separator, encoding),
            format=table_format,
        )
        if show:
            unused = {"--names": names, "--checkpoint": checkpoint, "--verify": verify}
            _refuse_with_show({**table_options, **unused, "--backend": backend != "auto"})
            show_catalogue(table, columns, posters)
            return
        predict_table(
            table,
            out,
            columns,
            posters=posters,
            keep=keep_columns,
            names=genre_names,
            batch_size=batch_size or _BATCH_SIZE,
            machines=Machines(engine, workers, address, shards),
            quiet=quiet,
            load=lambda: _load(checkpoint, backend, verify, genre_names, bulk=True),
        )
    else:
        refuse_unused(table_options, "one film")
        _check_film(plot or (), poster, title)
        predictor = _load(checkpoint, backend, verify, genre_names, quick=not explain)
        prediction = predictor.predict(
            plot=tuple(plot) if plot else None, poster=poster, title=title, year=year
        )
        _show(prediction, genre_names, explain=explain, as_json=as_json, top=top)


def _refuse_with_show(options: Mapping[str, object]) -> None:
    """Refuse options that have no effect on ``--show``."""
    unused = {name: value for name, value in options.items() if name not in _USED_BY_SHOW}
    refuse_unused(unused, "--show")


def _show(
    prediction: "Prediction",
    names: "GenreNames",
    *,
    explain: bool,
    as_json: bool,
    top: int | None,
) -> None:
    genres = prediction.genres[:_MAX_EXPLAINED] or list(prediction.probabilities)[:1]
    explanation = prediction.explain(attribute=genres) if explain else None
    if as_json:
        print_json(prediction, explanation, top, names)
    else:
        print_prediction(prediction, explanation, top, names)


def _check_film(plots: Sequence[str], poster: Path | None, title: str | None) -> None:
    """Refuse a film without content, and a plot that is the name of a file.

    Raises:
        ConfigError: The film has no content, or its plot is the name of a file.
    """
    if not plots and poster is None and not title:
        raise ConfigError(
            "nothing to predict; give --plot, --poster or both, --input FILE, or --examples"
        )
    for plot in plots:
        if os.path.isfile(plot):  # unlike Path.is_file, False for a text too long for a name
            raise ConfigError(
                f"--plot takes the text of a plot, and {plot} is a file; "
                "use --input for a table of films"
            )


def _load(
    checkpoint: str | None,
    backend: BackendName,
    verify: bool,
    names: "GenreNames",
    *,
    quick: bool = False,
    bulk: bool = False,
) -> "Predictor":
    """Return the model, after a check that it has the genres of the names."""
    from moviegenre import load

    predictor = load(checkpoint, backend=backend, verify=verify, quick=quick, bulk=bulk)
    names.check(predictor.model.genres)
    return predictor
