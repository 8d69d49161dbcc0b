"""The comparison as one self-contained web page without scripts or external files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moviegenre.evaluation.compare import Comparison
from moviegenre.evaluation.documents import Table, data_uri, page_template
from moviegenre.evaluation.findings import Finding
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


@dataclass(frozen=True)
class Picture:
    """A plot as the page embeds it.

    Attributes:
        title: Its heading.
        caption: What it shows.
        png: Its bytes; a dark page inverts the colours.
    """

    title: str
    caption: str
    png: bytes


def render_html(
    comparison: Comparison,
    findings: Sequence[Finding],
    data: Mapping[str, Any],
    pictures: Sequence[Picture],
    notes: Sequence[str],
    banner: str | None,
) -> str:
    """Return the page.

    Args:
        comparison: The models.
        findings: What they show.
        data: Facts about the movies.
        pictures: The plots.
        notes: Definitions and cautions, a sentence or more each.
        banner: What must be seen first, as that the movies are made up.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    page = page_template("moviegenre.evaluation", "results.html.jinja", "report", "the HTML report")
    tables: dict[str, Table] = {
        "ranking": ranking_table(comparison),
        "genres": genre_table(comparison),
        "training": training_table(comparison),
    }
    tuned, overfit = tuned_table(comparison), tuned_genre_table(comparison)
    rendered: str = page.render(
        comparison=comparison,
        best=comparison.ranking[0],
        findings=[(finding, contrast_table(finding)) for finding in findings],
        tables=tables,
        tuned=tuned,
        tuned_by_genre=overfit,
        tuned_heading=TUNED_HEADING,
        tuned_text=TUNED_TEXT,
        tuned_genre_text=TUNED_GENRE_TEXT,
        facts=fact_tables(data),
        command=data.get("command"),
        pictures=[
            {
                "title": picture.title,
                "caption": picture.caption,
                "png": data_uri(picture.png, "png"),
            }
            for picture in pictures
        ],
        notes=notes,
        banner=banner,
    )
    return rendered
