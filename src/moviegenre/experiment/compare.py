"""Compare trained models: evaluate the new ones, then write the report."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moviegenre.artifacts.checkpoint_file import BEST_FILE
from moviegenre.artifacts.ensemble_file import ENSEMBLE_FILE
from moviegenre.artifacts.locate import weights_file
from moviegenre.artifacts.open import open_model
from moviegenre.core.decisions import DEFAULT_THRESHOLD
from moviegenre.core.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    did_you_mean,
    missing_path_message,
)
from moviegenre.core.files import write_text
from moviegenre.core.locks import locked
from moviegenre.core.types import Family, Modality, Split, Track
from moviegenre.data.prepared import PreparedData
from moviegenre.data.stats import data_stats
from moviegenre.evaluation.compare import Comparison, ModelRun
from moviegenre.evaluation.compare import compare as compare_runs
from moviegenre.evaluation.report import HTML_FILE, write_report
from moviegenre.experiment.predictions import cached_predictions
from moviegenre.experiment.runs import CONFIG_FILE, RUN_FILE, read_history, read_run
from moviegenre.models.base import ModelConfig
from moviegenre.models.registry import MODELS, model_config_class


def compare(
    checkpoints: Path,
    out: Path,
    *,
    names: Sequence[str] | None = None,
    data_dir: Path | None = None,
    split: Split = Split.TEST,
    threshold: float = DEFAULT_THRESHOLD,
    command: str | None = None,
    progress: bool = True,
) -> tuple[Comparison, Path]:
    """Evaluate every trained model in a folder on the same movies and write the report.

    Args:
        checkpoints: The folder with a folder for each model.
        out: The folder for ``RESULTS.md``, ``results.html``, ``results.json``, plots and configs.
        names: The models; None takes all in the folder.
        data_dir: Prepared data; None takes the training data of the models.
        split: The split.
        threshold: The threshold of all genres.
        command: The command in the report; None takes ``moviegenre compare``.
        progress: Show progress bars.

    Returns:
        The comparison, and the path of the HTML page.

    Raises:
        CheckpointError: There is no trained model, or a model cannot be read.
        DataError: The models were trained on different data and ``data_dir`` is None.
        BusyError: Another run is writing ``out``.
    """
    folders = model_folders(checkpoints, names)
    words = ["moviegenre", "compare", str(folders[0].parent), "--out", str(out)]
    with locked(out):
        data = PreparedData(data_dir or common_data_dir(folders))
        runs = [_run(folder, data, split, out, progress=progress) for folder in folders]
        comparison = compare_runs(runs, split.value, threshold)
        facts = {
            **data_stats(data).to_json_dict(),
            "synthetic": data.is_synthetic,
            "source": data.datasheet.get("source"),
            "command": command or shlex.join(words),
        }
        write_report(comparison, facts, out)
    return comparison, out / HTML_FILE


def model_folders(checkpoints: Path, names: Sequence[str] | None) -> list[Path]:
    """Return the folders of trained models, in the order of ``MODELS``."""
    if not checkpoints.is_dir():
        step = "train a model with: moviegenre train MODEL"
        raise CheckpointError(missing_path_message(checkpoints, "a folder of models", step))
    files = [path for name in (BEST_FILE, ENSEMBLE_FILE) for path in checkpoints.glob(f"*/{name}")]
    folders = {path.parent.name: path.parent for path in sorted(files)}
    if not folders:
        raise CheckpointError(
            f"{checkpoints} holds no trained model (looked for */{BEST_FILE}); train one with: "
            "moviegenre train MODEL"
        )
    for name in names or ():
        if name not in folders:
            raise CheckpointError(f"no {name!r} in {checkpoints}; {did_you_mean(name, folders)}")
    order = {name: index for index, name in enumerate(MODELS)}
    chosen = [name for name in folders if names is None or name in names]
    return [folders[name] for name in sorted(chosen, key=lambda n: (order.get(n, len(order)), n))]


def common_data_dir(folders: Sequence[Path]) -> Path:
    """Return the prepared data that all models were trained on."""
    data_dirs: dict[str, Path] = {}
    for folder in folders:
        run = read_run(folder)
        if run is None:  # a checkpoint without run.json
            data_dirs[folder.name] = open_model(folder).info.data_config.dir
        else:
            data_dirs[folder.name] = Path(run["settings"]["data"]["dir"])
    if len(set(data_dirs.values())) > 1:
        listed = ", ".join(f"{name}: {path}" for name, path in data_dirs.items())
        raise DataError(
            f"the models were trained on different data ({listed}); choose with `data_dir`"
        )
    return next(iter(data_dirs.values()))


def _run(folder: Path, data: PreparedData, split: Split, out: Path, *, progress: bool) -> ModelRun:
    """Return a trained model with its predictions and the facts of its training."""
    run = read_run(folder) or {}
    checkpoint = weights_file(folder)
    predictions = cached_predictions(checkpoint, data, split, progress=progress)
    validation = None  # scores on val of a fit to val would be too good
    if split is not Split.VAL:
        validation = cached_predictions(checkpoint, data, Split.VAL, progress=progress)
    name = str(run.get("model", folder.name))
    kind = model_config_class(name)
    track: Track = run.get("track", "closed")  # older files have no track
    config = Path("configs", f"{folder.name}.yaml")
    command = f"moviegenre train {name} --config {config}"
    if (folder / CONFIG_FILE).is_file():
        text = (folder / CONFIG_FILE).read_text(encoding="utf-8")
        write_text(out / config, f"# {command}\n{text}")
    return ModelRun(
        name=folder.name,
        title=f"{kind.title} (open)" if track == "open" else kind.title,
        track=track,
        family=Family(kind.family),  # a user's own model may have a plain string
        modalities=read_modalities(run, kind),
        predictions=predictions,
        validation=validation,
        baseline=kind.baseline,
        pretrained=starts_pretrained(run, kind),
        history=read_history(folder),
        setup_seconds=run.get("setup_seconds"),
        train_seconds=run.get("train_seconds"),
        num_parameters=run.get("num_parameters"),
        num_trainable=run.get("num_trainable"),
        command=run.get("command", command),
        settings=run.get("settings", {}),
    )


def starts_pretrained(run: Mapping[str, Any], kind: type[ModelConfig]) -> bool:
    """Return whether the recorded settings name pretrained weights."""
    settings = run.get("settings", {}).get("model")
    try:
        return settings is not None and kind.parse(settings, RUN_FILE).is_pretrained
    except ConfigError:  # the settings of another version
        return False


def read_modalities(run: Mapping[str, Any], kind: type[ModelConfig]) -> frozenset[Modality]:
    """Return the modalities of a model; those of an ensemble depend on its members."""
    if "modalities" not in run:
        return kind.modalities
    return frozenset(map(Modality, run["modalities"]))
