"""Missing tables of papers: the movies that lack a plot or poster, and the scores of fusions.

Reference: https://github.com/YiLunLee/missing_aware_prompts, and docs/mmimdb.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import DEFAULT_THRESHOLD
from moviegenre.core.errors import DataError, shortened
from moviegenre.core.reading import open_regular, raise_system_error
from moviegenre.core.types import Modality
from moviegenre.data.sources.arrow import arrow_rows
from moviegenre.evaluation.results import number_or_none
from moviegenre.metrics import compute_metrics
from moviegenre.studies.robustness.scores import FusionModel

CODES = {1: Modality.PLOT, 2: Modality.POSTER}
"""The missing modality by the number of a row; 0 means none."""

_MAX_BYTES = 64 << 20
_EXPECTED = "expected one number for each movie: 0 complete, 1 no plot, 2 no poster"


@dataclass(frozen=True)
class TableScores:
    """The scores of fusions on movies that lack modalities according to a table.

    Attributes:
        name: The table's file.
        num_missing: The number of movies that lack each modality.
        scores: Title, F1-macro and F1-micro of each fusion, fractions.
    """

    name: str
    num_missing: dict[Modality, int]
    scores: tuple[tuple[str, float, float], ...]

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values; undefined scores are None."""
        return {
            "table": self.name,
            "num_missing": {modality.value: n for modality, n in self.num_missing.items()},
            "scores": [
                {"model": title, "f1_macro": number_or_none(a), "f1_micro": number_or_none(b)}
                for title, a, b in self.scores
            ],
        }


def read_missing_table(path: Path) -> npt.NDArray[np.int64]:
    """Return the numbers of a ``.pt`` file (N,) without executing code.

    Raises:
        DataError: The file is no such table.
    """
    import torch

    with open_regular(path, "a missing table") as stream:
        try:
            if stream.seek(0, 2) > _MAX_BYTES:
                raise ValueError(f"more than {_MAX_BYTES:,} bytes")
            stream.seek(0)
            content = torch.load(stream, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged file can raise any exception
            raise_system_error(error, path)
            reason = shortened(str(error).split("\n")[0]) or type(error).__name__
            raise DataError(f"{path} cannot be read as a missing table: {reason}") from None
    if not isinstance(content, torch.Tensor) or content.ndim != 1:
        raise DataError(f"{path} holds something else than a list of numbers; {_EXPECTED}")
    codes = content.to(torch.float64).numpy()
    if not np.isin(codes, (0, *CODES)).all():
        raise DataError(f"{path} holds other numbers; {_EXPECTED}")
    return codes.astype(np.int64)


def codes_by_movie(
    path: Path, ids: Sequence[str], arrow: Path | None = None
) -> npt.NDArray[np.int64]:
    """Return a table's number for each movie (N,).

    Args:
        path: The table.
        ids: The movies.
        arrow: The Arrow file with the rows of the table; None if its rows are the movies.

    Raises:
        DataError: The table has other rows than the movies or the Arrow file, or lacks a movie.
    """
    codes = read_missing_table(path)
    if arrow is None:
        if len(codes) != len(ids):
            raise DataError(
                f"{path} has {len(codes):,} rows for {len(ids):,} movies; name the Arrow file that "
                "it belongs to with `missing_arrow`"
            )
        return codes
    row_ids = [str(values.get("image_id")) for values, _ in arrow_rows(arrow, ("image_id",))]
    if len(row_ids) != len(codes):
        raise DataError(
            f"{path} has {len(codes):,} rows and {arrow} {len(row_ids):,}; name the Arrow file of "
            "the same split"
        )
    code_by_id = dict(zip(row_ids, codes.tolist(), strict=True))
    absent = [movie for movie in ids if movie not in code_by_id]
    if absent:
        raise DataError(
            f"{arrow} lacks {len(absent):,} of {len(ids):,} movies, for example {absent[0]}; name "
            "the Arrow file of the same split"
        )
    return np.array([code_by_id[movie] for movie in ids], dtype=np.int64)


def score_table(
    name: str, codes: npt.NDArray[np.int64], fusions: Sequence[FusionModel]
) -> TableScores:
    """Score fusions on movies that lack the modality of their number.

    Args:
        name: The name of the table.
        codes: A number for each movie (N,), see ``CODES``.
        fusions: Fusions with predictions for the same movies in the same order.
    """
    scores = []
    for fusion in fusions:
        probs = fusion.complete.probs.copy()
        for code, modality in CODES.items():
            probs[codes == code] = fusion.without[modality].probs[codes == code]
        metrics = compute_metrics(probs, fusion.complete.labels, DEFAULT_THRESHOLD).metrics
        scores.append((fusion.title, metrics["f1_macro"], metrics["f1_micro"]))
    missing = {modality: int((codes == code).sum()) for code, modality in CODES.items()}
    return TableScores(name, missing, tuple(scores))
