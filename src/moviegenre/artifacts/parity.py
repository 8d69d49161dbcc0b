"""``parity.json``: the comparison of exported ONNX files with the model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import BoolArray
from moviegenre.core.errors import DataError
from moviegenre.metrics import compute_metrics

LEAST_EQUAL = 0.995
"""The minimum share of ``model.onnx``'s decisions that must equal the model's decisions."""

MOST_LOST = 0.005
"""The maximum loss of F1-macro of a file with 8- or 4-bit weights."""


@dataclass(frozen=True)
class FileParity:
    """The comparison of one ONNX file with the model.

    Attributes:
        equal_decisions: Share of decisions (a genre of a film each) that equal the model's.
        largest_difference: The largest difference of a probability.
        f1_macro: The file's score; NaN if undefined.
        f1_macro_lost: The model's score minus the file's score.
        refitted: Whether the file's score uses thresholds fitted to its own answers. Equal
            decisions are always counted with the model's thresholds on both sides.
    """

    equal_decisions: float
    largest_difference: float
    f1_macro: float
    f1_macro_lost: float
    refitted: bool = False


@dataclass(frozen=True)
class Parity:
    """The comparison of all ONNX files with the model.

    Attributes:
        num_movies: The number of movies compared.
        source: Their split and data.
        f1_macro: The model's score on them, a fraction; NaN if undefined.
        files: By backend: ``onnx``, ``int8``, ``int4``.
    """

    num_movies: int
    source: str
    f1_macro: float
    files: dict[str, FileParity]

    @property
    def faults(self) -> list[str]:
        """One sentence for each limit that is not met."""
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
            f1_macro: The file's score on the same movies with these thresholds.

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
        refitted_file = replace(file, f1_macro=f1_macro, f1_macro_lost=lost, refitted=True)
        return replace(self, files={name: refitted_file})


def f1_macro(chosen: BoolArray, truth: npt.NDArray[np.float32]) -> float:
    """Return the F1-macro of decisions (N, L), a fraction; NaN if undefined.

    Args:
        chosen: Decisions (N, L); films without a poster may have other thresholds.
        truth: Labels (N, L), multi-hot.
    """
    return compute_metrics(chosen.astype(np.float64), truth, 0.5).metrics["f1_macro"]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
