"""Export a trained model with its scores, and compare its ONNX files on real movies."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from moviegenre.artifacts.export import Exported, Measure, export_model
from moviegenre.artifacts.export_ensemble import export_ensemble
from moviegenre.artifacts.folder import METRICS_FILE
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.locate import companions, locate, read_point, verify, weights_file
from moviegenre.artifacts.open_torch import open_torch
from moviegenre.artifacts.parity import Parity
from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.core.decisions import log_odds
from moviegenre.core.errors import CheckpointError, ConfigError, DataError
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import BackendName, SmallBackend, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Predictions, evaluate_predictions
from moviegenre.experiment.ancestry import ancestry
from moviegenre.experiment.predictions import any_cache_file, cached_predictions
from moviegenre.inference.loading import load_predictor
from moviegenre.inference.measure_parity import labelled_films, measure_parity
from moviegenre.inference.similar import write_index

logger = logging.getLogger(__name__)

_COMPARED_SPLIT = Split.VAL  # the test split is only for the final scores


def export(
    model: str | Path,
    out: Path,
    *,
    onnx: bool = True,
    only: SmallBackend | None = None,
    half: bool = False,
    index: bool = False,
    parity_data: Path | None = None,
    parity_movies: int = 1000,
    progress: bool = True,
    verified: bool = False,
) -> Exported:
    """Export a trained model with its known scores.

    Args:
        model: A checkpoint, or another form that ``open_model`` accepts.
        out: A new folder, or an earlier export, which is replaced.
        onnx: Also write ONNX files.
        only: Keep a small file as the only weights; see ``export_model``.
        half: Write the weights as 16-bit floats; see ``export_model``.
        index: Add an index of the training movies, for ``Prediction.similar``.
        parity_data: Prepared movies for the comparison of ONNX with PyTorch; None takes the
            training data of the model, if they exist.
        parity_movies: The number of compared movies of the validation split; 0 for none.
        progress: Show a progress bar.
        verified: Compare every file of the model with its manifest first.

    Raises:
        CheckpointError: The model does not exist, its files have changed, or the movies have other
            genres than the model.
        ConfigError: ``out`` has other content, ``only`` is set and the model cannot be written as
            ONNX, or ``parity_data`` is set and nothing is compared.
        MissingExtraError: ONNX files were requested and the extra is not installed.
    """
    if parity_data is not None and not (onnx and parity_movies):
        raise ConfigError(
            "`parity_data` has no effect where no ONNX file is compared; leave it out"
        )
    path = locate(model)
    if verified:
        verify(path)
    trained = open_torch(path)
    if trained.members:
        if only:
            raise ConfigError(f"`only` {only} has no effect on an ensemble, which has no ONNX form")
        if half:
            raise ConfigError("`half` has no effect on an ensemble; export its members with it")
        if index:
            raise ConfigError("`index` has no effect on an ensemble; leave it out")
        return export_ensemble(path, out)
    info = trained.info
    point = read_point(companions(path), info.genres)
    data = PreparedData(parity_data) if parity_data else _training_data(info)
    return export_model(
        trained,
        point,
        out,
        scores=_known_scores(trained, point),
        data_source=_source(info, data),
        starts_from=ancestry(info),
        onnx=onnx,
        only=only,
        half=half,
        index=partial(_write_index, path, info) if index else None,
        measure=_measure(data, parity_movies, progress) if data and parity_movies else None,
    )


def _write_index(path: Path, info: ModelInfo, file: Path) -> None:
    """Write the predictions of a model for its training movies."""
    data = _training_data(info)
    if data is None or data.fingerprint != info.data_fingerprint:
        raise CheckpointError(
            f"`index` needs the movies that {info.model_name} was trained on, and "
            f"{info.data_config.dir} does not hold them; leave `index` out"
        )
    predictions = cached_predictions(weights_file(path), data, Split.TRAIN, keep=False)
    titles, years = data.titles(Split.TRAIN)
    write_index(
        file,
        ids=predictions.ids,
        titles=titles,
        years=years,
        genres=[data.genres.decode(row) for row in data.labels(Split.TRAIN).astype(bool)],
        logits=log_odds(np.asarray(predictions.probs, dtype=np.float64)).astype(np.float32),
    )


def _training_data(info: ModelInfo) -> PreparedData | None:
    """Return the training data of a model, if they still exist."""
    try:
        data = PreparedData(info.data_config.dir)
    except DataError:
        logger.info(
            "%s holds no prepared movies, so the ONNX files are not compared with PyTorch; "
            "name some with `parity_data`",
            info.data_config.dir,
        )
        return None
    return data if data.genres == info.genres else None


def _source(info: ModelInfo, data: PreparedData | None) -> str:
    """Return the source of the data; empty if they are not the training data."""
    if data is None or data.fingerprint != info.data_fingerprint:
        return ""
    made_up = "made-up movies, so the scores say nothing about real ones: "
    return f"{made_up if data.is_synthetic else ''}{Path(str(data.datasheet.get('source'))).name}"


def _measure(data: PreparedData, limit: int, progress: bool) -> Measure:
    def measure(folder: Path, backends: Sequence[BackendName]) -> Parity:
        model = load_predictor(folder, backend="torch")
        files = {str(name): load_predictor(folder, backend=name) for name in backends}
        films = labelled_films(data, _COMPARED_SPLIT, model.reader, model.model.genres)
        total = min(limit, data.num_movies(_COMPARED_SPLIT))
        with Progress(disable=not progress) as bar:
            task = bar.add_task("comparing ONNX with PyTorch", total=total)
            return measure_parity(
                model,
                files,
                films,
                limit=limit,
                source=f"{_COMPARED_SPLIT.value} split of {data.root.name}",
                on_progress=lambda done: bar.update(task, completed=done),
            )

    return measure


def _known_scores(trained: TorchModel, point: OperatingPoint) -> dict[str, dict[str, Any]]:
    """Return the scores stored beside a model, by split."""
    metrics = trained.file.parent / METRICS_FILE
    if metrics.is_file():
        stored_scores: dict[str, Any] = json.loads(metrics.read_text("utf-8"))
        return {name: scores for name, scores in stored_scores.items() if name != "validation"}
    file = any_cache_file(trained.file, Split.TEST)
    if file is None:
        return {}
    saved = Predictions.load(file)
    calibrated = replace(saved, probs=point.calibrate(saved.probs))
    evaluation = evaluate_predictions(
        calibrated, trained.info.model_name, Split.TEST.value, point.thresholds
    )
    return {Split.TEST.value: evaluation.to_json_dict()}
