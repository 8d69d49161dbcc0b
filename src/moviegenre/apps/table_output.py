"""Running ``moviegenre predict --input``, with a progress bar and a summary."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from moviegenre.apps.messages import echo
from moviegenre.core.errors import ConfigError, counted
from moviegenre.core.types import Modality

if TYPE_CHECKING:
    from moviegenre.core.genre_mapping import GenreNames
    from moviegenre.inference.catalogue import Engine
    from moviegenre.inference.catalogue_output import CatalogueSummary, Output
    from moviegenre.inference.catalogue_rows import Catalogue
    from moviegenre.inference.catalogue_texts import CatalogueColumns
    from moviegenre.inference.predictor import Predictor

_MAX_CHECKED_ROWS = 1_000  # rows whose posters are looked for before the job begins


@dataclass(frozen=True)
class Machines:
    """The machines that run the shards of a table; see the options of the same names."""

    engine: str = "local"
    workers: int | None = None
    address: str | None = None
    shards: str | None = None

    def chosen_engine(self) -> "Engine":
        """Return the engine that computes the shards.

        Raises:
            ConfigError: An option has no effect on this engine.
            MissingExtraError: Ray is not installed.
        """
        from moviegenre.inference.catalogue import local_engine

        if self.engine == "ray":
            from moviegenre.inference.ray_engine import RayEngine

            return RayEngine(self.workers, self.address)
        if self.workers is not None or self.address is not None:
            option = "--workers" if self.workers is not None else "--address"
            raise ConfigError(f"{option} has no effect on --engine local; leave it out")
        return local_engine


def predict_table(
    source: str,
    out: str | None,
    columns: "CatalogueColumns",
    *,
    posters: str | None,
    keep: str | None,
    names: "GenreNames",
    batch_size: int,
    machines: Machines,
    quiet: bool,
    load: "Callable[[], Predictor]",
) -> None:
    """Check everything that needs no model, then answer a table and print a summary.

    Args:
        source: The table, or a text that names several, see ``find_tables``.
        out: The file or folder to write.
        columns: The columns to read.
        posters: The folder or address that paths of posters are relative to.
        keep: Columns to repeat, joined by commas.
        names: The names of genres.
        batch_size: Films that are computed together.
        machines: The machines that run the shards.
        quiet: Show no progress bar.
        load: Opens the model, which takes seconds.

    Raises:
        ConfigError: There is no output file, or it cannot be written.
    """
    if out is None:
        raise ConfigError(
            "a table (--input) needs --out with a .parquet, .csv or .jsonl file, or with a folder"
        )
    from moviegenre.apps.progress import film_progress
    from moviegenre.inference.catalogue import check_same_columns, predict_catalogue
    from moviegenre.inference.catalogue_output import Output
    from moviegenre.inference.shards import Share

    output, engine = Output(out), machines.chosen_engine()
    share = None if machines.shards is None else Share.parse(machines.shards)
    catalogues = _open_tables(source, columns, posters, output)
    check_same_columns(catalogues)
    if kept_columns := _kept_columns(keep, catalogues[0], out):
        catalogues = [catalogue.keeping(kept_columns) for catalogue in catalogues]
    predictor = load()
    _warn_of_missing_columns(predictor, catalogues[0])
    _warn_of_unread_columns(predictor, catalogues[0])
    _warn_of_missing_posters(predictor, catalogues[0], posters)
    with film_progress("predicting", quiet=quiet) as show:
        show(0, None)  # reading the ids of a long table takes a while
        summary = predict_catalogue(
            predictor,
            catalogues,
            out,
            batch_size=batch_size,
            names=names,
            share=share,
            engine=engine,
            on_progress=show,
        )
    if summary is None:
        echo(f"{out}: share {share} is done; the last run to finish joins all shares")
    else:
        echo(f"{out}: {_counts(summary)}")


def _open_tables(
    source: str, columns: "CatalogueColumns", posters: str | None, output: "Output"
) -> "list[Catalogue]":
    from moviegenre.data.storage import is_address
    from moviegenre.data.tables.table_files import find_tables
    from moviegenre.inference.catalogue_rows import Catalogue

    tables = find_tables(source)
    output.check_inputs(list(tables.values()))
    folder = posters if posters is None or is_address(posters) else Path(posters)
    if len(tables) == 1:
        return [Catalogue(table, columns, folder) for table in tables.values()]
    return [Catalogue(table, columns, folder, f"{name}:") for name, table in tables.items()]


def _kept_columns(keep: str | None, catalogue: "Catalogue", out: str) -> list[str]:
    """Return the columns that answers repeat."""
    if keep is None:
        default_columns = (catalogue.columns.title, catalogue.columns.year)
        return [name for name in default_columns if name] if out.lower().endswith(".csv") else []
    if keep.strip().lower() == "none":
        return []
    names = [name.strip() for name in keep.split(",") if name.strip()]
    all_columns = [name for name in catalogue.known if name and name != catalogue.columns.id]
    return all_columns if [name.lower() for name in names] == ["all"] else names


def _counts(summary: "CatalogueSummary") -> str:
    """Return the numbers of films: answered, read in part, with a warning, not answered."""
    answered = summary.rows - summary.empty
    parts = [f"{counted(answered, 'film')} answered"]
    if in_part := summary.with_errors - summary.empty:
        parts.append(f"{in_part:,} of them read in part")
    if summary.with_warnings:
        parts.append(f"{summary.with_warnings:,} of them with a warning")
    if not answered:
        parts = [f"no film answered, because every row failed ({summary.empty:,})"]
    elif summary.empty:
        parts.append(f"{summary.empty:,} not answered")
    column_counts = {"error": summary.with_errors, "warnings": summary.with_warnings}
    columns = [name for name, number in column_counts.items() if number]
    counts = ", ".join(parts)
    if columns:
        counts += f"; see the column{'s' if len(columns) > 1 else ''} {' and '.join(columns)}"
    return f"{counts} ({counted(summary.rows, 'id')} in, the same out)"


def _warn_of_missing_columns(predictor: "Predictor", catalogue: "Catalogue") -> None:
    for modality in catalogue.unread & predictor.model.modalities:
        echo(
            f"no column {str(modality)!r} in {catalogue.path} (found "
            f"{', '.join(catalogue.known)}): no {modality} is read; name the column with "
            f"--{modality}-column",
            err=True,
        )


def _warn_of_unread_columns(predictor: "Predictor", catalogue: "Catalogue") -> None:
    from moviegenre.inference.unread_parts import given_parts, unread_note

    columns = catalogue.columns
    given = given_parts(columns.plots, columns.poster, columns.title, columns.year)
    if note := unread_note(given, predictor.model.parts):
        echo(f"{catalogue.path}: {note}", err=True)


def _warn_of_missing_posters(
    predictor: "Predictor", catalogue: "Catalogue", posters: str | None
) -> None:
    """Warn before the job begins if none of the posters that a table names is found."""
    if Modality.POSTER not in predictor.model.modalities:
        return
    missing, rows = catalogue.missing_posters(_MAX_CHECKED_ROWS)
    if not missing:
        return
    first = "the first " if rows == _MAX_CHECKED_ROWS else ""
    echo(
        f"{catalogue.path}: {missing:,} of {first}{rows:,} rows name a poster, and none of these "
        f"was found in {catalogue.poster_place}; name {'another' if posters else 'their'} folder "
        "with --posters",
        err=True,
    )
