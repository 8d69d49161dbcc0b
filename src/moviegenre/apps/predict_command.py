"""``moviegenre predict``: one film on the screen, or a whole catalogue into a file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from moviegenre.core.errors import ConfigError

if TYPE_CHECKING:
    from moviegenre.inference.backends import BackendName
    from moviegenre.inference.catalogue_rows import Catalogue
    from moviegenre.inference.prediction import Explanation, Prediction
    from moviegenre.inference.predictor import Predictor

_BAR_CELLS = 20
_EXPLAINED = 3  # chosen genres of which words and regions are looked for
_WORDS = 6  # that are printed of each

Model = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        help="A best.pth, its folder, an exported folder, or a name on the hub. "
        "Default: the model in the box.",
    ),
]
Verify = Annotated[
    bool,
    typer.Option("--verify", help="Compare every file of the model with its manifest first."),
]
Backend = Annotated[
    str, typer.Option(help="auto, torch, or an exported folder's onnx, int8 or int4 file.")
]


Posters = Annotated[
    Path | None, typer.Option(help="Catalogue: where posters lie. Default: beside it.")
]
Out = Annotated[
    Path | None,
    typer.Option(help="Catalogue: the .parquet, .csv or .jsonl to write; replaced if it is there."),
]
IdColumn = Annotated[
    str | None, typer.Option(help="Catalogue: the id. Default: id, or the row's number.")
]
PlotColumn = Annotated[
    list[str] | None,
    typer.Option(help="Catalogue: a plot; may be repeated, as --plot may. Default: plot."),
]
PosterColumn = Annotated[
    str | None, typer.Option(help="Catalogue: the poster's file. Default: poster.")
]
TitleColumn = Annotated[
    str | None, typer.Option(help="Catalogue: the title. Default: title, if it is there.")
]
YearColumn = Annotated[
    str | None, typer.Option(help="Catalogue: the year. Default: year, if it is there.")
]
BatchSize = Annotated[
    int | None, typer.Option(min=1, help="Catalogue: films computed together. Default: 32.")
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Catalogue: what an unfinished job does anyway."),
]


def predict(
    checkpoint: Model = None,
    plot: Annotated[
        list[str] | None,
        typer.Option(help="The film's plot; may be repeated, read by the model's plot rule then."),
    ] = None,
    poster: Annotated[Path | None, typer.Option(help="File of the film's poster.")] = None,
    title: Annotated[str | None, typer.Option(help="The film's title, if you know it.")] = None,
    year: Annotated[
        int | None, typer.Option(help="The year of its release, if you know it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: JSON.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what plot and poster had to do with it.")
    ] = False,
    top: Annotated[
        int | None, typer.Option(min=1, help="Show the most probable genres only.")
    ] = None,
    backend: Backend = "auto",
    examples: Annotated[
        bool, typer.Option("--examples", help="Films that ship with the package, made up for it.")
    ] = False,
    catalogue: Annotated[
        Path | None, typer.Option("--input", help="A whole catalogue: .csv, .jsonl or .parquet.")
    ] = None,
    posters: Posters = None,
    out: Out = None,
    id_column: IdColumn = None,
    plot_column: PlotColumn = None,
    poster_column: PosterColumn = None,
    title_column: TitleColumn = None,
    year_column: YearColumn = None,
    batch_size: BatchSize = None,
    resume: Resume = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
    verify: Verify = False,
) -> None:
    """Tell the genres of one film, or of every film of a catalogue.

    Without --checkpoint the model in the box answers, which ships with the package.
    """
    single: dict[str, object] = {
        "--plot": plot,
        "--poster": poster,
        "--title": title,
        "--year": year,
        "--json": as_json,
        "--explain": explain,
        "--top": top,
    }
    whole: dict[str, object] = {
        "--posters": posters,
        "--out": out,
        "--id-column": id_column,
        "--plot-column": plot_column,
        "--poster-column": poster_column,
        "--title-column": title_column,
        "--year-column": year_column,
        "--batch-size": batch_size,
        "--resume": resume,
        "--quiet": quiet,
    }
    if examples:
        _refuse("the example films", {**single, "--input": catalogue, **whole})
        _print_examples(_load(checkpoint, backend, verify))
        return
    if catalogue is None:
        _refuse("one film", whole)
    else:
        _refuse("a catalogue (--input)", single)
    if catalogue is None and not plot and poster is None and not title:
        raise ConfigError(
            "nothing to predict; give --plot, --poster or both, --input FILE, or --examples"
        )
    if catalogue is not None:
        if out is None:
            raise ConfigError("a catalogue needs --out with a .parquet, .csv or .jsonl file")
        from moviegenre.inference.catalogue_parts import check_out
        from moviegenre.inference.catalogue_rows import Catalogue, CatalogueColumns

        check_out(out, catalogue)  # before the model is loaded, which takes seconds
        columns = CatalogueColumns(
            id_column, tuple(plot_column or ()), poster_column, title_column, year_column
        )
        films = Catalogue(catalogue, columns, posters)
        predictor = _load(checkpoint, backend, verify)
        _predict_catalogue(predictor, films, out, batch_size or 32, quiet)
        return
    predictor = _load(checkpoint, backend, verify, quick=not explain)  # which asks for 100 films
    prediction = predictor.predict(
        plot=tuple(plot) if plot else None, poster=poster, title=title, year=year
    )
    asked = prediction.genres[:_EXPLAINED] or list(prediction.probabilities)[:1]
    explanation = prediction.explain(attribute=asked) if explain else None
    if as_json:
        typer.echo(json.dumps(_json_dict(prediction, explanation, top), ensure_ascii=False))
    else:
        _print(prediction, explanation, top)


def _refuse(kind: str, options: dict[str, object]) -> None:
    """Refuse options that were given and have no effect.

    Raises:
        ConfigError: There are such; the message names all.
    """
    if useless := [name for name, value in options.items() if value]:
        raise ConfigError(f"{', '.join(useless)} has no effect on {kind}; leave it out")


def _load(
    checkpoint: str | None, backend: str, verify: bool, *, quick: bool = False
) -> "Predictor":
    from moviegenre import load

    return load(checkpoint, backend=cast("BackendName", backend), verify=verify, quick=quick)


def _print_examples(predictor: "Predictor") -> None:
    """Print a table of the example films that the model can read, with the genres of each."""
    from rich.console import Console
    from rich.table import Table

    from moviegenre.core.types import Modality
    from moviegenre.examples import example_films

    table = Table(title="films that do not exist", title_justify="left")
    for name in ("film", "read", "genres"):
        table.add_column(name)
    for film in example_films():
        has = {Modality.PLOT: film.plot, Modality.POSTER: film.poster}
        if not any(has[modality] for modality in predictor.model.modalities):
            continue
        prediction = predictor.predict(plot=film.plot, poster=film.poster)
        named = [f"{genre} {prediction.probabilities[genre]:.2f}" for genre in prediction.genres]
        table.add_row(film.title, " and ".join(prediction.modalities), ", ".join(named) or "none")
    Console().print(table)


def _predict_catalogue(
    predictor: "Predictor",
    catalogue: "Catalogue",
    out: Path,
    batch_size: int,
    quiet: bool,
) -> None:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from moviegenre.inference.catalogue import predict_catalogue

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    for modality in catalogue.unread & predictor.model.modalities:
        typer.echo(
            f"no column {str(modality)!r} in {catalogue.path} (found "
            f"{', '.join(catalogue.known)}): no {modality} is read; name yours with "
            f"--{modality}-column",
            err=True,
        )
    # Parts come seconds apart, so the speed is averaged over minutes.
    with Progress(*columns, disable=quiet, speed_estimate_period=300) as bar:
        task = bar.add_task("predicting", total=None, rate="")

        def show(done: int, total: int) -> None:
            if bar.tasks[0].total is None:  # what was done before the job was resumed is no speed
                bar.reset(task, total=total, completed=done)
            speed = bar.tasks[0].speed
            rate = f"{speed:.1f} films/s" if speed else ""
            bar.update(task, total=total, completed=done, rate=rate)

        summary = predict_catalogue(
            predictor, catalogue, out, batch_size=batch_size, on_progress=show
        )
    films = "film" if summary.rows == 1 else "films"
    typer.echo(
        f"{out}: {summary.rows:,} {films}, {summary.with_errors:,} not read in full (see the "
        f"column error), {summary.empty:,} of these without an answer"
    )


def _json_dict(
    prediction: "Prediction", explanation: "Explanation | None", top: int | None
) -> dict[str, Any]:
    answer = prediction.to_json_dict()
    for key in ("probabilities", "thresholds"):
        answer[key] = dict(list(answer[key].items())[:top])
    if explanation is not None:
        answer["explanation"] = explanation.to_json_dict()
    return answer


def _print(prediction: "Prediction", explanation: "Explanation | None", top: int | None) -> None:
    """Print a table: genre, probability as a bar, threshold, chosen or not, and why."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    for warning in prediction.warnings:
        console.print(f"[yellow]Warning:[/yellow] {escape(warning)}", highlight=False)
    if not prediction.modalities:
        console.print("No genres: there is nothing to predict from.")
        return
    table = Table(title=f"read: {' and '.join(prediction.modalities)}", title_justify="left")
    table.add_column("genre")
    table.add_column("probability", no_wrap=True)
    table.add_column("threshold", justify="right")
    table.add_column("chosen")
    for modality in prediction.modalities if explanation else ():
        table.add_column(modality, justify="right")
    for genre, probability in list(prediction.probabilities.items())[:top]:
        cells = round(_BAR_CELLS * probability)
        bar = f"{'█' * cells}{'·' * (_BAR_CELLS - cells)} {probability:.2f}"
        chosen = "yes" if genre in prediction.genres else ""
        effects = explanation.effects[genre].values() if explanation else ()
        told = [f"{effect:+.1f}" for effect in effects]
        cut = f"{prediction.thresholds[genre]:.2f}"
        table.add_row(genre, bar, cut, chosen, *told, style="bold" if chosen else None)
    console.print(table)
    if prediction.likeliest:
        named = ", ".join(f"{name} {value:.0%}" for name, value in prediction.likeliest.items())
        console.print(f"No genre reaches its threshold. Not sure: {named}", highlight=False)
    if explanation is not None:
        share = ", ".join(f"{name} {value:.0%}" for name, value in explanation.share().items())
        console.print(f"share in the answer: {share}")
        if explanation.attention is not None:
            gate = ", ".join(f"{n} {v:.0%}" for n, v in explanation.attention.items())
            console.print(f"weight in the model's own gate: {gate}")
        for genre, words in explanation.words.items():
            shares = {word.text.lower(): word.share for word in words if word.share}
            best = sorted(shares, key=lambda text: -shares[text])[:_WORDS]
            spoke = ", ".join(f"{text} {shares[text]:+.2f}" for text in best if shares[text] > 0)
            console.print(f"words that spoke for {genre}: {spoke or 'none'}")
        console.print(
            "The last columns say how far the log-odds of a genre would fall without that part."
        )
