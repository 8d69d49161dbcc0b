"""A predictor that counts what it is asked and computes nothing."""

import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from moviegenre.core.errors import InputError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Modality
from moviegenre.data.posters import decode_poster
from moviegenre.data.words import plot_words
from moviegenre.inference.model_source import ModelSource
from moviegenre.inference.prediction import Explanation, Prediction, WordShare
from moviegenre.inference.similar import SimilarMovie
from moviegenre.inference.slices import WHOLE, Slices

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor

PATIENCE = 60.0
"""Seconds that nothing takes but on a machine with no time for us."""

GENRES = GenreVocabulary(("Crime", "Horror"))


class FakePredictor:
    """Answers at once, or when its gate is opened.

    Attributes:
        batches: The plots of every batch it was asked for.
        warned: For every film, whether unread parts should have a warning.
        gate: Closed, it holds every batch back; ``entered`` says that one is being held.
    """

    def __init__(self, files: Sequence[Path] = ()) -> None:
        self.batches: list[list[str]] = []
        self.warned: list[bool] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.files = files
        self.source: ModelSource | None = None
        self.reader = self
        self.backend = SimpleNamespace(name="fake")
        self.similar = object()  # there is an index
        self.point = SimpleNamespace(thresholds=[0.4, 0.6])
        self.model = SimpleNamespace(
            model_name="early_fusion",
            genres=GENRES,
            modalities=frozenset(Modality),
            metrics={"f1_macro": 0.5},
            versions={"torch": "2.13.0"},
        )

    def read(
        self,
        plot: str | tuple[str, ...] | None,
        poster: bytes | Path | None,
        title: str | None = None,
        year: int | None = None,
        *,
        warn_unread: bool = False,
    ) -> SimpleNamespace:
        self.warned.append(warn_unread)
        plot = " / ".join(plot) if isinstance(plot, tuple) else plot
        if not (plot or "").strip() and poster is None:
            raise InputError("a film needs a plot or a poster; found neither")
        if poster is not None:
            decode_poster(poster.read_bytes() if isinstance(poster, Path) else poster)
        text = " ".join(str(part) for part in (title, year, plot) if part)
        return SimpleNamespace(plot=text, poster=poster, has_poster=poster is not None)

    def predict_films(self, films: Sequence[Any], batch_size: int) -> list[Prediction]:
        assert batch_size == len(films)
        self.batches.append([film.plot for film in films])
        self.entered.set()
        assert self.gate.wait(PATIENCE), "the test forgot the gate"
        if any("crash" in film.plot for film in films):
            raise RuntimeError("secret words of a bug")
        return [_prediction(film) for film in films]

    def explain(
        self, film: Any, attribute: Sequence[str] = (), *, slices: Slices = WHOLE
    ) -> Explanation:
        return cast("Explanation", slices.run(lambda: _explanation(film, attribute)))

    @property
    def as_predictor(self) -> "Predictor":
        return cast("Predictor", self)


def _prediction(film: Any) -> Prediction:
    high = min(len(film.plot) / 100, 1.0)
    there = [("plot", bool(film.plot)), ("poster", film.has_poster)]
    return Prediction(
        genres=["Crime"],
        probabilities={"Crime": high, "Horror": 0.25},
        thresholds={"Crime": 0.4, "Horror": 0.6},
        modalities=[name for name, is_there in there if is_there],
        _explain=lambda genres: _explanation(film, genres),
        _similar=lambda count: [SimilarMovie("7", "Rain", 1950, ["Crime"], 0.9)][:count],
    )


def _explanation(film: Any, genres: Sequence[str]) -> Explanation:
    """Say that the first word and the first region spoke for a genre, and the last ones against."""
    effects: dict[str, dict[str, float]] = {"Crime": {"plot": 3.0, "poster": -1.0}}
    if not genres:
        return Explanation(effects)
    words = plot_words(film.plot)
    shares = [1.0, *[0.0] * (len(words) - 2), -0.5][: len(words)]
    word_shares = tuple(
        WordShare(word.text, word.start, word.end, share)
        for word, share in zip(words, shares, strict=True)
    )
    grid = np.array([[0.5, 0.0], [0.0, -0.5]], dtype=np.float32)
    return Explanation(
        effects,
        plot=film.plot,
        words=dict.fromkeys(genres, word_shares) if word_shares else {},
        regions=dict.fromkeys(genres, grid) if film.has_poster else {},
        attribution_method={Modality.PLOT: "made up"},
    )
