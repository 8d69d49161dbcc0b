"""Exported folders: a trained model as plain files, which other programs read too.

``moviegenre export`` writes such a folder, in one step:

    model.safetensors  config.json        the weights, and all else that a checkpoint says
    genres.json        thresholds.json    what the logits mean, and from where on a genre is chosen
    tokenizer.json     tokenizer_config.json  preprocessor_config.json  in transformers' naming
    metrics.json       README.md          scores, and the model card
    model.onnx         model.int8.onnx    parity.json  index.parquet    where it was asked for
    model.int4.onnx                                                     alone, in place of both

    manifest.json      the SHA-256 of every other file, compared when the folder is used

One that is only to answer may lack ``model.safetensors``: its ONNX file is all it needs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from moviegenre.core.errors import CheckpointError
from moviegenre.core.files import write_bytes, write_text
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.core.types import Modality, Track
from moviegenre.data.config import DataConfig
from moviegenre.data.schema import GENRES_FILE
from moviegenre.data.text import PAD_TOKEN, UNKNOWN_TOKEN, PlotTokenizer
from moviegenre.models import model_config_class
from moviegenre.models.base import Architectures
from moviegenre.models.checkpoint import Checkpoint, package_versions, rebuild_checkpoint
from moviegenre.models.manifest import MANIFEST_FILE, checked_manifest, write_manifest
from moviegenre.models.stored import StoredModel, stored_data_config
from moviegenre.nn.images import IMAGENET_MEAN, IMAGENET_STD

FORMAT = "moviegenre-export-1"
CONFIG_FILE = "config.json"
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
"""Every file that an exported folder may have; nothing else is sent to or taken from the hub."""

WEIGHTS_FILES = (WEIGHTS_FILE, ONNX_FILE, INT8_FILE, INT4_FILE)
"""The files of weights, from the most exact to the smallest; a folder has at least one."""

_BICUBIC = 3  # Pillow's number, which transformers' ``resample`` takes


@dataclass(frozen=True)
class Description:
    """What a checkpoint says of its model, without the weights.

    Attributes:
        model_name: Which model, as on the command line.
        genres: What its logits mean.
        tokenizer: What it reads plots with; None if it reads none.
        architectures: Architecture of each pretrained encoder.
        config: The resolved settings it was trained with.
        metrics: Validation scores, fractions in [0, 1].
        epoch: After how many epochs the weights were taken.
        revisions: Hub revisions of pretrained parts.
        versions: Package versions it was trained with.
        data_fingerprint: Hash of the prepared data it was trained on.
        track: ``open`` if it learned from further labelled plots too.
        members: The models that an ensemble is made of; none for all others.
    """

    model_name: str
    genres: GenreVocabulary
    tokenizer: PlotTokenizer | None
    architectures: Architectures
    config: dict[str, Any]
    metrics: dict[str, float]
    epoch: float
    revisions: dict[str, str]
    versions: dict[str, str]
    data_fingerprint: str
    track: Track
    members: tuple["Description", ...] = ()

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "Description":
        """Return what a checkpoint says."""
        return cls(
            model_name=checkpoint.model_name,
            genres=checkpoint.genres,
            tokenizer=checkpoint.tokenizer,
            architectures=checkpoint.model.architectures(),
            config=checkpoint.config,
            metrics=checkpoint.metrics,
            epoch=checkpoint.epoch,
            revisions=checkpoint.revisions,
            versions=checkpoint.versions,
            data_fingerprint=checkpoint.data_fingerprint,
            track=checkpoint.track,
            members=tuple(cls.of(member) for member in checkpoint.members),
        )

    @property
    def data_config(self) -> DataConfig:
        """The data settings it was trained with."""
        return stored_data_config(self.config)

    @property
    def modalities(self) -> frozenset[Modality]:
        """What the model looks at."""
        if self.members:
            return frozenset[Modality]().union(*(member.modalities for member in self.members))
        return model_config_class(self.model_name).modalities


def is_exported(path: Path) -> bool:
    """Return whether a path is a folder that ``moviegenre export`` wrote."""
    return exported_weights(path) is not None and (path / CONFIG_FILE).is_file()


def answers_only(path: Path) -> bool:
    """Return whether a path is an exported folder, or its file, that has only an ONNX form."""
    folder = path.parent if path.name in WEIGHTS_FILES else path
    return is_exported(folder) and not (folder / WEIGHTS_FILE).is_file()


def exported_weights(folder: Path) -> Path | None:
    """Return the most exact file of weights in a folder; None where there is none."""
    files = (folder / name for name in WEIGHTS_FILES)
    return next((file for file in files if file.is_file()), None)


def portable_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that say nothing of the machine they were used on.

    Of an absolute path the last name is left. Nothing that is needed to build the model is a path,
    and the training movies are named by their fingerprint too.

    Example:
        >>> portable_settings({"data": {"dir": "/home/ann/films", "plot": "first"}})
        {'data': {'dir': 'films', 'plot': 'first'}}
    """
    return {key: _portable(value) for key, value in config.items()}


def _portable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, Mapping):
        return portable_settings(value)
    if isinstance(value, list | tuple):
        return [_portable(item) for item in value]
    if isinstance(value, str) and value.startswith(("/", "~")):
        return PurePosixPath(value).name
    if isinstance(value, str) and PureWindowsPath(value).is_absolute():
        return PureWindowsPath(value).name
    return value


def write_exported(
    folder: Path, checkpoint: Checkpoint, scores: Mapping[str, Any], *, half: bool = False
) -> None:
    """Write a model's weights, settings, genres, tokenizer, image settings and scores.

    Args:
        folder: Where; it is made.
        checkpoint: The model.
        scores: By split; the checkpoint's own scores go under ``validation`` if nothing else does.
        half: Write matrices and kernels as 16-bit floats, and whole numbers that fit in 32 bits, in
            half the space; biases and norms, which are small and may be out of the range of 16-bit
            floats, stay as they are.
    """
    tensors = {
        name: _halved(tensor.detach().cpu().contiguous(), half)
        for name, tensor in checkpoint.model.state_dict().items()
    }
    write_bytes(folder / WEIGHTS_FILE, save(tensors, metadata={"format": "pt"}))
    data = checkpoint.data_config
    config = {
        "format": FORMAT,
        "model_type": "moviegenre",
        "model_name": checkpoint.model_name,
        "encoders": checkpoint.model.architectures(),
        "settings": portable_settings(checkpoint.config),
        "epoch": checkpoint.epoch,
        "revisions": checkpoint.revisions,
        "trained_with": checkpoint.versions,
        "exported_with": package_versions(),
        "data_fingerprint": checkpoint.data_fingerprint,
        "track": checkpoint.track,
    }
    _write_json(folder / CONFIG_FILE, config)
    _write_json(folder / GENRES_FILE, list(checkpoint.genres))
    _write_json(folder / METRICS_FILE, {"validation": {"metrics": checkpoint.metrics}, **scores})
    if checkpoint.tokenizer is not None:
        write_text(folder / TOKENIZER_FILE, checkpoint.tokenizer.to_json())
        _write_json(folder / TOKENIZER_CONFIG_FILE, _tokenizer_settings(data))
    if Modality.POSTER in checkpoint.model.modalities:
        _write_json(folder / IMAGE_FILE, _image_settings(data))


def _halved(tensor: Tensor, half: bool) -> Tensor:
    if not half:
        return tensor
    if tensor.dtype is torch.int64:
        narrow = tensor.int()
        return narrow if torch.equal(narrow.long(), tensor) else tensor
    return tensor.half() if tensor.is_floating_point() and tensor.dim() > 1 else tensor


def _tokenizer_settings(data: DataConfig) -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": data.max_tokens,
        "pad_token": PAD_TOKEN,
        "unk_token": UNKNOWN_TOKEN,
    }


def _image_settings(data: DataConfig) -> dict[str, Any]:
    """Return how posters are brought into form, in the words of transformers."""
    height, width = data.image_size
    return {
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"height": height, "width": width},
        "resample": _BICUBIC,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(IMAGENET_MEAN),
        "image_std": list(IMAGENET_STD),
    }


def seal(folder: Path, checkpoint: Checkpoint) -> None:
    """Write the manifest of a folder whose files are all there.

    Args:
        folder: The folder.
        checkpoint: The model.
    """
    tokenizer = checkpoint.tokenizer.to_json() if checkpoint.tokenizer else None
    write_manifest(
        folder, EXPORTED_FILES, model_format=FORMAT, genres=checkpoint.genres, tokenizer=tokenizer
    )


def read_description(folder: Path) -> Description:
    """Read everything but the weights of an exported folder.

    Raises:
        CheckpointError: A file is missing, damaged or changed, or the folder is of another kind.
    """
    stored = _read_stored(folder, [])
    return Description(
        model_name=stored.model_name,
        genres=stored.vocabulary(),
        tokenizer=stored.plot_tokenizer(),
        architectures=stored.architectures,
        config=stored.config,
        metrics=stored.metrics,
        epoch=stored.epoch,
        revisions=stored.revisions,
        versions=stored.versions,
        data_fingerprint=stored.data_fingerprint,
        track=stored.track,
    )


def _read_stored(folder: Path, weights: list[str]) -> StoredModel:
    """Read what an exported folder says of its model, and check the files that are used.

    Args:
        folder: The folder.
        weights: The files of weights that are used.
    """
    read = [CONFIG_FILE, GENRES_FILE, TOKENIZER_FILE, METRICS_FILE]
    manifest = checked_manifest(folder, [*read, *weights])
    config = _read_json(folder / CONFIG_FILE)
    found = config.get("format") if isinstance(config, dict) else type(config).__name__
    if found != FORMAT:
        raise CheckpointError(
            f"{folder / CONFIG_FILE} has format {found!r}; expected {FORMAT!r}, as "
            "moviegenre export writes it"
        )
    tokenizer = folder / TOKENIZER_FILE
    renamed = {"architectures": "encoders", "config": "settings", "versions": "trained_with"}
    content = {
        **config,
        **{name: config[other] for name, other in renamed.items() if other in config},
        "genres": _read_json(folder / GENRES_FILE),
        "tokenizer": _read_text(tokenizer) if tokenizer.is_file() else None,
        "metrics": _validation_scores(folder / METRICS_FILE),
    }
    stored = StoredModel.parse(content, str(folder))
    if manifest is not None:
        manifest.check_content(folder, stored.genres, stored.tokenizer)
    return stored


def _validation_scores(path: Path) -> object:
    """Return the scores on validation in ``metrics.json``; none where they are not known."""
    scores = _read_json(path) if path.is_file() else {}
    split = scores.get("validation", {}) if isinstance(scores, dict) else scores
    found = split.get("metrics", {}) if isinstance(split, dict) else split
    if not isinstance(found, dict):
        return found
    return {name: value for name, value in found.items() if value is not None}  # undefined ones


def read_exported(folder: Path) -> Checkpoint:
    """Read an exported folder as the checkpoint that it was made from.

    Raises:
        CheckpointError: A file is missing, damaged or changed, or the folder is of another kind.
    """
    if not (folder / WEIGHTS_FILE).is_file() and is_exported(folder):
        raise CheckpointError(
            f"{folder} has no {WEIGHTS_FILE}, which this needs; its ONNX file can be predicted "
            "with, served and evaluated; for the rest export without --int8-only or --int4-only"
        )
    stored = _read_stored(folder, [WEIGHTS_FILE])
    try:
        weights = load_file(folder / WEIGHTS_FILE)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(f"{folder / WEIGHTS_FILE} cannot be read: {error}") from None
    return rebuild_checkpoint(folder, stored, weights)


def _write_json(path: Path, content: object) -> None:
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


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
