"""Fit a model without gradient steps, validate it once, and save it."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from moviegenre.core.files import write_text
from moviegenre.data.batches import MovieTensors, ordered_batches
from moviegenre.models.base import GenreModel
from moviegenre.models.batch import batch_loader
from moviegenre.training.fit import EVALUATION_BATCH, HISTORY_FILE, FitResult
from moviegenre.training.task import MONITORED, by_film, validation_scores


def solve(
    model: GenreModel,
    movies: tuple[MovieTensors, MovieTensors],
    folder: Path,
    save: Callable[[dict[str, float], float], None],
    *,
    is_done: bool,
) -> FitResult:
    """Fit a model and write its history: one record, which counts as one epoch.

    Args:
        model: The model; it is fitted in place.
        movies: The training and the validation split.
        folder: The folder for the history.
        save: Writes ``best.pth`` with validation metrics and epoch.
        is_done: The model was fitted and saved before; its history has the result.

    Raises:
        DataError: The model cannot be fitted to the movies.
        MissingExtraError: The solver is not installed.
    """
    started = time.perf_counter()
    history = folder / HISTORY_FILE
    record = _read_record(history) if is_done else None
    if record is None:
        train, val = movies
        model.fit(train)
        fitted_seconds = time.perf_counter() - started
        scores = _validate(model, val)
        save({name.removeprefix("val_"): value for name, value in scores.items()}, 1.0)
        record = {
            "epoch": 1.0,
            "seconds": time.perf_counter() - started,
            "movies_per_second": len(train) / fitted_seconds,
            **scores,
        }
        write_text(history, json.dumps([record], indent=1) + "\n")
    return FitResult(
        history=[record],
        best_f1_macro=record[MONITORED],
        best_epoch=record["epoch"],
        seconds=time.perf_counter() - started,
        finished=True,
    )


def _read_record(history: Path) -> dict[str, float] | None:
    """Return the only record of a history; None if it is missing or damaged."""
    try:
        (record,) = json.loads(history.read_text(encoding="utf-8"))
        return {str(name): float(value) for name, value in record.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return None


def _validate(model: GenreModel, movies: MovieTensors) -> dict[str, float]:
    """Return the scores of the whole split."""
    logits, labels, rows = [], [], []
    with torch.inference_mode():
        for batch in batch_loader(movies, ordered_batches(movies.lengths, EVALUATION_BATCH)):
            logits.append(model.eval()(batch).logits)
            labels.append(batch.labels)
            rows.append(batch.index)
    parts = torch.cat(logits), torch.cat(labels), torch.cat(rows)
    return validation_scores(*by_film(*parts, movies.stored))
