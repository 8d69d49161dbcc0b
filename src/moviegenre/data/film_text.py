"""The one text that a model reads of a film: title and year, where it reads them, then a plot."""

import hashlib
from collections.abc import Collection, Sequence

from moviegenre.core.types import Part, PlotRule
from moviegenre.data.forms import first_sentence


def choose_plot(plots: Sequence[str], rule: PlotRule) -> str:
    """Return the text that is read of a movie's plots; empty where there is none.

    Args:
        plots: All plots of one movie, in the source's order.
        rule: ``longest`` (MM-IMDb's published rule, by characters), ``first``, ``joined``,
            ``sentence``, the first one of the first plot, or ``random``: one plot, drawn by a hash
            of them, so that every model and every run reads the same one. ``each`` has several
            texts, see ``texts_of``; where one is wanted, it is the first.

    Example:
        >>> choose_plot(["A dog.", "A dog comes home."], "longest")
        'A dog comes home.'
    """
    if not plots:
        return ""
    if rule == "longest":
        return max(plots, key=len)
    if rule == "sentence":
        return first_sentence(plots[0])
    if rule == "random":
        digest = hashlib.sha256("\n".join(plots).encode("utf-8", "surrogatepass")).digest()
        return plots[int.from_bytes(digest[:8], "big") % len(plots)]
    return "\n".join(plots) if rule == "joined" else plots[0]


def texts_of(plots: Sequence[str], rule: PlotRule) -> list[str]:
    """Return all texts that a rule gives of a movie, at least one; it may be empty.

    Args:
        plots: All plots of one movie, in the source's order.
        rule: ``each`` gives every plot, any other rule one text.

    Example:
        >>> texts_of(["A dog.", "A dog comes home."], "each")
        ['A dog.', 'A dog comes home.']
    """
    if rule == "each" and plots:
        return list(plots)
    return [choose_plot(plots, rule)]


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
