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
    shown = fraction if metric == "hamming_loss" else per_cent
    return f"{shown(spread.mean)} ± {shown(spread.deviation)}"


def seeds_table(found: SeedComparison) -> Table:
    """Return mean and deviation of every model, best first."""
    rows = []
    for rank, (name, title) in enumerate(found.titles.items(), start=1):
        cells = [_cell(metric, spread) for metric, spread in found.scores[name].items()]
        rows.append((str(rank), title, *cells))
    return Table(("#", "model", *METRICS.values()), tuple(rows), num_text_columns=2)


def difference_table(found: SeedComparison) -> Table:
    """Return the differences between models, with how sure they are."""
    rows = tuple(
        (
            found.titles[one.first],
            found.titles[one.second],
            f"{100 * one.points.mean:+.2f} ± {100 * one.points.deviation:.2f}",
            interval_text(one.interval, signed=True),
            "yes" if one.is_clear else "no",
        )
        for one in found.differences
    )
    headings = ("model", "against", "points of F1-macro", "95 % over movies", "clear")
    return Table(headings, rows, num_text_columns=2)


def write_seeds(found: SeedComparison, command: str, banner: str | None, out: Path) -> list[Path]:
    """Write ``SEEDS.md`` and ``seeds.json``, each in one step; return their paths.

    Args:
        found: The comparison.
        command: What makes it again.
        banner: What must be seen first; None for nothing.
        out: The folder.
    """
    seeds = ", ".join(map(str, found.seeds))
    parts: list[str | Table | None] = [
        banner_markdown(banner),
        f"Every model trained from {len(found.seeds)} seeds ({seeds}); {found.split} split, "
        f"{found.num_movies:,} movies, threshold {found.threshold:g}. Mean ± sample standard "
        "deviation over seeds, in per cent; Hamming loss is a fraction, lower is better. "
        "Everything is trained again for each seed; what draws no random numbers deviates by "
        "nothing.",
        seeds_table(found),
        "## Differences",
        "Points: mean ± deviation over seeds of the difference within a seed. The interval is a "
        "paired bootstrap over movies of the mean over seeds, the same movies for both models and "
        "all seeds. Clear: the interval leaves out zero, and all seeds agree on the sign.",
        difference_table(found),
        "## Reproduce it",
        command_markdown(command),
    ]
    content = {"command": command, **found.to_json_dict()}
    files = {MARKDOWN_FILE: markdown("Over seeds", parts), JSON_FILE: json_text(content)}
    return write_files(out, files)
