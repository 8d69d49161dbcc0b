"""The text of a film that a model reads: title and year, if it reads them, then a plot."""

import hashlib
from collections.abc import Collection, Sequence

from moviegenre.core.types import Part, PlotRule
from moviegenre.data.forms import first_sentence


def choose_plot(plots: Sequence[str], rule: PlotRule) -> str:
    """Return the text that a rule chooses from a movie's plots; empty if there are no plots.

    Args:
        plots: All plots of one movie, in the source's order.
        rule: ``longest`` (MM-IMDb's published rule, by characters), ``first``, ``joined``,
            ``sentence``, the first sentence of the first plot, or ``random``: one plot, drawn by a
            hash of all, so that every model and every run reads the same one. ``each`` has
            several texts, see ``texts_of``; this function returns the first.

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
    """Return all texts that a rule chooses for a movie: at least one, which may be empty.

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
    """Return a name for the parts of a text: the plot rule, and title and year if they are read.

    Example:
        >>> text_name("first", ["poster", "plot"]), text_name("first", ["plot", "year"])
        ('first', 'first-plot-year')
    """
    parts = [part for part in ("plot", "title", "year") if part in reads]
    return rule if parts == ["plot"] else "-".join([rule, *parts])


def heading(title: str | None, year: int | None, reads: Collection[Part]) -> str:
    """Return title and year as one line of text; empty if there is neither.

    The decade is added, because a single year is rare.

    Args:
        title: The film's title.
        year: The year of its release.
        reads: The parts that the model reads; other parts are left out.

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
    """Return the text of a film that a model reads, and the position of its plot.

    Args:
        plot: The plot; empty if there is none.
        title: The film's title; None if it is unknown.
        year: The year of its release; None if it is unknown.
        reads: The parts that the model reads.

    Example:
        >>> film_text("A man runs.", "The Run", None, ["plot", "title"])
        ('The Run. A man runs.', 9)
        >>> film_text("A man runs.", "The Run", 1950, ["plot", "poster"])
        ('A man runs.', 0)
    """
    title_line = heading(title, year, reads)
    plot = plot if "plot" in reads else ""
    if not title_line:
        return plot, 0
    if not plot.strip():
        return title_line, len(title_line)
    return f"{title_line} {plot}", len(title_line) + 1
