"""Split a long computation into slices, so that other requests can run in between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any


def _at_once(slice_: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the slice returns
    return slice_()


@dataclass(frozen=True)
class Slices:
    """How the model's work on an explanation is split and run.

    Attributes:
        num_films: Returns the maximum number of films in a slice; None does not split.
        run: Runs a slice and returns its result. It may raise to end the explanation.
    """

    num_films: Callable[[], int] | None = None
    run: Callable[[Callable[[], Any]], Any] = _at_once

    def of_films(self, compute: Callable[[Any], Any], films: Sequence[Any]) -> list[Any]:
        """Return the results of a function for films, a few films in each slice.

        Args:
            compute: The function.
            films: All films.
        """
        results, remaining_films = [], films
        while remaining_films:
            number = len(remaining_films) if self.num_films is None else self.num_films()
            results.append(self.run(partial(compute, remaining_films[:number])))
            remaining_films = remaining_films[number:]
        return results


WHOLE = Slices()
"""Everything at once, in the calling thread."""
