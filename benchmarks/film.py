"""One film, warm: films a second, one after the other, against ``transformers`` and Pillow.

python -m benchmarks.film --full
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import harness
from benchmarks.harness import ROOT, Row, Side, rate

_PLOT = (
    "A detective hunts a killer through the rainy streets of a corrupt city, and learns that the "
    "man he is after once saved his life. As the bodies pile up, she has to decide whom to trust."
)
_POSTER = ROOT / "src" / "moviegenre" / "examples" / "dust.webp"
_WARM = 3


def product(plot: str, poster: str | None, repeats: int) -> Callable[[], float]:
    """Answer one film again and again; films a second."""
    import moviegenre

    predictor, content = moviegenre.load(), Path(poster).read_bytes() if poster else None

    def work() -> None:
        for _ in range(repeats):
            predictor.predict(plot, poster=content)

    for _ in range(_WARM):
        predictor.predict(plot, poster=content)
    return lambda: rate(work, repeats)


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield a row with the poster and one without."""
    repeats = 200 if given.full else 40
    for work, poster in (("overview and poster", _POSTER), ("overview", None)):
        content = poster.read_bytes() if poster else None
        common = {"plot": _PLOT, "repeats": repeats}
        yield harness.in_turn(
            Side(product, common | {"poster": str(poster) if poster else None}),
            Side("benchmarks.rivals:film_rate", common | {"poster": content}),
            given.rounds,
            work=f"one film, {work}",
            unit="films/s",
            rival_name="transformers",
        )


if __name__ == "__main__":
    harness.main(run, harness.options(__doc__))
