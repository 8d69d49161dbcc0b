"""A table of films: films a second, against ``transformers`` and Pillow.

    python -m benchmarks.table --full

The rival has an encoder and a vision network of the same sizes as those of the included model, in
fp32, and batches of 32; see ``rivals.py``. Both read the same CSV file of synthetic films and write
a row for each. Loading the networks is not counted.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import harness
from benchmarks.films import read_table, write_table
from benchmarks.harness import Row, Side, rate

_WORKS = {  # plots, posters, their size, and the films of a small run
    "overviews": ("short", False, None, 128),
    "overviews and posters": ("short", True, None, 96),
    "whole plots and posters": ("full", True, None, 48),
    "overviews and posters of 1000 x 1500": ("short", True, (1000, 1500), 64),
}
_FULL = 8  # times as many films


def product(table: str) -> Callable[[], float]:
    """Answer a table as ``moviegenre predict --input`` does; films a second."""
    import moviegenre
    from moviegenre.inference.catalogue import predict_catalogue
    from moviegenre.inference.catalogue_rows import Catalogue
    from moviegenre.inference.catalogue_texts import CatalogueColumns

    predictor, path = moviegenre.load(bulk=True), Path(table)
    catalogue = Catalogue(path, CatalogueColumns(), None)
    out = path.with_suffix(".product.csv")
    count = len(read_table(path))
    predictor.predict("A detective hunts a killer.")
    return lambda: rate(lambda: predict_catalogue(predictor, catalogue, out), count)


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each kind of films."""
    with tempfile.TemporaryDirectory() as scratch:
        for number, (work, (plots, posters, size, films)) in enumerate(_WORKS.items()):
            films *= _FULL if given.full else 1
            folder = Path(scratch, str(number))
            table = write_table(folder, films, plots=plots, posters=posters, size=size)
            yield harness.in_turn(
                Side(product, {"table": str(table)}),
                Side("benchmarks.rivals:table_rate", {"table": str(table), "posters": posters}),
                given.rounds,
                work=f"{films} films, {work}",
                unit="films/s",
                rival_name="transformers",
            )


if __name__ == "__main__":
    harness.main(run, harness.options(__doc__))
