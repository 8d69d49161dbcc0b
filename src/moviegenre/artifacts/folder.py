"""Exported folders: a trained model as plain files that other programs can read.

``moviegenre export`` writes such a folder, in one step:

    model.safetensors  config.json        the weights, and all other content of a checkpoint
    genres.json        thresholds.json    the genres of the logits, and their thresholds
    tokenizer.json     tokenizer_config.json  preprocessor_config.json  as named by transformers
    metrics.json       README.md          scores, and the model card
    model.onnx         model.int8.onnx    parity.json  index.parquet    if requested
    model.int4.onnx                       replaces both other ONNX files

    manifest.json      the SHA-256 of every other file, checked when the folder is used

A folder that only predicts needs no ``model.safetensors``: its ONNX file is enough.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.manifest import MANIFEST_FILE, checked_manifest
from moviegenre.core.errors import CheckpointError
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.core.types import Modality

FORMAT = "moviegenre-export-1"
CONFIG_FILE = "config.json"
GENRES_FILE = "genres.json"
WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
TOKENIZER_CONFIG_FILE = "tokenizer_config.json"
IMAGE_FILE = "preprocessor_config.json"
METRICS_FILE = "metrics.json"
CARD_FILE = "README.md"
ONNX_FILE = "model.onnx"
INT8_FILE = "model.int8.onnx"
INT4_FILE = "model.int4.onnx"
PARITY_FILE = "parity.json"
INDEX_FILE = "index.parquet"

EXPORTED_FILES = (
    CONFIG_FILE,
    WEIGHTS_FILE,
    GENRES_FILE,
    THRESHOLDS_FILE,
    TOKENIZER_FILE,
    TOKENIZER_CONFIG_FILE,
    IMAGE_FILE,
    METRICS_FILE,
    CARD_FILE,
    ONNX_FILE,
    INT8_FILE,
    INT4_FILE,
    PARITY_FILE,
    INDEX_FILE,
    MANIFEST_FILE,
)
"""All files of an exported folder; no other file is uploaded to or downloaded from the Hub."""

RENAMED = {"architectures": "encoders", "config": "settings", "versions": "trained_with"}
"""The fields of ``ModelInfo`` that have another name in ``config.json``, with this name."""

ADAPTED_FROM = "adapted_from"
"""The key of ``config.json`` that only a model of ``moviegenre adapt`` has."""

WEIGHTS_FILES = (WEIGHTS_FILE, ONNX_FILE, INT8_FILE, INT4_FILE)
"""The files of weights, from the most exact to the smallest; a folder has at least one."""

BACKEND_FILES = {
    "torch": WEIGHTS_FILE,
    "onnx": ONNX_FILE,
    "openvino": ONNX_FILE,
    "int8": INT8_FILE,
    "int4": INT4_FILE,
}
"""The file of weights for each backend."""


def is_exported(path: Path) -> bool:
    """Return whether a path is a folder that ``moviegenre export`` wrote."""
    return exported_weights(path) is not None and (path / CONFIG_FILE).is_file()


def is_adapted(path: Path) -> bool:
    """Return whether a path is a folder that ``moviegenre adapt`` wrote.

    Raises:
        CheckpointError: Its description is damaged.
    """
    config = _read_json(path / CONFIG_FILE) if is_exported(path) else {}
    return isinstance(config, dict) and ADAPTED_FROM in config


def exported_weights(folder: Path) -> Path | None:
    """Return the most exact file of weights in a folder; None if there is none."""
    files = (folder / name for name in WEIGHTS_FILES)
    return next((file for file in files if file.is_file()), None)


def read_info(folder: Path, weights: Sequence[str] = ()) -> ModelInfo:
    """Read everything but the weights of an exported folder, and check the files that are used.

    Args:
        folder: The folder.
        weights: The files of weights that are used.

    Raises:
        CheckpointError: A file is missing, damaged or changed, or the folder has another format.
    """
    names = [CONFIG_FILE, GENRES_FILE, TOKENIZER_FILE, IMAGE_FILE, METRICS_FILE]
    manifest = checked_manifest(folder, [*names, *weights])
    config = _read_json(folder / CONFIG_FILE)
    file_format = config.get("format") if isinstance(config, dict) else type(config).__name__
    if file_format != FORMAT:
        raise CheckpointError(
            f"{folder / CONFIG_FILE} has format {file_format!r}; expected {FORMAT!r}, as "
            "moviegenre export writes it"
        )
    genres, tokenizer = _read_json(folder / GENRES_FILE), folder / TOKENIZER_FILE
    files = {Modality.PLOT: TOKENIZER_FILE, Modality.POSTER: IMAGE_FILE}
    modalities = (modality for modality, name in files.items() if (folder / name).is_file())
    content = {
        **config,
        **{name: config[stored] for name, stored in RENAMED.items() if stored in config},
        "genres": genres,
        "tokenizer": _read_text(tokenizer) if tokenizer.is_file() else None,
        "metrics": _validation_scores(folder / METRICS_FILE),
        "modalities": frozenset(modalities),
    }
    info = ModelInfo.parse(content, str(folder))
    if manifest is not None:
        manifest.check_content(folder, genres, content["tokenizer"])
    return info


def _validation_scores(path: Path) -> object:
    """Return the validation scores in ``metrics.json``; empty if unknown."""
    scores = _read_json(path) if path.is_file() else {}
    split = scores.get("validation", {}) if isinstance(scores, dict) else scores
    metrics = split.get("metrics", {}) if isinstance(split, dict) else split
    if not isinstance(metrics, dict):
        return metrics
    return {name: value for name, value in metrics.items() if value is not None}  # undefined


def _read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist; expected an exported model's file there")
    try:
        return json.loads(_read_text(path))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged ({error}); export the model again") from None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); export the model again") from None
