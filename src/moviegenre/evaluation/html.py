"""The comparison as one self-contained web page without scripts or external files."""

from collections.abc import Mapping, Sequence
from typing import Any

from moviegenre.evaluation.compare import Comparison
from moviegenre.evaluation.documents import data_uri, page_template
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


def render_html(
    comparison: Comparison,
    findings: Sequence[Finding],
    data: Mapping[str, Any],
    pictures: Mapping[Plot, bytes],
    notes: Sequence[str],
    banner: str | None,
) -> str:
    """Return the page.

    Args:
        comparison: The models.
        findings: The findings of the comparison.
        data: Facts about the movies.
        pictures: The plots as PNG; a dark page inverts their colours.
        notes: Definitions and cautions, one or more sentences each.
        banner: A warning at the top, such as for made-up movies; None for no warning.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    page = page_template("moviegenre.evaluation", "results.html.jinja", "report", "the HTML report")
    rendered: str = page.render(
        comparison=comparison,
        best=comparison.ranking[0],
        findings=[(finding, contrast_table(finding)) for finding in findings],
        tables={
            "ranking": ranking_table(comparison),
            "genres": genre_table(comparison),
            "training": training_table(comparison),
        },
        tuned=tuned_table(comparison),
        tuned_by_genre=tuned_genre_table(comparison),
        tuned_heading=TUNED_HEADING,
        tuned_text=TUNED_TEXT,
        tuned_genre_text=TUNED_GENRE_TEXT,
        facts=fact_tables(data),
        command=data.get("command"),
        pictures=[
            {"title": plot.title, "caption": plot.caption, "png": data_uri(png, "png")}
            for plot, png in pictures.items()
        ],
        notes=notes,
        banner=banner,
    )
    return rendered
