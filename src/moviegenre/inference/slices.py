"""How a long computation is cut into slices, so that others can have their turn in between."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _at_once(slice_: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the slice returns
    return slice_()


@dataclass(frozen=True)
class Slices:
    """How the model's work on an explanation is cut and run.

    Attributes:
        num_films: Gives how many films a slice may compute; None does not cut.
        run: Runs a slice and returns what it returns. It may raise to end the explanation.
    """

    num_films: Callable[[], int] | None = None
    run: Callable[[Callable[[], Any]], Any] = _at_once


WHOLE = Slices()
"""Everything at once, in the thread that asks."""
