"""Run trained fusions with and without each modality, and write the report."""

import shlex
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from moviegenre.artifacts.locate import read_point, weights_file
from moviegenre.core.errors import CheckpointError
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import Family, Modality, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Predictions
from moviegenre.experiment.compare import common_data_dir, model_folders, read_modalities
from moviegenre.experiment.predictions import availability, cached_predictions
from moviegenre.experiment.runs import read_run
from moviegenre.models.registry import model_config_class
from moviegenre.studies.robustness.document import write_robustness
from moviegenre.studies.robustness.missing_tables import codes_by_movie, score_table
from moviegenre.studies.robustness.scores import (
    FusionModel,
    Robustness,
    SingleModel,
    measure_robustness,
)


def robustness(
    checkpoints: Path,
    out: Path,
    *,
    data_dir: Path | None = None,
    split: Split = Split.TEST,
    seed: int = 0,
    fitted: bool = False,
    missing_table: Path | None = None,
    missing_arrow: Path | None = None,
    progress: bool = True,
) -> tuple[Robustness, list[Path]]:
    """Score every fusion in a folder with missing posters or plots, and write the report.

    Args:
        checkpoints: The folder with a folder for each model.
        out: The folder for the files.
        data_dir: Prepared data; None takes the training data of the models.
        split: The split.
        seed: Draws the movies that lack a modality.
        fitted: Decide with each model's thresholds for the remaining modalities instead of 0.5.
        missing_table: A ``.pt`` file of missing modalities, see ``missing_tables``.
        missing_arrow: The Arrow file with the rows of the table.
        progress: Show progress bars.

    Returns:
        The scores, and the files.

    Raises:
        CheckpointError: There is no trained fusion, a model cannot be read, or it has no fitted
            thresholds.
        DataError: The models were trained on different data and ``data_dir`` is None, or the
            missing table does not fit the movies.
    """
    folders = model_folders(checkpoints, None)
    data = PreparedData(data_dir or common_data_dir(folders))
    fusions: list[FusionModel] = []
    singles: list[SingleModel] = []
    for folder in folders:
        run = read_run(folder) or {}
        kind = model_config_class(str(run.get("model", folder.name)))
        family = Family(kind.family)
        if family.is_baseline:
            continue  # a baseline is no sibling: no fusion starts from it
        path, modalities = weights_file(folder), read_modalities(run, kind)
        if family.is_ensemble and len(modalities) < len(Modality):
            continue  # an ensemble of one modality is neither fusion nor sibling
        point = _fitted_point(folder, data) if fitted else None
        complete = _predictions(path, data, split, modalities, point, progress=progress)
        if family.is_single:
            (modality,) = modalities
            singles.append(SingleModel(folder.name, kind.title, modality, complete))
            continue
        without = {
            missing: _predictions(
                path, data, split, modalities, point, missing=missing, progress=progress
            )
            for missing in sorted(modalities)
        }
        fusions.append(FusionModel(folder.name, kind.title, complete, without, _siblings(run)))
    if not fusions:
        model_names = ", ".join(folder.name for folder in folders)
        raise CheckpointError(
            f"{checkpoints} holds no trained fusion (found: {model_names}); train one with: "
            "moviegenre train late_fusion"
        )
    scores = measure_robustness(fusions, singles, split.value, seed=seed, fitted=fitted)
    if missing_table is not None:
        codes = codes_by_movie(missing_table, fusions[0].complete.ids, missing_arrow)
        scores = replace(
            scores, tables=(score_table(missing_table.name, codes, fusions).to_json_dict(),)
        )
    words = ["moviegenre", "robustness", str(checkpoints), "--out", str(out)]
    words += [] if split is Split.TEST else ["--split", split.value]
    words += ["--seed", str(seed)] if seed else []
    words += ["--fitted"] if fitted else []
    words += ["--missing-table", str(missing_table)] if missing_table else []
    words += ["--missing-arrow", str(missing_arrow)] if missing_arrow else []
    return scores, write_robustness(scores, out, shlex.join(words))


def _fitted_point(folder: Path, data: PreparedData) -> OperatingPoint:
    point = read_point(folder, data.genres)
    if not point.fitted:
        raise CheckpointError(
            f"{folder} has no fitted thresholds; fit them with: moviegenre evaluate --checkpoint "
            f"{folder} --thresholds per-genre, or leave `fitted` out"
        )
    return point


def _predictions(
    path: Path,
    data: PreparedData,
    split: Split,
    modalities: Collection[Modality],
    point: OperatingPoint | None,
    *,
    missing: Modality | None = None,
    progress: bool,
) -> Predictions:
    """Return a model's predictions, shifted so that its fitted thresholds become 0.5.

    The thresholds of a movie depend on its modalities.
    """
    predictions = cached_predictions(path, data, split, missing=missing, progress=progress)
    if point is None:
        return predictions
    available = availability(data, split, missing)
    remaining = (
        {name for name in modalities if available[name][row]} for row in range(len(predictions.ids))
    )
    probs = predictions.probs.copy()
    for row_point, rows in point.by_rows(remaining):
        probs[rows] = row_point.centred(predictions.probs[rows])
    return replace(predictions, probs=probs)


def _siblings(run: dict[str, Any]) -> dict[Modality, str]:
    """Return the initial models in a fusion's settings."""
    settings = run.get("settings", {}).get("model", {})
    keys = {Modality.PLOT: "init_plot", Modality.POSTER: "init_poster"}
    return {modality: settings[key] for modality, key in keys.items() if settings.get(key)}
