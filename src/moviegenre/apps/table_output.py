"""How ``moviegenre predict --input`` answers a table: a progress bar and a summary."""

from pathlib import Path
from typing import TYPE_CHECKING

from moviegenre.apps.messages import echo

if TYPE_CHECKING:
    from moviegenre.core.genre_mapping import GenreNames
    from moviegenre.inference.catalogue_rows import Catalogue
    from moviegenre.inference.predictor import Predictor


def answer_table(
    predictor: "Predictor",
    catalogue: "Catalogue",
    out: Path,
    *,
    batch_size: int,
    names: "GenreNames",
    quiet: bool,
) -> None:
    """Write the answers to a table into a file and say what became of its rows.

    Args:
        predictor: The model.
        catalogue: The table.
        out: The file to write.
        batch_size: Films that are computed together.
        names: What chosen genres are called.
        quiet: Show no progress bar.
    """
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
    _warn_of_missing_columns(predictor, catalogue)
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
            predictor, catalogue, out, batch_size=batch_size, names=names, on_progress=show
        )
    films = "film" if summary.rows == 1 else "films"
    echo(
        f"{out}: {summary.rows:,} {films}, {summary.with_errors:,} not read in full (see the "
        f"column error), {summary.empty:,} of these without an answer"
    )


def _warn_of_missing_columns(predictor: "Predictor", catalogue: "Catalogue") -> None:
    for modality in catalogue.unread & predictor.model.modalities:
        echo(
            f"no column {str(modality)!r} in {catalogue.path} (found "
            f"{', '.join(catalogue.known)}): no {modality} is read; name yours with "
            f"--{modality}-column",
            err=True,
        )
