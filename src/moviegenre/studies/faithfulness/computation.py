"""Measure whether the parts that explanations rank first matter more than random parts.

The tenth of the words, or of the regions, that an explanation puts first is taken away, and the
model is asked again; then as many random ones are. Reference: DeYoung et al., "ERASER",
https://arxiv.org/abs/1911.03429, comprehensiveness; differs in that random parts are the measure.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from moviegenre.artifacts.trained import BackendName
from moviegenre.core.errors import DataError
from moviegenre.core.types import Modality, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.inference.attribution import Method
from moviegenre.inference.films import Film
from moviegenre.inference.loading import load_predictor
from moviegenre.inference.measure_parity import labelled_films
from moviegenre.inference.occlusion import without_regions, without_words
from moviegenre.inference.predictor import Predictor

_RESAMPLES = 1000
_TAILS = (2.5, 97.5)  # percentiles that hold 95 % between them


@dataclass(frozen=True)
class Faithfulness:
    """How far the probability of the likeliest genre fell.

    Attributes:
        modality: What was taken away: words of the plot, or regions of the poster.
        method: How the explanation was made.
        num_films: N.
        without_top: Mean fall without the parts it puts first, in points of probability (0 to 100).
        without_random: Mean fall without as many random parts.
        difference: 95 % bootstrap interval over films of the first less the second.
        share_above: Share of films whose fall without the first parts is the larger one.
    """

    modality: Modality
    method: str
    num_films: int
    without_top: float
    without_random: float
    difference: tuple[float, float]
    share_above: float

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**vars(self), "modality": self.modality.value, "difference": list(self.difference)}


def measure_faithfulness(
    predictor: Predictor,
    films: Iterable[Film],
    *,
    method: Method = "auto",
    share: float = 0.1,
    draws: int = 5,
    seed: int = 0,
    on_progress: Callable[[int], None] = lambda _: None,
) -> list[Faithfulness]:
    """Remove the parts that explanations rank first, or random parts, and compare.

    Args:
        predictor: The model.
        films: Films that its reader read.
        method: How explanations are made.
        share: Which share of words or regions is taken away, at least one.
        draws: How many sets of random parts are averaged for each film.
        seed: Draws them.
        on_progress: Called with the number of films done so far.

    Returns:
        One for each modality that a film had.

    Raises:
        ConfigError: The model does not support the method.
        DataError: There are no films.
    """
    generator = np.random.default_rng(seed)
    falls: dict[tuple[Modality, str], list[tuple[float, float]]] = {}
    for done, film in enumerate(films, start=1):
        whole = predictor.probabilities([film])[0]
        label = int(whole.argmax())
        name = predictor.model.genres.names[label]
        explanation = predictor.explain(film, [name], method)
        for modality, method_name in explanation.attribution_method.items():
            if modality is Modality.PLOT:
                shares = np.array([w.share for w in explanation.words[name] if w.share is not None])
                places = predictor.reader.token_words(film)
            else:
                shares = explanation.regions[name].ravel()
                grid = explanation.regions[name].shape
            if len(shares) < 2:
                continue  # one word is the first and the random one
            size = max(1, round(share * len(shares)))
            sets = [np.argsort(-shares, kind="stable")[:size]]
            sets += [generator.permutation(len(shares))[:size] for _ in range(draws)]
            if modality is Modality.PLOT:
                variants = [without_words(film, places, parts.tolist()) for parts in sets]
            else:
                variants = [
                    without_regions(film, parts.tolist(), (grid[0], grid[1])) for parts in sets
                ]
            variant_probs = predictor.probabilities(variants)[:, label]
            fall = (
                float(whole[label] - variant_probs[0]),
                float(whole[label] - variant_probs[1:].mean()),
            )
            falls.setdefault((modality, method_name), []).append(fall)
        on_progress(done)
    if not falls:
        raise DataError("there is no film with at least two words or a poster; name other data")
    return [
        _summarise(modality, method_name, np.array(pairs), generator)
        for (modality, method_name), pairs in sorted(falls.items())
    ]


def _summarise(
    modality: Modality,
    method: str,
    falls: npt.NDArray[np.float64],
    generator: np.random.Generator,
) -> Faithfulness:
    """Summarise falls (N, 2), without the first parts and without random ones."""
    gains = falls[:, 0] - falls[:, 1]
    drawn = generator.integers(0, len(gains), (_RESAMPLES, len(gains)))
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
    )


def faithfulness(
    model: str | Path,
    data_dir: Path | None = None,
    *,
    split: Split = Split.TEST,
    movies: int = 500,
    method: Method = "auto",
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
