"""``moviegenre data``: synthesize, prepare, stats, audit."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moviegenre.apps.messages import echo
from moviegenre.apps.options import OUT, Encoding, Format, Separator, Show, refuse_unused
from moviegenre.apps.table_preview import show_movies
from moviegenre.core.errors import ConfigError
from moviegenre.core.types import MAX_SEED, SplitKind

if TYPE_CHECKING:
    from moviegenre.data.prepare import PreparedSummary
    from moviegenre.data.records import ExcludedMovie

app = typer.Typer(
    help="Get, prepare and inspect movies.\n\nFor example: moviegenre data synthesize data/made-up",
    no_args_is_help=True,
)

SplitSeed = Annotated[
    int | None,
    typer.Option(min=0, max=MAX_SEED, help="Seed of a stratified split. Default: 0."),
]
MinMovies = Annotated[
    int | None,
    typer.Option(min=1, help="Without --genres: the movies that a genre needs. Default: 50."),
]
PreparedOut = Annotated[
    Path | None,
    typer.Option(**OUT, help="New folder for the prepared data; needed without --show."),
]


@app.command()
def synthesize(
    directory: Annotated[Path, typer.Argument(help="New folder for the movies.")],
    movies: Annotated[int, typer.Option(min=1, max=1_000_000, help="Number of movies.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Random seed.")] = 0,
) -> None:
    """Generate made-up movies in MM-IMDb's layout, for demos and tests, never for results.

    For example: moviegenre data synthesize data/made-up --movies 100
    """
    from moviegenre.data.synthetic.generate import synthesize as make_up

    make_up(directory, movies, seed)
    echo(
        f"{movies:,} made-up movies in {directory}; next: "
        f"moviegenre data prepare {directory} --out data/prepared"
    )


@app.command()
def prepare(
    source: Annotated[
        str,
        typer.Argument(help="MM-IMDb in any form (docs/mmimdb.md), a URL, 'mmimdb', or a table."),
    ],
    out: PreparedOut = None,
    split: Annotated[
        SplitKind | None,
        typer.Option(help="The source's split (default if it has one), or stratified 70/15/15."),
    ] = None,
    seed: SplitSeed = None,
    genres: Annotated[
        str | None, typer.Option(help="Genres to learn, separated by commas.")
    ] = None,
    min_movies: MinMovies = None,
    keep_incomplete: Annotated[
        bool, typer.Option("--keep-incomplete", help="Keep movies without plot or poster.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace prepared data in OUT.")
    ] = False,
    id_column: Annotated[str | None, typer.Option(help="Table: column of ids.")] = None,
    plot_column: Annotated[
        list[str] | None, typer.Option(help="Table: column of plots; repeatable. Default: plot.")
    ] = None,
    poster_column: Annotated[
        str | None, typer.Option(help="Table: column of poster paths, relative to the table.")
    ] = None,
    genres_column: Annotated[
        str | None, typer.Option(help="Table: column of genres, lists or joined. Default: genres.")
    ] = None,
    genres_separator: Annotated[
        str | None, typer.Option(help="Table: separator of genre names. Default: detected.")
    ] = None,
    genres_columns: Annotated[
        str | None,
        typer.Option(help="Table: columns of 1 and 0, one for each genre: 'is_*' or 'War,Drama'."),
    ] = None,
    title_column: Annotated[str | None, typer.Option(help="Table: column of titles.")] = None,
    year_column: Annotated[str | None, typer.Option(help="Table: column of years/dates.")] = None,
    table_format: Format = None,
    separator: Separator = None,
    encoding: Encoding = None,
    show: Show = False,
    split_column: Annotated[
        str | None,
        typer.Option(help="Table: column of train, val and test. Default: split."),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(help="Expected SHA-256 of the archive or table.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress bars.")] = False,
) -> None:
    """Check the movies of a source, split them, and write Parquet files with a data sheet.

    For example: moviegenre data prepare data/made-up --out data/prepared
    """
    from moviegenre.data.prepare import prepare as run
    from moviegenre.data.sources.table import TableColumns
    from moviegenre.data.tables.table import Written

    column_options = {
        "id": id_column,
        "plots": tuple(plot_column) if plot_column else None,
        "poster": poster_column,
        "genres": genres_column,
        "split": split_column,
        "separator": genres_separator,
        "flags": tuple(name.strip() for name in (genres_columns or "").split(",") if name.strip()),
        "title": title_column,
        "year": year_column,
        "format": table_format,
        "written": Written(separator, encoding) if separator or encoding else None,
    }
    columns: dict[str, Any] = {name: value for name, value in column_options.items() if value}
    if show:
        unused = {"--out": out, "--split": split, "--genres": genres, "--overwrite": overwrite}
        more_unused = {"--keep-incomplete": keep_incomplete, "--sha256": sha256}
        more_unused |= {"--seed": seed is not None, "--min-movies": min_movies is not None}
        refuse_unused({**unused, **more_unused}, "--show")
        show_movies(_local_path(source), TableColumns(**columns) if columns else None)
        return
    if out is None:
        raise ConfigError("--out is missing; name a new folder for the prepared data")
    summary = run(
        source,
        out,
        split=split,
        seed=seed or 0,
        genres=[name.strip() for name in genres.split(",")] if genres else None,
        min_movies=min_movies or 50,
        keep_incomplete=keep_incomplete,
        overwrite=overwrite,
        columns=TableColumns(**columns) if columns else None,
        sha256=sha256,
        progress=not quiet,
    )
    _print_summary(summary, out)


def _local_path(source: str) -> Path:
    """Return the path of a source that ``--show`` can read.

    Raises:
        ConfigError: The source has to be downloaded first.
    """
    if "://" in source or (source == "mmimdb" and not Path(source).exists()):
        raise ConfigError(f"--show reads files; {source} must be downloaded first")
    return Path(source)


def _print_summary(summary: "PreparedSummary", out: Path) -> None:
    """Print the numbers of movies, and of those left out, by reason."""
    from moviegenre.data.excluded import EXAMPLES, INCOMPLETE

    sheet = summary.data.datasheet
    movies = sheet["movies"]
    splits = ", ".join(f"{name} {count:,}" for name, count in movies.items())
    num_genres = len(summary.data.genres)
    echo(f"{out}: {splits}; {num_genres} {'genre' if num_genres == 1 else 'genres'}")
    for index, (reason, count) in enumerate(summary.excluded.items()):
        example = _example(summary.examples.get(reason)) if index < EXAMPLES else ""
        echo(f"left out, {reason}: {count:,} (listed in {out / 'excluded.csv'}){example}")
    if INCOMPLETE.intersection(summary.excluded) and not sheet["keep_incomplete"]:
        echo("--keep-incomplete keeps movies without a poster or without a plot")
    if summary.genres_left_out:
        names = "; ".join(summary.genres_left_out[:EXAMPLES])
        num_more = len(summary.genres_left_out) - EXAMPLES
        echo(f"genres left out: {names}" + (f"; and {num_more:,} more" if num_more > 0 else ""))
    for note, count in summary.notes.items():
        echo(f"{note}: {count:,}")


def _example(movie: "ExcludedMovie | None") -> str:
    if movie is None:
        return ""
    return f", for example {movie.id}" + (f": {movie.detail}" if movie.detail else "")


@app.command()
def stats(
    directory: Annotated[Path, typer.Argument(help="Folder of prepared data.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", **OUT, help="JSON file for the facts.")
    ] = None,
) -> None:
    """Print facts about a prepared data set.

    For example: moviegenre data stats data/prepared
    """
    from moviegenre.apps.stats_output import print_stats
    from moviegenre.data.prepare_checks import warn_of_missing_genres
    from moviegenre.data.prepared import PreparedData
    from moviegenre.data.stats import data_stats

    data = PreparedData(directory)
    facts = data_stats(data)
    print_stats(facts, synthetic=data.is_synthetic)
    warn_of_missing_genres(data)
    if json_file is not None:
        import json

        from moviegenre.core.files import write_text

        write_text(json_file, json.dumps(facts.to_json_dict(), indent=1, ensure_ascii=False) + "\n")
        echo(f"wrote {json_file}")
