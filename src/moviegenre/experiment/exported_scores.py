"""Update the files beside an exported ONNX file after thresholds are fitted to its probabilities.

8-bit weights change probabilities a little, so thresholds of the exact model are slightly wrong for
the exported file. New thresholds need new scores, a new parity report and a new card.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from moviegenre.artifacts.card import with_forms, with_parity, with_scores
from moviegenre.artifacts.folder import CARD_FILE, METRICS_FILE, PARITY_FILE
from moviegenre.artifacts.parity import Parity, f1_macro
from moviegenre.core.files import write_text
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.evaluation.results import Evaluation, Predictions


def write_scores(folder: Path, key: str, scores: dict[str, Any]) -> dict[str, Any]:
    """Add scores to an exported folder's ``metrics.json``; return all scores in it.

    Args:
        folder: The exported folder.
        key: The name of the scores in the file.
        scores: Plain values.
    """
    path = folder / METRICS_FILE
    content: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    content[key] = scores
    write_text(path, json.dumps(content, indent=1) + "\n")
    return content


def record_forms(folder: Path, split: str, rows: dict[str, dict[str, Any]]) -> None:
    """Write the scores of an exported model by form of film, and add them to its card.

    Args:
        folder: The exported folder.
        split: The split of the scores.
        rows: The scores by form of film.
    """
    write_scores(folder, f"{split} by what is given", {"rows": rows})
    card = folder / CARD_FILE
    if card.is_file():
        write_text(card, with_forms(card.read_text("utf-8"), split, rows))


def refresh_companions(
    folder: Path, point: OperatingPoint, evaluation: Evaluation, val: Predictions
) -> None:
    """Update an exported folder's scores, parity report and card for a new operating point.

    Args:
        folder: The exported folder.
        point: The operating point fitted to the file's probabilities.
        evaluation: Its scores at that point.
        val: Its probabilities for the validation movies, in the order of the parity report.

    Raises:
        DataError: The parity report compares several files; no file is changed.
    """
    report, card = folder / PARITY_FILE, folder / CARD_FILE
    parity = None
    if report.is_file():  # first, because it may raise
        parity = Parity.from_json_dict(json.loads(report.read_text("utf-8")))
        rows = slice(parity.num_movies)
        probs = point.calibrate(np.asarray(val.probs[rows], dtype=np.float64))
        parity = parity.refitted(f1_macro(point.decide(probs), val.labels[rows]))
        write_text(report, json.dumps(parity.to_json_dict(), indent=1) + "\n")
    scores = write_scores(folder, evaluation.split, evaluation.to_json_dict())
    if card.is_file():
        text = with_scores(card.read_text("utf-8"), scores, point)
        write_text(card, with_parity(text, parity) if parity else text)
