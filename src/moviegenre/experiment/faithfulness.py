"""Measuring on prepared movies whether a model's explanations are true of it."""

from itertools import islice
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.inference.attribution import Method
from moviegenre.inference.backends import BackendName
from moviegenre.inference.faithfulness import Faithfulness, measure_faithfulness
from moviegenre.inference.loading import load_predictor
from moviegenre.inference.parity import labelled_films


def faithfulness(
    model: str | Path,
    data_dir: Path | None = None,
    *,
    split: Split = Split.TEST,
    movies: int = 500,
    method: Method = "auto",
    share: float = 0.1,
    seed: int = 0,
    backend: BackendName = "auto",
    progress: bool = True,
) -> list[Faithfulness]:
    """Return how far a model's answers fall without what its explanations put first.

    Args:
        model: A checkpoint, or what else ``load_predictor`` takes.
        data_dir: Prepared movies; None takes those the model was trained on.
        split: Which part of them; the first ``movies`` that the model can read.
        movies: How many.
        method: How explanations are made.
        share: Which share of words or regions is taken away.
        seed: Draws the random ones.
        backend: What computes the model.
        progress: Show a progress bar.

    Raises:
        CheckpointError: There is no such model, or the movies have other genres.
        ConfigError: The method cannot be had of this model.
        DataError: There are no such movies.
    """
    predictor = load_predictor(model, backend=backend)
    data = PreparedData(data_dir or predictor.model.data_config.dir)
    read = labelled_films(data, split, predictor.reader, predictor.model.genres)
    with Progress(disable=not progress) as bar:
        total = min(movies, data.num_movies(split))
        task = bar.add_task("taking parts away", total=total)
        return measure_faithfulness(
            predictor,
            (film for film, _ in islice(read, movies)),
            method=method,
            share=share,
            seed=seed,
            on_progress=lambda done: bar.update(task, completed=done),
        )


def print_faithfulness(found: list[Faithfulness], share: float) -> None:
    """Print the falls as a table."""
    title = f"fall of the likeliest genre's probability without {share:.0%} of the parts, in points"
    table = Table(title=title, box=SIMPLE_HEAD)
    for heading in ("parts of", "found by"):
        table.add_column(heading)
    for heading in ("films", "first ones", "random ones", "difference (95 %)", "films above"):
        table.add_column(heading, justify="right")
    for one in found:
        table.add_row(
            one.modality.value,
            one.method,
            f"{one.num_films:,}",
            f"{one.without_top:.2f}",
            f"{one.without_random:.2f}",
            f"{one.difference[0]:.2f} to {one.difference[1]:.2f}",
            f"{one.share_above:.1%}",
        )
    Console(highlight=False).print(table)
