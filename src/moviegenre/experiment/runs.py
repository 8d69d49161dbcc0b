"""Read and write ``run.json`` and ``history.json``: the records of a model's training."""

import json
from pathlib import Path
from typing import Any

from moviegenre.core.config import Config
from moviegenre.core.errors import CheckpointError, ConfigError
from moviegenre.core.files import file_sha256, write_text
from moviegenre.core.types import Modality
from moviegenre.data.config import DataConfig
from moviegenre.models.registry import model_config_class
from moviegenre.training.config import TrainingConfig
from moviegenre.training.fit import HISTORY_FILE

RUN_FILE = "run.json"
CONFIG_FILE = "config.yaml"
HISTORY_HASH = "history_sha256"

_REQUIRED = ("model", "settings")


def write_run(folder: Path, run: dict[str, Any]) -> None:
    """Write ``run.json`` into a model's folder in one step."""
    write_text(folder / RUN_FILE, json.dumps(run, indent=1) + "\n")


def read_run(folder: Path) -> dict[str, Any] | None:
    """Return the content of a model's ``run.json``; None if there is none.

    Raises:
        CheckpointError: The file exists but cannot be read.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        return None
    try:
        run: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        missing = [key for key in _REQUIRED if key not in run]
        if missing:
            raise ValueError(f"it lacks {', '.join(missing)}")
    except (ValueError, TypeError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}); train the model again: `overwrite` in moviegenre train, "
            "`restart` in moviegenre reproduce"
        ) from None
    return run


def hash_history(folder: Path) -> dict[str, str]:
    """Return the hash of a finished training's history, for its ``run.json``."""
    path = folder / HISTORY_FILE
    return {HISTORY_HASH: file_sha256(path)} if path.is_file() else {}


def read_history(folder: Path) -> list[dict[str, float]]:
    """Return the records of ``history.json``, one for each interval; empty if there is no file.

    Raises:
        CheckpointError: The file is damaged.
    """
    path = folder / HISTORY_FILE
    if not path.is_file():
        return []
    run = read_run(folder) or {}
    try:
        records: list[dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))
        sum(float(record["seconds"]) for record in records)
        stored_hash = run.get(HISTORY_HASH)  # None in earlier versions
        if run.get("status") == "finished" and stored_hash not in (None, file_sha256(path)):
            raise ValueError("it is not what was written")
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}); it is made again by: moviegenre train "
            f"{run.get('model', folder.name)} --resume, with the options of before"
        ) from None
    return records


def differing_settings(run: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    """Return the dotted names of settings that differ from an earlier run.

    A setting that did not exist then counts as its default. Ignored: ``data.dir``, because the
    fingerprint covers it, the number of processes, which trains the same model, and settings of
    unused modalities, such as the plot rule of a poster model.
    """
    modalities = model_config_class(run["model"]).modalities
    ignored = {"data.dir", "training.devices", "training.num_nodes"}
    if Modality.PLOT not in modalities:
        plots = ["plot", "max_tokens", "extra", "extra_min_genres", "extra_limit", "forms"]
        ignored |= {f"data.{name}" for name in [*plots, "other_plots"]}
    if Modality.POSTER not in modalities:
        ignored.add("data.image_size")
    earlier = _with_defaults(run["model"], run["settings"])
    names = [
        f"{section}.{key}"
        for section, values in settings.items()
        for key, value in values.items()
        if earlier.get(section, {}).get(key) != value
    ]
    return [name for name in names if name not in ignored]


def _with_defaults(model_name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return an earlier run's settings in the current form, with defaults for new settings."""
    config_classes: dict[str, type[Config]] = {
        "data": DataConfig,
        "training": TrainingConfig,
        "model": model_config_class(model_name),
    }
    try:
        complete = {
            name: config_classes[name].parse(settings[name], "run.json").model_dump(mode="json")
            for name in config_classes
            if name in settings
        }
    except ConfigError:
        return settings
    return {**settings, **complete}
