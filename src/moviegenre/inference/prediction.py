"""What a predictor answers: genres with their probabilities, and what spoke for them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moviegenre.core.types import Modality


@dataclass(frozen=True)
class Explanation:
    """What the parts of a film had to do with the answer.

    Attributes:
        effects: By genre and modality, how much the genre's log-odds fall if the film had not
            had that modality: positive ones spoke for the genre, negative ones against it.
        attention: The weight that the model's own gate gave each modality, adding up to 1;
            None where the model has no gate.
    """

    effects: dict[str, dict[Modality, float]]
    attention: dict[Modality, float] | None = None

    def share(self, genre: str | None = None) -> dict[Modality, float]:
        """Return each modality's share of the effects, regardless of their sign, adding up to 1.

        Args:
            genre: On which genre; None takes all of them together.
        """
        rows = list(self.effects.values()) if genre is None else [self.effects[genre]]
        totals: dict[Modality, float] = {}
        for row in rows:
            for modality, effect in row.items():
                totals[modality] = totals.get(modality, 0.0) + abs(effect)
        whole = sum(totals.values())
        return {modality: total / whole if whole else 0.0 for modality, total in totals.items()}

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "modality_share": _plain(self.share()),
            "modality_effects": {genre: _plain(row) for genre, row in self.effects.items()},
            "modality_attention": None if self.attention is None else _plain(self.attention),
        }


@dataclass(frozen=True)
class Prediction:
    """What a model says of a film.

    Attributes:
        genres: The chosen genres, most probable first.
        probabilities: Every genre's probability, corrected as ``thresholds.json`` says, most
            probable first.
        thresholds: The probability from which each genre is chosen, in the same order.
        modalities: What the model read of the film: ``plot``, ``poster`` or both.
    """

    genres: list[str]
    probabilities: dict[str, float]
    thresholds: dict[str, float]
    modalities: list[str]
    _explain: Callable[[], Explanation] = field(repr=False, compare=False)

    def explain(self) -> Explanation:
        """Return what spoke for the answer; computed when asked for, with two more passes."""
        return self._explain()

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values, as ``moviegenre predict --json`` writes them."""
        return {
            "genres": list(self.genres),
            "probabilities": dict(self.probabilities),
            "thresholds": dict(self.thresholds),
            "modalities": list(self.modalities),
        }


def _plain(values: dict[Modality, float]) -> dict[str, float]:
    return {modality.value: value for modality, value in values.items()}
