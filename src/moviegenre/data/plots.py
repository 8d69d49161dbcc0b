"""Which of a movie's plots is read."""

from collections.abc import Sequence
from typing import Literal

from moviegenre.data.forms import first_sentence

PlotRule = Literal["longest", "first", "joined", "sentence"]


def choose_plot(plots: Sequence[str], rule: PlotRule) -> str:
    """Return the text a model reads of a movie's plots; empty where there is none.

    Args:
        plots: All plots of one movie, in the source's order.
        rule: ``longest`` (MM-IMDb's published rule, by characters), ``first``, ``joined``, or
            ``sentence``, the first one of the first plot.

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
    return plots[0] if rule == "first" else "\n".join(plots)
