"""The comparison as ``RESULTS.md``."""

from collections.abc import Mapping, Sequence
from typing import Any

from moviegenre.evaluation.compare import Comparison
from moviegenre.evaluation.documents import (
    Table,
    banner_markdown,
    command_markdown,
    markdown,
)
from moviegenre.evaluation.findings import Finding
from moviegenre.evaluation.plots import Plot
from moviegenre.evaluation.tables import (
    contrast_table,
    fact_tables,
    genre_table,
    ranking_table,
    training_table,
)
from moviegenre.evaluation.tuned_tables import (
    TUNED_GENRE_TEXT,
    TUNED_HEADING,
    TUNED_TEXT,
    tuned_genre_table,
    tuned_table,
)


def render_markdown(
    comparison: Comparison,
    findings: Sequence[Finding],
    data: Mapping[str, Any],
    notes: Sequence[str],
    banner: str | None,
    pictures: Sequence[Plot],
) -> str:
    """Return ``RESULTS.md``.

    Args:
        comparison: The models.
        findings: The findings of the comparison.
        data: Facts about the movies.
        notes: Definitions and cautions.
        banner: A warning at the top; None for no warning.
        pictures: The plots; their PNG files are in the same folder.
    """
    parts: list[str | Table | None] = [
        banner_markdown(banner),
        f"{len(comparison.ranking)} models on the {comparison.split} split, "
        f"{comparison.num_movies:,} movies, {len(comparison.genres)} genres, threshold "
        f"{comparison.threshold:g}. Scores in per cent; Hamming loss is a fraction, lower is "
        "better. `moviegenre compare` also writes `results.html`, the same on one page with plots.",
        "## Ranking",
        ranking_table(comparison),
    ]
    if (tuned := tuned_table(comparison)) is not None:
        parts += [f"## {TUNED_HEADING}", TUNED_TEXT, tuned]
        if (tuned_by_genre := tuned_genre_table(comparison)) is not None:
            parts += [TUNED_GENRE_TEXT, tuned_by_genre]
    for finding in findings:
        parts.append(f"## {finding.heading}")
        parts += finding.sentences
        if finding.contrasts:
            parts.append(contrast_table(finding))
    parts.append("## F1 by genre")
    parts.append(genre_table(comparison))
    if pictures:
        parts.append("## Plots")
    for plot in pictures:
        parts += [f"![{plot.title}]({plot.name}.png)", f"*{plot.title}.* {plot.caption}"]
    parts.append("## Reproduce it")
    if data.get("command"):
        parts.append(command_markdown(data["command"]))
    parts.append(training_table(comparison))
    parts.append("## Data")
    for title, table in fact_tables(data):
        if title:
            parts.append(f"### {title[:1].upper()}{title[1:]}")
        parts.append(table)
    parts.append("## Notes")
    parts.append("\n".join(f"- {note}" for note in notes))
    return markdown("Results", parts)
