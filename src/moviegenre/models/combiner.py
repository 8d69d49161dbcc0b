"""The combination of an ensemble's members: for each case, a weight for each member and genre.

A case is the set of modalities of a film: plot and poster, one of them, or nothing. Each case has
its own weights, so a film without a poster is predicted by the members that read plots.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.types import Modality

Array = npt.NDArray[np.float64]
Case = frozenset[Modality]


@dataclass(frozen=True)
class CaseWeights:
    """The formula of one case: log-odds of genre l = bias_l + sum over m of weight_ml * odds_ml.

    Attributes:
        bias: One for each genre (L,).
        weights: One for each member and genre (M, L); zeros for an unused member.
    """

    bias: Array
    weights: Array

    def combine(self, odds: Array) -> Array:
        """Return log-odds (N, L) from those of the members (M, N, L)."""
        combined: Array = np.einsum("ml,mnl->nl", self.weights, odds) + self.bias
        return combined


@dataclass(frozen=True)
class Combiner:
    """The formulas of all cases.

    Attributes:
        modalities: The modalities that at least one member reads.
        cases: The formula for every subset of the modalities.
    """

    modalities: Case
    cases: Mapping[Case, CaseWeights]

    def combine(self, odds: Array, available: Mapping[Modality, npt.NDArray[np.bool_]]) -> Array:
        """Return the ensemble's log-odds (N, L).

        Args:
            odds: The log-odds of the members (M, N, L).
            available: For each modality, whether the films have it (N,).
        """
        combined = np.zeros(odds.shape[1:])
        for case, formula in self.cases.items():
            rows = np.ones(odds.shape[1], dtype=bool)
            for modality in self.modalities:
                rows &= available[modality] == (modality in case)
            combined[rows] = formula.combine(odds[:, rows])
        return combined

    def to_json_dict(self, members: list[str], genres: list[str]) -> dict[str, Any]:
        """Return plain values: by case, the bias and every member's weight of each genre."""
        return {
            case_name(case): {
                "bias": dict(zip(genres, formula.bias.tolist(), strict=True)),
                "weights": {
                    member: dict(zip(genres, row, strict=True))
                    for member, row in zip(members, formula.weights.tolist(), strict=True)
                },
            }
            for case, formula in self.cases.items()
        }

    @classmethod
    def from_json_dict(
        cls, content: Mapping[str, Any], members: list[str], genres: list[str]
    ) -> "Combiner":
        """Read the result of ``to_json_dict``; KeyError, TypeError or ValueError if damaged."""
        cases: dict[Case, CaseWeights] = {}
        for name, formula in content.items():
            bias = [float(formula["bias"][genre]) for genre in genres]
            rows = [[float(formula["weights"][m][genre]) for genre in genres] for m in members]
            cases[_case(name)] = CaseWeights(np.array(bias), np.array(rows))
            if not (np.isfinite(bias).all() and np.isfinite(rows).all()):
                raise ValueError(f"weights for {name} that are NaN or infinite")
        modalities = frozenset[Modality]().union(*cases)
        if len(cases) != 2 ** len(modalities):
            raise ValueError(f"weights for {', '.join(content)} only")
        return cls(modalities, cases)


def case_name(case: Case) -> str:
    """Return a case in words, such as ``plot and poster``; ``nothing`` for the empty case."""
    return " and ".join(sorted(modality.value for modality in case)) or "nothing"


def _case(name: str) -> Case:
    return frozenset() if name == "nothing" else frozenset(map(Modality, name.split(" and ")))


def subsets(modalities: Case) -> list[Case]:
    """Return every subset, the largest first, the empty one last."""
    cases = [frozenset[Modality]()]
    for modality in sorted(modalities):
        cases += [case | {modality} for case in cases]
    return sorted(cases, key=lambda case: (-len(case), sorted(case)))
