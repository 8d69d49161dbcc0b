"""Compare the decisions of exported ONNX files with those of the model, on real movies."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import BoolArray, FloatArray
from moviegenre.core.errors import DataError, MovieGenreError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.inference.films import Film, FilmReader
from moviegenre.inference.predictor import Predictor
from moviegenre.metrics import compute_metrics

LEAST_EQUAL = 0.995
"""The share of an ONNX file's decisions that must be the model's own."""

MOST_LOST = 0.005
"""How much lower the F1-macro of a file in eight or four bits may be."""

_CHUNK = 128  # films in memory at a time
_COLUMNS = ["plots", "genres", "poster", "title", "year"]

LabelledFilm = tuple[Film, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class FileParity:
    """One ONNX file against the model.

    Attributes:
        equal_decisions: Share of all decisions, a genre of a film each, that are the model's.
        largest_difference: Of any probability.
        f1_macro: Its own score; NaN where it is not defined.
        f1_macro_lost: The model's score less its own.
        refitted: Whether its own score uses thresholds fitted to its own answers. Equal decisions
            are always counted with the model's thresholds on both sides.
    """

    equal_decisions: float
    largest_difference: float
    f1_macro: float
    f1_macro_lost: float
    refitted: bool = False


@dataclass(frozen=True)
class Parity:
    """All ONNX files against the model.

    Attributes:
        num_movies: On how many movies.
        source: Which they were.
        f1_macro: The model's own score on them, a fraction; NaN where it is not defined.
        files: By backend: ``onnx``, ``int8``, ``int4``.
    """

    num_movies: int
    source: str
    f1_macro: float
    files: dict[str, FileParity]

    @property
    def faults(self) -> list[str]:
        """The limits that are not met, one sentence each."""
        messages = []
        onnx = self.files.get("onnx")
        if onnx and onnx.equal_decisions < LEAST_EQUAL:
            messages.append(
                f"model.onnx decides as the model does in {onnx.equal_decisions:.2%} of all cases; "
                f"expected at least {LEAST_EQUAL:.1%}"
            )
        for name in ("int8", "int4"):
            small = self.files.get(name)
            if small and small.f1_macro_lost > MOST_LOST:
                messages.append(
                    f"model.{name}.onnx loses {100 * small.f1_macro_lost:.2f} points of F1-macro; "
                    f"expected at most {100 * MOST_LOST:.1f}"
                )
        return messages

    def to_json_dict(self) -> dict[str, Any]:
        """Return the content of ``parity.json``; undefined scores are None."""
        return {
            "num_movies": self.num_movies,
            "source": self.source,
            "expected": {"equal_decisions": LEAST_EQUAL, "f1_macro_lost": MOST_LOST},
            "f1_macro": _number(self.f1_macro),
            "files": {
                name: {
                    key: value if isinstance(value, bool) else _number(value)
                    for key, value in vars(parity).items()
                }
                for name, parity in self.files.items()
            },
            "kept": not self.faults,
            "faults": self.faults,
        }

    @classmethod
    def from_json_dict(cls, content: Mapping[str, Any]) -> "Parity":
        """Read the result of ``to_json_dict``."""
        files = {
            name: FileParity(
                equal_decisions=file["equal_decisions"],
                largest_difference=file["largest_difference"],
                f1_macro=_or_nan(file["f1_macro"]),
                f1_macro_lost=_or_nan(file["f1_macro_lost"]),
                refitted=file.get("refitted", False),
            )
            for name, file in content["files"].items()
        }
        return cls(
            num_movies=content["num_movies"],
            source=content["source"],
            f1_macro=_or_nan(content["f1_macro"]),
            files=files,
        )

    def refitted(self, f1_macro: float) -> "Parity":
        """Return the same report after thresholds were fitted to the answers of its only file.

        Args:
            f1_macro: What the file scores on the same movies with these thresholds.

        Raises:
            DataError: Several files were compared; expected one.
        """
        if len(self.files) != 1:
            raise DataError(
                f"the parity report compares {' and '.join(self.files)}; expected one file whose "
                "thresholds were fitted: export again instead"
            )
        ((name, file),) = self.files.items()
        lost = self.f1_macro - f1_macro
        changed = replace(file, f1_macro=f1_macro, f1_macro_lost=lost, refitted=True)
        return replace(self, files={name: changed})


def labelled_films(
    data: PreparedData, split: Split, reader: FilmReader, genres: GenreVocabulary
) -> Iterator[LabelledFilm]:
    """Yield the films of a split as a model reads them, with their labels (L,), in order.

    Films that the model cannot read are left out. Nothing is cached.

    Args:
        data: Prepared movies.
        split: Which part.
        reader: The model's.
        genres: The model's.

    Raises:
        CheckpointError: The movies have other genres than the model.
    """
    data.require_genres(genres, "the model", "name data with the same ones")
    for batch in data.poster_file(split).iter_batches(_CHUNK, columns=_COLUMNS):
        for row in batch.to_pylist():
            try:
                poster = row["poster"]["bytes"] if row["poster"] else None
                film = reader.read(tuple(row["plots"]), poster, row["title"], row["year"])
            except MovieGenreError:
                continue
            yield film, genres.encode(row["genres"])


def measure_parity(
    model: Predictor,
    files: Mapping[str, Predictor],
    films: Iterator[LabelledFilm],
    *,
    limit: int,
    source: str,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Parity:
    """Compare ONNX files with the model they were made from.

    Args:
        model: Computed by PyTorch.
        files: The same model computed by its files, by backend.
        films: What to compare on.
        limit: How many of them.
        source: Which films they are, for the report.
        on_progress: Called with the number of films done so far.

    Raises:
        DataError: There are no films.
    """
    probs: dict[str, list[FloatArray]] = {name: [] for name in ("torch", *files)}
    chosen: dict[str, list[BoolArray]] = {name: [] for name in probs}
    labels: list[npt.NDArray[np.float32]] = []
    chosen_films = islice(films, limit)
    while chunk := list(islice(chosen_films, _CHUNK)):
        read = [film for film, _ in chunk]
        labels += [row for _, row in chunk]
        for name, predictor in {"torch": model, **files}.items():
            probs[name].append(predictor.probabilities(read))
            chosen[name].append(model.decide(read, probs[name][-1]))
        on_progress(len(labels))
    if not labels:
        raise DataError(f"{source} holds no movie that the model can read; name other data")
    truth = np.stack(labels)
    answers = {name: (np.concatenate(probs[name]), np.concatenate(chosen[name])) for name in probs}
    own = answers["torch"]
    score = f1_macro(own[1], truth)
    return Parity(
        num_movies=len(labels),
        source=source,
        f1_macro=score,
        files={name: _compare(own, answers[name], truth, score) for name in files},
    )


def _compare(
    own_answers: tuple[FloatArray, BoolArray],
    answers: tuple[FloatArray, BoolArray],
    truth: npt.NDArray[np.float32],
    score: float,
) -> FileParity:
    scored = f1_macro(answers[1], truth)
    return FileParity(
        equal_decisions=float((own_answers[1] == answers[1]).mean()),
        largest_difference=float(np.abs(own_answers[0] - answers[0]).max()),
        f1_macro=scored,
        f1_macro_lost=score - scored,
    )


def f1_macro(chosen: BoolArray, truth: npt.NDArray[np.float32]) -> float:
    """Return the F1-macro of decisions (N, L), a fraction; NaN where it is not defined.

    Args:
        chosen: Which genres are chosen; films without a poster may have other thresholds.
        truth: Which are right (N, L), multi-hot.
    """
    return compute_metrics(chosen.astype(np.float64), truth, 0.5).metrics["f1_macro"]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
