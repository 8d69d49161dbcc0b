"""Write a model as an exported folder and read it back; ``artifacts.folder`` lists its files."""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from moviegenre.artifacts.checkpoint import package_versions, rebuild
from moviegenre.artifacts.folder import (
    CONFIG_FILE,
    EXPORTED_FILES,
    FORMAT,
    GENRES_FILE,
    IMAGE_FILE,
    METRICS_FILE,
    RENAMED,
    TOKENIZER_CONFIG_FILE,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    is_exported,
    read_info,
)
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.manifest import write_manifest
from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.core.errors import CheckpointError
from moviegenre.core.files import write_bytes, write_text
from moviegenre.core.types import Modality
from moviegenre.data.config import DataConfig
from moviegenre.data.text import PAD_TOKEN, UNKNOWN_TOKEN
from moviegenre.nn.images import IMAGENET_MEAN, IMAGENET_STD

_BICUBIC = 3  # Pillow's number, for ``resample`` in transformers


def portable_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without the folders of the machine that trained the model.

    A path that is absolute or starts with ``.`` or ``~`` is replaced by its last part. Building
    the model needs no path, and the fingerprint identifies the training movies too.

    Example:
        >>> portable_settings({"dir": "/home/ann/films", "name": "../weights/b4", "plot": "first"})
        {'dir': 'films', 'name': 'b4', 'plot': 'first'}
    """
    return {key: _portable(value) for key, value in config.items()}


def _portable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, Mapping):
        return portable_settings(value)
    if isinstance(value, list | tuple):
        return [_portable(item) for item in value]
    if isinstance(value, str) and value.startswith(("/", "~", "./", "../")):
        return PurePosixPath(value).name
    if isinstance(value, str) and PureWindowsPath(value).is_absolute():
        return PureWindowsPath(value).name
    return value


def write_exported(
    folder: Path, model: TorchModel, scores: Mapping[str, Any], *, half: bool = False
) -> None:
    """Write a model's weights, settings, genres, tokenizer, image settings and scores.

    Args:
        folder: The folder; it is created.
        model: The model.
        scores: By split; without ``validation``, the model's own scores are written there.
        half: Write matrices and kernels as 16-bit floats, and 64-bit integers as 32-bit integers
            if they fit. Biases and norms stay: they are small, and may be out of the range of
            16-bit floats.
    """
    tensors = {
        name: _halved(tensor.detach().cpu().contiguous(), half)
        for name, tensor in model.network.state_dict().items()
    }
    write_bytes(folder / WEIGHTS_FILE, save(tensors, metadata={"format": "pt"}))
    info = model.info
    config = {RENAMED.get(name, name): value for name, value in info.stored().items()}
    for name in ("genres", "metrics", "tokenizer"):  # they have separate files
        del config[name]
    config |= {
        "format": FORMAT,
        "model_type": "moviegenre",
        "settings": portable_settings(info.config),
        "exported_with": package_versions(),
    }
    _write_json(folder / CONFIG_FILE, config)
    _write_json(folder / GENRES_FILE, list(info.genres))
    _write_json(folder / METRICS_FILE, {"validation": {"metrics": info.metrics}, **scores})
    if info.tokenizer_json is not None:
        write_text(folder / TOKENIZER_FILE, info.tokenizer_json)
        _write_json(folder / TOKENIZER_CONFIG_FILE, _tokenizer_settings(info.data_config))
    if Modality.POSTER in info.modalities:
        _write_json(folder / IMAGE_FILE, _image_settings(info.data_config))


def _halved(tensor: Tensor, half: bool) -> Tensor:
    if not half:
        return tensor
    if tensor.dtype is torch.int64:
        integers = tensor.int()
        return integers if torch.equal(integers.long(), tensor) else tensor
    return tensor.half() if tensor.is_floating_point() and tensor.dim() > 1 else tensor


def _tokenizer_settings(data: DataConfig) -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": data.max_tokens,
        "pad_token": PAD_TOKEN,
        "unk_token": UNKNOWN_TOKEN,
    }


def _image_settings(data: DataConfig) -> dict[str, Any]:
    """Return the image settings in the format of transformers."""
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


def seal(folder: Path, info: ModelInfo) -> None:
    """Write the manifest of a folder, after all its files.

    Args:
        folder: The folder.
        info: The description of the model.
    """
    write_manifest(
        folder,
        EXPORTED_FILES,
        model_format=FORMAT,
        genres=info.genres,
        tokenizer=info.tokenizer_json,
    )


def read_exported(folder: Path) -> TorchModel:
    """Read an exported folder with its exact weights.

    Raises:
        CheckpointError: A file is missing, damaged or changed, or the folder has another format.
    """
    file = folder / WEIGHTS_FILE
    if not file.is_file() and is_exported(folder):
        raise CheckpointError(
            f"{folder} has no {WEIGHTS_FILE}, which this needs; its ONNX file can be predicted "
            "with, served and evaluated; for the rest export without `only`"
        )
    info = read_info(folder, [WEIGHTS_FILE])
    try:
        weights = load_file(file)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(f"{file} cannot be read: {error}") from None
    return rebuild(file, info, weights)


def _write_json(path: Path, content: object) -> None:
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
