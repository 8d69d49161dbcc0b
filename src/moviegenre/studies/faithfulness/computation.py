"""Measure whether the parts that explanations rank first matter more than random parts.

The model answers without the tenth of the words, or of the regions, that an explanation ranks
first, and without as many random ones. Reference: DeYoung et al., "ERASER",
https://arxiv.org/abs/1911.03429, comprehensiveness; differs in that random parts are the measure.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from moviegenre.core.errors import DataError
from moviegenre.core.types import AttributionMethod, BackendName, Modality, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.inference.films import Film
from moviegenre.inference.loading import load_predictor
from moviegenre.inference.measure_parity import labelled_films
from moviegenre.inference.occlusion import without_words
from moviegenre.inference.prediction import Explanation
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.region_occlusion import without_regions

_DRAWS = 5  # sets of random parts, averaged for each film
_RESAMPLES = 1000
_TAILS = (2.5, 97.5)  # percentiles that hold 95 % between them

Falls = tuple[float, float]
"""How far a probability falls without the first parts, and without random ones."""


@dataclass(frozen=True)
class Faithfulness:
    """How far the probability of the likeliest genre fell.

    Attributes:
        modality: Whose parts were taken away: words of the plot, or regions of the poster.
        method: How the explanation was made.
        num_films: N.
        without_top: Mean fall without the parts it puts first, in points of probability (0 to 100).
        without_random: Mean fall without as many random parts.
        difference: 95 % bootstrap interval over films of the first less the second.
        share_above: Share of films whose fall without the first parts is the larger one.
        num_silent: Further films whose explanation names nothing that speaks for the genre.
    """

    modality: Modality
    method: str
    num_films: int
    without_top: float
    without_random: float
    difference: tuple[float, float]
    share_above: float
    num_silent: int = 0

    @property
    def ratio(self) -> float | None:
        """How many times as far it falls without the first parts; None where chance raises it."""
        return self.without_top / self.without_random if self.without_random > 0 else None

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**vars(self), "modality": self.modality.value, "difference": list(self.difference)}


def measure_faithfulness(
    predictor: Predictor,
    films: Iterable[Film],
    *,
    method: AttributionMethod = "auto",
    share: float = 0.1,
    seed: int = 0,
    on_progress: Callable[[int], None] = lambda _: None,
) -> list[Faithfulness]:
    """Remove the parts that explanations rank first, or random parts, and compare.

    Args:
        predictor: The model.
        films: Films that its reader read.
        method: How explanations are made.
        share: Which share of words or regions is taken away, at least one.
        seed: Draws them.
        on_progress: Called with the number of films done so far.

    Returns:
        One for each modality that a film had.

    Raises:
        ConfigError: The model does not support the method.
        DataError: There are no films.
    """
    falls: dict[tuple[Modality, str], list[Falls | None]] = {}
    for number, film in enumerate(films):
        generator = np.random.default_rng([seed, number])
        falls_of_film = film_falls(predictor, film, generator, method=method, share=share)
        for key, row in falls_of_film.items():
            falls.setdefault(key, []).append(row)
        on_progress(number + 1)
    if not any(row for rows in falls.values() for row in rows):
        raise DataError("there is no film with at least two words or a poster; name other data")
    return [
        summarise(modality, method_name, rows, seed)
        for (modality, method_name), rows in sorted(falls.items())
        if any(rows)
    ]


def film_falls(
    predictor: Predictor,
    film: Film,
    generator: np.random.Generator,
    *,
    method: AttributionMethod,
    share: float,
) -> dict[tuple[Modality, str], Falls | None]:
    """Return how far the likeliest genre's probability falls without some parts of a film.

    Args:
        predictor: The model.
        film: The film.
        generator: Draws random parts.
        method: How the explanation is made.
        share: Which share of words or regions is taken away.

    Returns:
        By modality and method of the explanation; None where it names nothing.
    """
    whole = predictor.probabilities([film])[0]
    label = int(whole.argmax())
    name = predictor.model.genres.names[label]
    explanation = predictor.explain(film, [name], method)
    falls: dict[tuple[Modality, str], Falls | None] = {}
    for modality, method_name in explanation.attribution_method.items():
        shares, leave_out = _parts(predictor, film, explanation, name, modality)
        if len(shares) < 2:
            continue  # one word is the first and the random one
        size = min(max(1, round(share * len(shares))), int((shares > 0).sum()))
        if not size:
            falls[modality, method_name] = None
            continue
        sets = [np.argsort(-shares, kind="stable")[:size]]
        sets += [generator.permutation(len(shares))[:size] for _ in range(_DRAWS)]
        variants = [leave_out(parts.tolist()) for parts in sets]
        fall = whole[label] - predictor.probabilities(variants)[:, label]
        falls[modality, method_name] = (float(fall[0]), float(fall[1:].mean()))
    return falls


def _parts(
    predictor: Predictor, film: Film, explanation: Explanation, name: str, modality: Modality
) -> tuple[npt.NDArray[np.float64], Callable[[list[int]], Film]]:
    """Return the share of each word or region, and a function that leaves some of them out."""
    if modality is Modality.PLOT:
        shares = [word.share for word in explanation.words[name] if word.share is not None]
        places = predictor.reader.token_words(film)
        return np.array(shares), partial(without_words, film, places)
    grid = explanation.regions[name]
    rows, columns = grid.shape

    def leave_out(parts: list[int]) -> Film:
        return without_regions(film, parts, (rows, columns))

    return grid.ravel().astype(np.float64), leave_out


def summarise(
    modality: Modality, method: str, rows: Sequence[Falls | None], seed: int
) -> Faithfulness:
    """Summarise how far the probability falls without the first parts, and without random ones.

    Args:
        modality: What was taken away.
        method: How the explanation was made.
        rows: Both falls for each film; None where the explanation names nothing.
        seed: Draws the films of the bootstrap.
    """
    falls = np.array([row for row in rows if row is not None])
    gains = falls[:, 0] - falls[:, 1]
    drawn = np.random.default_rng(seed).integers(0, len(gains), (_RESAMPLES, len(gains)))
    low, high = np.percentile(100 * gains[drawn].mean(axis=1), _TAILS)
    top, random = 100 * falls.mean(axis=0)
    return Faithfulness(
        modality=modality,
        method=method,
        num_films=len(falls),
        without_top=float(top),
        without_random=float(random),
        difference=(float(low), float(high)),
        share_above=float((gains > 0).mean()),
        num_silent=len(rows) - len(falls),
    )


def faithfulness(
    model: str | Path,
    data_dir: Path | None = None,
    *,
    split: Split = Split.TEST,
    movies: int = 500,
    method: AttributionMethod = "auto",
    share: float = 0.1,
    seed: int = 0,
    backend: BackendName = "auto",
    progress: bool = True,
) -> list[Faithfulness]:
    """Return how far probabilities fall without the parts that explanations rank first.

    Args:
        model: A checkpoint, or what else ``load_predictor`` takes.
        data_dir: Prepared movies; None takes those the model was trained on.
        split: Which part of them; the first ``movies`` that the model can read.
        movies: How many.
        method: How explanations are made.
        share: Which share of words or regions is taken away.
        seed: Draws the random ones.
        backend: What computes the model.
        progress: Show a progress bar.

    Raises:
        CheckpointError: There is no such model, or the movies have other genres.
        ConfigError: The model does not support the method.
        DataError: There are no such movies.
    """
    predictor = load_predictor(model, backend=backend)
    data = PreparedData(data_dir or predictor.model.data_config.dir)
    read = labelled_films(data, split, predictor.reader, predictor.model.genres)
    with Progress(disable=not progress) as bar:
        total = min(movies, data.num_movies(split))
        task = bar.add_task("taking parts away", total=total)
        return measure_faithfulness(
            predictor,
            (film for film, _ in islice(read, movies)),
            method=method,
            share=share,
            seed=seed,
            on_progress=lambda done: bar.update(task, completed=done),
        )
