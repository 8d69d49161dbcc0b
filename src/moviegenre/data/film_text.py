"""The one text that a model reads of a film: title and year, where it reads them, then the plot."""

from collections.abc import Collection
from typing import Literal

Part = Literal["plot", "poster", "title", "year"]
"""What a model may read of a film."""

PLOT_AND_POSTER: tuple[Part, ...] = ("plot", "poster")


def text_name(rule: str, reads: Collection[Part]) -> str:
    """Return a name for what a text is made of: the plot rule, and what else is read.

    Example:
        >>> text_name("first", ["poster", "plot"]), text_name("first", ["plot", "year"])
        ('first', 'first-plot-year')
    """
    parts = [part for part in ("plot", "title", "year") if part in reads]
    return rule if parts == ["plot"] else "-".join([rule, *parts])


def heading(title: str | None, year: int | None, reads: Collection[Part]) -> str:
    """Return title and year as one line of text; empty where there is neither.

    The decade is named as well, since a single year is rare.

    Args:
        title: The film's title.
        year: The year of its release.
        reads: What the model reads; a part that is not among them is left out.

    Example:
        >>> heading("Out of the Past", 1947, ["title", "year"])
        'Out of the Past (1947, 1940s).'
        >>> heading(None, 1947, ["title", "year"])
        '(1947, 1940s).'
    """
    name = (title or "").strip() if "title" in reads else ""
    date = f"({year}, {year // 10 * 10}s)" if year is not None and "year" in reads else ""
    words = " ".join(part for part in (name, date) if part)
    return f"{words}." if words else ""


def film_text(
    plot: str, title: str | None, year: int | None, reads: Collection[Part]
) -> tuple[str, int]:
    """Return the text that a model reads of a film, and where its plot begins in it.

    Args:
        plot: The plot; empty where there is none.
        title: The film's title, None where it is unknown.
        year: The year of its release, None where it is unknown.
        reads: What the model reads.

    Example:
        >>> film_text("A man runs.", "The Run", None, ["plot", "title"])
        ('The Run. A man runs.', 9)
        >>> film_text("A man runs.", "The Run", 1950, ["plot", "poster"])
        ('A man runs.', 0)
    """
    first = heading(title, year, reads)
    plot = plot if "plot" in reads else ""
    if not first:
        return plot, 0
    text = f"{first} {plot}" if plot.strip() else first
    return text, len(text) - len(plot) if plot.strip() else len(text)
