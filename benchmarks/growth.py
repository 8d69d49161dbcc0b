"""How cost grows with films, plot length, poster size and genres: exponents and a picture.

    python -m benchmarks.growth --full     # docs/images/growth.svg

The cost of N grows as N to the power of the exponent: 1 is linear, and less means that a fixed part
remains. Films, plots and posters are answered by the included model. Genres are answered by a tiny
``bert`` with random weights, so that its encoder does not hide what each genre costs. It ends with
an error where cost grows faster than linearly in films.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks import films, harness
from benchmarks.harness import ROOT, STORE, Figures, Row

import moviegenre
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.inference.catalogue import predict_catalogue
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns
from moviegenre.inference.predictor import Predictor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE = ROOT / "docs" / "images" / "growth.svg"
LINEAR = 1.1
"""The largest exponent that counts as linear: what remains is noise."""

_FITTED = 3  # of the largest sizes, where a fixed part hides least
_LABELS = {
    "films": "films in a table",
    "plot": "words of a plot",
    "poster": "megapixels of a poster",
    "genres": "genres",
}
Works = dict[str, dict[float, Callable[[], object]]]


def exponent(sizes: list[float], seconds: Figures) -> float:
    """Return the slope of the logarithm of seconds over that of sizes, by least squares."""
    x, y = np.log(sizes[-_FITTED:]), np.log(seconds[-_FITTED:])
    return float(np.polyfit(x, y, 1)[0])


def works(folder: Path, *, full: bool) -> Works:
    """Return what is timed, by what grows and how large it is."""
    predictor = moviegenre.load()
    factor = 4 if full else 1
    rng = np.random.default_rng(0)
    found: Works = {name: {} for name in _LABELS}
    for count in (64 * factor, 128 * factor, 256 * factor, 512 * factor):
        found["films"][count] = _table(predictor, folder, count)
    for words in (32, 64, 128, 256, 512, *((1024, 2048) if full else ())):
        plots = [" ".join(rng.choice(films.WORDS, size=words)) for _ in range(8 * factor)]
        found["plot"][words] = _films(predictor, [{"plot": plot} for plot in plots])
    for width in (250, 500, 1000, 2000, *((4000,) if full else ())):
        height = width * 3 // 2
        poster = films.poster(rng, width, height)
        rows = [{"poster": poster} for _ in range(4 * factor)]
        found["poster"][width * height / 1e6] = _films(predictor, rows)
    for count in (25, 250, 2500, *((10_000,) if full else ())):
        found["genres"][count] = _table(_tiny(predictor, count), folder, 32 * factor)
    return found


def _films(predictor: Predictor, rows: Sequence[object]) -> Callable[[], object]:
    return lambda: predictor.predict_proba(list(rows))


def _table(predictor: Predictor, folder: Path, count: int) -> Callable[[], object]:
    path = folder / f"{count}.csv"
    films.write_long_table(path, count)
    catalogue = Catalogue(path, CatalogueColumns(), None)
    return lambda: predict_catalogue(predictor, catalogue, folder / f"{count}.jsonl")


def _tiny(included: Predictor, genres: int) -> Predictor:
    """Return a tiny ``bert`` with random weights and so many genres."""
    from moviegenre.artifacts.info import ModelInfo
    from moviegenre.artifacts.torch_model import TorchModel
    from moviegenre.models.base import BuildContext
    from moviegenre.models.bert import BertConfig

    tokenizer, config = included.model.tokenizer, BertConfig()
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    plot_encoder = {"model_type": "bert", "intermediate_size": 64, **sizes}
    network = config.build(
        BuildContext(genres, tokenizer, architectures={"plot_encoder": plot_encoder})
    )
    vocabulary = GenreVocabulary(tuple(f"Genre {number}" for number in range(genres)))
    info = ModelInfo(
        model_name="bert",
        architectures={},
        config={"data": {"plot": "first", "max_tokens": 128}, "model": config.model_dump()},
        genres=vocabulary,
        tokenizer=tokenizer,
        metrics={},
        epoch=0.0,
        revisions={},
        versions={},
        data_fingerprint="",
    )
    return Predictor(TorchModel(info, network.eval()), OperatingPoint.default(vocabulary))


def timed(found: Works, rounds: int) -> dict[str, dict[float, Figures]]:
    """Return the seconds of each work, the works of one round in turn."""
    seconds = {name: {size: [0.0] * rounds for size in sizes} for name, sizes in found.items()}
    for sizes in found.values():
        next(iter(sizes.values()))()  # warm
    for round_number in range(rounds):
        for name, sizes in found.items():
            for size, work in sizes.items():
                started = time.perf_counter()
                work()
                seconds[name][size][round_number] = time.perf_counter() - started
    return seconds


def draw(seconds: dict[str, dict[float, Figures]]) -> "Figure":
    """Return a picture with a panel for each thing that grows."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    plain = FuncFormatter(lambda value, _place: f"{value:.2g}" if value < 100 else f"{value:,.0f}")
    figure = Figure(figsize=(9, 2.9), layout="constrained")
    panels = figure.subplots(1, len(seconds))
    for panel, (name, sizes) in zip(panels, seconds.items(), strict=True):
        x, y = list(sizes), [statistics.median(own) for own in sizes.values()]
        slope = exponent(x, y)
        panel.loglog(x, y, "o-", color="#3f51b5", markersize=4)
        panel.loglog(x, [y[-1] * one / x[-1] for one in x], ":", color="#888888")
        panel.set_xticks([x[0], x[-1]], minor=False)
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter(plain)
            axis.set_minor_formatter(NullFormatter())
        panel.set_title(f"exponent {slope:.2f}", fontsize=10)
        panel.set_xlabel(_LABELS[name])
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("seconds (dotted: linear)")
    return figure


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield an exponent for each thing that grows, and draw them."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = timed(works(Path(folder), full=given.full), given.rounds)
    picture = PICTURE if given.full else STORE / PICTURE.name
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw(seconds).savefig(picture, metadata={"Date": None})
    for name, sizes in seconds.items():
        x, rounds = list(sizes), zip(*sizes.values(), strict=True)
        slopes = [exponent(x, list(own)) for own in rounds]
        span = f"{x[0]:,.4g} to {x[-1]:,.4g}"
        yield Row(f"{_LABELS[name]}, {span}", "as exponent", slopes, better="lower")
    shortest = [min(own) for own in seconds["films"].values()]
    if (slope := exponent(list(seconds["films"]), shortest)) > LINEAR:
        raise RuntimeError(f"the cost of films grows with exponent {slope:.2f}, expected at most 1")


if __name__ == "__main__":
    harness.main(run, harness.options(__doc__))
