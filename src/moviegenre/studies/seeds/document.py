"""Scores over seeds as ``SEEDS.md`` and ``seeds.json``."""

from pathlib import Path

from moviegenre.evaluation.documents import (
    Table,
    banner_markdown,
    command_markdown,
    fraction,
    interval_text,
    json_text,
    markdown,
    per_cent,
    write_files,
)
from moviegenre.studies.seeds.scores import METRICS, SeedComparison, Spread

MARKDOWN_FILE, JSON_FILE = "SEEDS.md", "seeds.json"
IN_SHORT = ("model", "F1-macro", "F1-micro", "ROC-AUC")
"""The columns that fit on a console of eighty characters."""


def _cell(metric: str, spread: Spread) -> str:
    format_value = fraction if metric == "hamming_loss" else per_cent
    return f"{format_value(spread.mean)} ± {format_value(spread.deviation)}"


def seeds_table(comparison: SeedComparison) -> Table:
    """Return mean and deviation of every model, the best first."""
    rows = []
    for rank, (name, title) in enumerate(comparison.titles.items(), start=1):
        cells = [_cell(metric, spread) for metric, spread in comparison.scores[name].items()]
        rows.append((str(rank), title, *cells))
    return Table(("#", "model", *METRICS.values()), tuple(rows), num_text_columns=2)


def difference_table(comparison: SeedComparison) -> Table:
    """Return the differences between models, with their certainty."""
    rows = tuple(
        (
            comparison.titles[difference.first],
            comparison.titles[difference.second],
            f"{100 * difference.points.mean:+.2f} ± {100 * difference.points.deviation:.2f}",
            interval_text(difference.interval, signed=True),
            "yes" if difference.is_clear else "no",
        )
        for difference in comparison.differences
    )
    headings = ("model", "against", "points of F1-macro", "95 % over movies", "clear")
    return Table(headings, rows, num_text_columns=2)


def write_seeds(
    comparison: SeedComparison, command: str, banner: str | None, out: Path
) -> list[Path]:
    """Write ``SEEDS.md`` and ``seeds.json``, each in one step; return their paths.

    Args:
        comparison: The comparison.
        command: The command that reproduces it.
        banner: A warning at the top; None for no warning.
        out: The folder.
    """
    seeds = ", ".join(map(str, comparison.seeds))
    parts: list[str | Table | None] = [
        banner_markdown(banner),
        f"Every model trained from {len(comparison.seeds)} seeds ({seeds}); {comparison.split} "
        f"split, {comparison.num_movies:,} movies, threshold {comparison.threshold:g}. Mean ± "
        "sample standard deviation over seeds, in per cent; Hamming loss is a fraction, lower is "
        "better. Each seed trains again all that the configuration file trains; a run that it "
        "starts from is the same for all seeds. A model without random numbers does not deviate.",
        seeds_table(comparison),
        "## Differences",
        "Points: mean ± deviation over seeds of the difference within a seed. The interval is a "
        "paired bootstrap over movies of the mean over seeds, the same movies for both models and "
        "all seeds. Clear: the interval leaves out zero, and all seeds agree on the sign.",
        difference_table(comparison),
        "## Reproduce it",
        command_markdown(command),
    ]
    content = {"command": command, **comparison.to_json_dict()}
    files = {MARKDOWN_FILE: markdown("Over seeds", parts), JSON_FILE: json_text(content)}
    return write_files(out, files)
