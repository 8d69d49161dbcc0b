"""Measure whether the parts that explanations rank first matter more than random parts.

The model predicts a film without the tenth of its words, or regions, that an explanation ranks
first, and without as many random ones. Reference: DeYoung et al., "ERASER",
https://arxiv.org/abs/1911.03429, comprehensiveness; differs in the comparison with random parts.
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

_NUM_DRAWS = 5  # sets of random parts, averaged for each film
_NUM_RESAMPLES = 1000
_PERCENTILES = (2.5, 97.5)  # the ends of a 95 % interval

Falls = tuple[float, float]
"""The falls of a probability without the first parts, and without random parts."""


@dataclass(frozen=True)
class Faithfulness:
    """The falls of the most probable genre's probability.

    Attributes:
        modality: The modality of the removed parts: words of the plot, or regions of the poster.
        method: The method of the explanation.
        num_films: N.
        without_top: Mean fall without the first parts, in points of probability (0 to 100).
        without_random: Mean fall without as many random parts.
        difference: 95 % bootstrap interval over films of the first fall minus the second.
        share_above: Share of films with a larger fall without the first parts.
        num_silent: The number of further films whose explanation has no part for the genre.
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
        """The first fall divided by the second; None if random parts do not lower it."""
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
        films: Films from its reader.
        method: The method of explanations.
        share: The removed share of words or regions, at least one part.
        seed: Draws the random parts.
        on_progress: Called with the number of films done so far.

    Returns:
        A result for each modality of the films.

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
    """Return the falls of the most probable genre's probability without parts of a film.

    Args:
        predictor: The model.
        film: The film.
        generator: Draws random parts.
        method: The method of the explanation.
        share: The removed share of words or regions.

    Returns:
        The falls by modality and method; None if the explanation has no parts for the genre.
    """
    probs = predictor.probabilities([film])[0]
    label = int(probs.argmax())
    name = predictor.model.genres.names[label]
    explanation = predictor.explain(film, [name], method)
    falls: dict[tuple[Modality, str], Falls | None] = {}
    for modality, method_name in explanation.attribution_method.items():
        shares, leave_out = _parts(predictor, film, explanation, name, modality)
        if len(shares) < 2:
            continue  # a single word is both the first and the random part
        size = min(max(1, round(share * len(shares))), int((shares > 0).sum()))
        if not size:
            falls[modality, method_name] = None
            continue
        sets = [np.argsort(-shares, kind="stable")[:size]]
        sets += [generator.permutation(len(shares))[:size] for _ in range(_NUM_DRAWS)]
        variants = [leave_out(parts.tolist()) for parts in sets]
        fall = probs[label] - predictor.probabilities(variants)[:, label]
        falls[modality, method_name] = (float(fall[0]), float(fall[1:].mean()))
    return falls


def _parts(
    predictor: Predictor, film: Film, explanation: Explanation, name: str, modality: Modality
) -> tuple[npt.NDArray[np.float64], Callable[[list[int]], Film]]:
    """Return the share of each word or region, and a function that removes parts."""
    if modality is Modality.PLOT:
        shares = [word.share for word in explanation.words[name] if word.share is not None]
        token_words = predictor.reader.token_words(film)
        return np.array(shares), partial(without_words, film, token_words)
    grid = explanation.regions[name]
    rows, columns = grid.shape

    def leave_out(parts: list[int]) -> Film:
        return without_regions(film, parts, (rows, columns))

    return grid.ravel().astype(np.float64), leave_out


def summarise(
    modality: Modality, method: str, rows: Sequence[Falls | None], seed: int
) -> Faithfulness:
    """Summarise the falls without the first parts, and without random parts.

    Args:
        modality: The modality of the removed parts.
        method: The method of the explanation.
        rows: Both falls for each film; None if the explanation has no parts for the genre.
        seed: Draws the films of the bootstrap.
    """
    falls = np.array([row for row in rows if row is not None])
    gains = falls[:, 0] - falls[:, 1]
    resamples = np.random.default_rng(seed).integers(0, len(gains), (_NUM_RESAMPLES, len(gains)))
    low, high = np.percentile(100 * gains[resamples].mean(axis=1), _PERCENTILES)
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
    """Return the falls of probabilities without the parts that explanations rank first.

    Args:
        model: A checkpoint, or another form that ``load_predictor`` accepts.
        data_dir: Prepared movies; None takes the training data of the model.
        split: The split; its first ``movies`` that the model can read are used.
        movies: The number of movies.
        method: The method of explanations.
        share: The removed share of words or regions.
        seed: Draws the random parts.
        backend: The backend.
        progress: Show a progress bar.

    Raises:
        CheckpointError: The model does not exist, or the movies have other genres.
        ConfigError: The model does not support the method.
        DataError: The movies do not exist.
    """
    predictor = load_predictor(model, backend=backend)
    data = PreparedData(data_dir or predictor.model.data_config.dir)
    films = labelled_films(data, split, predictor.reader, predictor.model.genres)
    with Progress(disable=not progress) as bar:
        total = min(movies, data.num_movies(split))
        task = bar.add_task("taking parts away", total=total)
        return measure_faithfulness(
            predictor,
            (film for film, _ in islice(films, movies)),
            method=method,
            share=share,
            seed=seed,
            on_progress=lambda done: bar.update(task, completed=done),
        )
