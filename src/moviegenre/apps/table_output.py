"""How ``moviegenre predict --input`` answers a table: a progress bar and a summary."""

from pathlib import Path
from typing import TYPE_CHECKING

from moviegenre.apps.messages import echo

if TYPE_CHECKING:
    from moviegenre.core.genre_mapping import GenreNames
    from moviegenre.inference.catalogue_parts import CatalogueSummary
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
    from moviegenre.apps.progress import film_progress
    from moviegenre.inference.catalogue import predict_catalogue

    _warn_of_missing_columns(predictor, catalogue)
    with film_progress("predicting", quiet=quiet) as show:
        show(0, None)  # counting the rows of a long table takes a while
        summary = predict_catalogue(
            predictor, catalogue, out, batch_size=batch_size, names=names, on_progress=show
        )
    echo(f"{out}: {_counts(summary)}")


def _counts(summary: "CatalogueSummary") -> str:
    """Return how many films were answered, and how many not or in part."""
    answered = summary.rows - summary.empty
    parts = [f"{answered:,} {'film' if answered == 1 else 'films'} answered"]
    if in_part := summary.with_errors - summary.empty:
        parts.append(f"{in_part:,} of them read in part")
    if summary.empty:
        parts.append(f"{summary.empty:,} not answered")
    return ", ".join(parts) + ("; see the column error" if summary.with_errors else "")


def _warn_of_missing_columns(predictor: "Predictor", catalogue: "Catalogue") -> None:
    for modality in catalogue.unread & predictor.model.modalities:
        echo(
            f"no column {str(modality)!r} in {catalogue.path} (found "
            f"{', '.join(catalogue.known)}): no {modality} is read; name yours with "
            f"--{modality}-column",
            err=True,
        )
