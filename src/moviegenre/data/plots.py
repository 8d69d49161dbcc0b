"""Which of a movie's plots is read."""

import hashlib
from collections.abc import Sequence

from moviegenre.core.types import PlotRule
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
