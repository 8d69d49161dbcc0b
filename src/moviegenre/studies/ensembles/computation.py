"""Combine trained models: their predictions on validation, the weights, the folder."""

import json
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from moviegenre.artifacts.checkpoint import package_versions
from moviegenre.artifacts.checkpoint_file import BEST_FILE
from moviegenre.artifacts.ensemble_file import (
    ENSEMBLE_FILE,
    EnsembleRecord,
    Member,
    ensemble_info,
    is_ensemble,
)
from moviegenre.artifacts.export_ensemble import MEMBERS_FOLDER
from moviegenre.artifacts.folder import is_exported
from moviegenre.artifacts.info import joint_track
from moviegenre.artifacts.locate import locate, weights_file
from moviegenre.artifacts.open_torch import open_torch
from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.core.decisions import log_odds
from moviegenre.core.errors import CheckpointError, ConfigError, DataError
from moviegenre.core.files import write_text
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.core.reading import real_path
from moviegenre.core.types import Goal, Modality, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Predictions
from moviegenre.evaluation.tuning import TuningSettings, tune
from moviegenre.experiment.predictions import availability, cache_file, cached_predictions
from moviegenre.experiment.runs import RUN_FILE
from moviegenre.models.combiner import Case, subsets
from moviegenre.models.ensemble import EnsembleConfig
from moviegenre.studies.ensembles.fit import ENSEMBLE, EnsembleFit, fit_ensemble
from moviegenre.studies.ensembles.settings import CombiningConfig
from moviegenre.studies.ensembles.weights import Array


@dataclass(frozen=True)
class FittedEnsemble:
    """A finished ensemble.

    Attributes:
        file: Its ``ensemble.json``.
        record: The content of this file.
        fit: The fit of the weights.
    """

    file: Path
    record: EnsembleRecord
    fit: EnsembleFit


def ensemble(
    checkpoints: Sequence[str | Path],
    out: Path,
    *,
    data_dir: Path | None = None,
    goal: Goal = "f1_macro",
    config: CombiningConfig | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> FittedEnsemble:
    """Combine trained models with weights fitted on validation.

    Args:
        checkpoints: The members, in any form that ``open_model`` accepts.
        out: The ensemble's folder: ``ensemble.json``, ``thresholds.json``, ``run.json`` and its
            cross-validated predictions for validation.
        data_dir: Prepared data; None takes the training data of the members.
        goal: The score that the thresholds in ``thresholds.json`` maximise.
        config: The settings of the fit; None takes the defaults.
        overwrite: Replace an earlier ensemble in ``out``.
        progress: Show progress bars.

    Raises:
        CheckpointError: A member cannot be read, is named twice, is an ensemble itself, or has
            other genres than the other members.
        ConfigError: There are fewer than two members, or the folder has a trained or exported
            model, or an ensemble and ``overwrite`` is false.
        DataError: The members were trained on different data and ``data_dir`` is None, or there
            are too few validation movies.
    """
    started = time.perf_counter()
    config = config or CombiningConfig()
    if len(checkpoints) < 2:
        raise ConfigError(
            f"an ensemble needs two models or more, found {', '.join(map(str, checkpoints))}; name "
            "others too, or calibrate one model with: moviegenre evaluate --calibrate platt"
        )
    if (out / BEST_FILE).exists() or is_exported(out) or (out / MEMBERS_FOLDER).is_dir():
        raise ConfigError(f"{out} holds a trained or exported model; name a new folder with `out`")
    if is_ensemble(out) and not overwrite:
        raise ConfigError(
            f"{out} holds an ensemble already; replace it with `overwrite`, or name another folder "
            "with `out`"
        )
    files = [real_path(weights_file(locate(path))) for path in checkpoints]
    trained = [open_torch(file) for file in files]
    names = _names(files)
    _check(names, files, trained)
    data = PreparedData(data_dir or _common_data(names, trained))
    modalities_by_member = {
        name: model.info.modalities for name, model in zip(names, trained, strict=True)
    }
    modalities = frozenset[Modality]().union(*modalities_by_member.values())
    odds = {
        case: _log_odds(trained, data, case, progress) for case in filter(None, subsets(modalities))
    }
    labels = data.labels(Split.VAL)
    fit = fit_ensemble(odds, modalities_by_member, labels, availability(data, Split.VAL), config)
    predictions = Predictions(data.ids(Split.VAL), data.genres.names, fit.probs, labels)
    tuning = tune(predictions, TuningSettings(thresholds="per-genre", goal=goal))
    facts = {
        "genres": data.genres,
        "config": {
            "data": {**trained[0].info.config["data"], "dir": str(data.root)},
            "model": {"members": names},
        },
        "metrics": {
            key: getattr(fit.scores[ENSEMBLE], key) for key in ("f1_macro", "f1_micro", "roc_auc")
        },
        "versions": package_versions(),
        "data_fingerprint": data.fingerprint,
    }
    record = EnsembleRecord(
        info=ensemble_info(facts, str(out)),
        members=tuple(
            Member.of(name, model.info.model_name, file, out)
            for name, model, file in zip(names, trained, files, strict=True)
        ),
        combiner=fit.combiner,
        fitted={"on": "val", "movies": len(labels), **config.model_dump(), **fit.to_json_dict()},
    )
    file = out / ENSEMBLE_FILE
    for stale in out.glob("predictions*.npz"):
        stale.unlink()
    tuning.point.write(out / THRESHOLDS_FILE)
    record.write(file)
    predictions.save(cache_file(file, data, Split.VAL))
    run = _run(record, trained, modalities, [str(path) for path in checkpoints], out)
    run["train_seconds"] = time.perf_counter() - started
    write_text(out / RUN_FILE, json.dumps(run, indent=1) + "\n")
    return FittedEnsemble(file, record, fit)


def _log_odds(
    trained: Sequence[TorchModel], data: PreparedData, case: Case, progress: bool
) -> Array:
    """Return the log-odds (M, N, L) of the members for the validation movies in a case."""
    probs = [
        cached_predictions(
            model,
            data,
            Split.VAL,
            missing=_hidden(model.info.modalities, case),
            progress=progress,
        ).probs
        for model in trained
    ]
    return log_odds(np.stack(probs))


def _hidden(reads: Case, case: Case) -> Modality | None:
    """Return the modality to hide from a member in a case.

    None if nothing is hidden, or if the member reads no modality of the case: its weight is zero.
    """
    missing = reads - case
    return next(iter(missing)) if missing and missing != reads else None


def _names(files: Sequence[Path]) -> list[str]:
    """Return a name for each file: the fewest of its last folders that make it unique."""
    for depth in range(1, max(len(file.parts) for file in files)):
        names = ["/".join(file.parent.parts[-depth:]) for file in files]
        if len(set(names)) == len(set(files)):
            return names
    return [str(file.parent) for file in files]


def _check(names: Sequence[str], files: Sequence[Path], trained: Sequence[TorchModel]) -> None:
    """Raise a CheckpointError if the members cannot be combined."""
    repeated = sorted({str(file) for file in files if files.count(file) > 1})
    if repeated:
        raise CheckpointError(
            f"{', '.join(repeated)} is given more than once; name each member once"
        )
    nested = [name for name, model in zip(names, trained, strict=True) if model.members]
    if nested:
        raise CheckpointError(
            f"{', '.join(nested)} is an ensemble itself; name its members instead of it"
        )
    if not any(model.info.modalities for model in trained):
        raise CheckpointError(
            f"{', '.join(names)} look at nothing of a film; name a model that reads plots or "
            "posters"
        )
    vocabularies = {name: model.info.genres for name, model in zip(names, trained, strict=True)}
    mismatched = [name for name, genres in vocabularies.items() if genres != vocabularies[names[0]]]
    if mismatched:
        listed = {name: ", ".join(genres) for name, genres in vocabularies.items()}
        raise CheckpointError(
            f"the members answer with different genres: {names[0]} with {listed[names[0]]}; "
            + "; ".join(f"{name} with {listed[name]}" for name in mismatched)
            + "; combine models that were trained on the same genres"
        )


def _common_data(names: Sequence[str], trained: Sequence[TorchModel]) -> Path:
    data_dirs = {
        name: model.info.data_config.dir for name, model in zip(names, trained, strict=True)
    }
    if len(set(data_dirs.values())) > 1:
        folders = ", ".join(f"{name}: {path}" for name, path in data_dirs.items())
        raise DataError(
            f"the members were trained on different data ({folders}); choose with `data_dir`"
        )
    return next(iter(data_dirs.values()))


def _run(
    record: EnsembleRecord,
    trained: Sequence[TorchModel],
    modalities: Case,
    checkpoints: Sequence[str],
    out: Path,
) -> dict[str, Any]:
    """Return the content of an ensemble's ``run.json``, in the format of ``train``."""
    return {
        "model": EnsembleConfig.model_name,
        "status": "finished",
        "modalities": sorted(modality.value for modality in modalities),
        "num_parameters": sum(
            weight.numel() for model in trained for weight in model.network.parameters()
        ),
        "num_trainable": sum(
            case.bias.size + case.weights.size for case in record.combiner.cases.values()
        ),
        "versions": record.info.versions,
        "data_fingerprint": record.info.data_fingerprint,
        "settings": record.info.config,
        "track": joint_track(model.info for model in trained),
        "setup_seconds": 0.0,
        "command": shlex.join(["moviegenre", "ensemble", *checkpoints, "--out", str(out)]),
    }
