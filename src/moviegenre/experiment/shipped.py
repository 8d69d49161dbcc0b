"""Exported folders that are only to answer: scored, and their cuts fitted, through their ONNX file.

Eight bits move probabilities a little, so that cuts fitted to the exact model lie a little wrong in
the file that ships. What is fitted here is fitted to the answers that users get.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from moviegenre.core.decisions import from_log_odds
from moviegenre.core.errors import CheckpointError
from moviegenre.core.files import write_text
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import Modality, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Evaluation, Predictions
from moviegenre.inference.card import with_parity, with_scores
from moviegenre.inference.films import Film, FilmReader, read_poster
from moviegenre.inference.loading import load_predictor
from moviegenre.inference.parity import Parity, f1_macro
from moviegenre.models.exported import CARD_FILE, METRICS_FILE, PARITY_FILE

_CHUNK = 128  # films in memory at a time


def predict_shipped(
    folder: Path,
    data: PreparedData,
    split: Split,
    *,
    missing: Modality | None = None,
    progress: bool = False,
) -> Predictions:
    """Return the probabilities, not calibrated, that an exported folder's best file gives.

    Args:
        folder: The exported folder.
        data: Prepared data with the same genres.
        split: Which part.
        missing: Hide this modality of every movie.
        progress: Show a progress bar.

    Raises:
        CheckpointError: The data have other genres than the model was trained for.
    """
    predictor = load_predictor(folder)
    genres = predictor.model.genres
    if genres != data.genres:
        raise CheckpointError(
            f"{folder} answers with the genres {', '.join(genres)}; {data.root} has "
            f"{', '.join(data.genres)}; evaluate on data prepared with --genres naming its own"
        )
    total = -(-data.num_movies(split) // _CHUNK)
    title = f"{predictor.model.model_name} on {split.value}"
    if missing is not None:
        title += f" without {missing.value}s"
    chunks = track(
        _films(data, split, predictor.reader, missing),
        description=title,
        total=total,
        disable=not progress,
    )
    logits = np.concatenate([predictor.answer(films).logits for films in chunks])
    return Predictions(
        ids=data.ids(split),
        genres=genres.names,
        probs=from_log_odds(logits.astype(np.float64)).astype(np.float32),
        labels=data.labels(split),
    )


def _films(
    data: PreparedData, split: Split, reader: FilmReader, missing: Modality | None
) -> Iterator[list[Film]]:
    """Yield every movie of a split as the model reads it, in order."""
    for batch in data.poster_file(split).iter_batches(_CHUNK, columns=["plots", "poster"]):
        films = []
        for row in batch.to_pylist():
            texts = [plot for plot in row["plots"] if plot.strip()]
            poster = read_poster(row["poster"]["bytes"]) if row["poster"] else None
            films.append(
                reader.form(
                    [] if missing is Modality.PLOT else texts,
                    None if missing is Modality.POSTER else poster,
                )
            )
        yield films


def refresh_companions(
    folder: Path, point: OperatingPoint, evaluation: Evaluation, val: Predictions
) -> None:
    """Bring an exported folder's scores, parity report and card in line with a new point.

    Args:
        folder: The exported folder.
        point: What was fitted to its own answers.
        evaluation: What it scores with that.
        val: Its own probabilities for the validation movies, in the order of the parity report.
    """
    metrics = folder / METRICS_FILE
    scores: dict[str, Any] = json.loads(metrics.read_text("utf-8")) if metrics.is_file() else {}
    scores[evaluation.split] = evaluation.to_json_dict()
    write_text(metrics, json.dumps(scores, indent=1) + "\n")
    card = folder / CARD_FILE
    text = with_scores(card.read_text("utf-8"), scores, point) if card.is_file() else ""
    report = folder / PARITY_FILE
    if report.is_file():
        parity = Parity.from_json_dict(json.loads(report.read_text("utf-8")))
        rows = slice(parity.num_movies)
        probs = point.calibrate(np.asarray(val.probs[rows], dtype=np.float64))
        parity = parity.refitted(f1_macro(point.decide(probs), val.labels[rows]))
        write_text(report, json.dumps(parity.to_json_dict(), indent=1) + "\n")
        text = with_parity(text, parity) if text else ""
    if text:
        write_text(card, text)
