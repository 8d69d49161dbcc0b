"""The tab about the model: its card, its scores by genre, its thresholds and versions."""

import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from moviegenre.apps.page import pictures
from moviegenre.apps.service.schemas import ModelAnswer

_SPLITS = {"test": "the test split", "validation": "the validation split"}
_NO_CARD = "This model is a bare checkpoint, which has no card; `moviegenre export` writes one."


def card(model: ModelAnswer) -> str:
    """Return a model's card as Markdown, without what only the hub reads of it."""
    if model.card is None:
        return _NO_CARD
    return re.sub(r"\A---\n.*?\n---\n", "", model.card, flags=re.S).strip()


def scores(model: ModelAnswer, files: Sequence[Path]) -> str:
    """Return a model's scores by genre, thresholds and versions, as HTML.

    Args:
        model: What is known of it.
        files: The files it was loaded from; ``metrics.json`` is looked for beside them.
    """
    split, per_genre = _per_genre(files)
    known = ", ".join(f"{name} {number}" for name, number in model.versions.items())
    head = (
        f'<h2>{escape(model.name)}</h2><p class="mg-note">Computed by {escape(model.backend)}; '
        f"{escape(known)}.</p>"
    )
    if per_genre:
        return (
            f"{head}<h3>How well it tells each genre, on {escape(split)}</h3>"
            f"{pictures.genre_scores(per_genre, model.thresholds)}"
        )
    bare: dict[str, dict[str, Any]] = {name: {} for name in model.genres}
    return (
        f"{head}<h3>Thresholds</h3>"
        '<p class="mg-note">Scores by genre are not known of this model.</p>'
        f"{pictures.genre_scores(bare, model.thresholds)}"
    )


def _per_genre(files: Sequence[Path]) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return scores by genre and on what, from the first file that has any."""
    from moviegenre.models.exported import METRICS_FILE

    for folder in dict.fromkeys(path.parent for path in files):
        try:
            found = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        for split, title in _SPLITS.items():
            per_genre = found.get(split, {}).get("per_genre")
            if per_genre:
                return title, per_genre
    return "", {}
