"""Checkpoints: one file with the weights and the full description of a model, without code.

A checkpoint has only plain values and tensors, so that it loads with ``weights_only=True``. Its
hash is in ``manifest.json`` beside it.
"""

import json
import pickle  # only for its exception class; nothing is unpickled # nosec B403
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from moviegenre.artifacts.checkpoint_file import check_checkpoint, checkpoint_file
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.manifest import MANIFEST_FILE, write_manifest
from moviegenre.artifacts.saving import save_tensors
from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.core.errors import CheckpointError, MovieGenreError, one_line
from moviegenre.core.files import atomic_file
from moviegenre.core.version import __version__, installed_versions
from moviegenre.models.base import BuildContext
from moviegenre.models.registry import model_config_class

FORMAT = "moviegenre-checkpoint-1"
_JSON_TEXTS = (
    "config",
    "architectures",
)  # as text: weights_only accepts few types
_PACKAGES = ("torch", "transformers", "tokenizers", "lightning", "numpy")


def package_versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of its training libraries."""
    base_versions = {"python": platform.python_version(), "moviegenre": __version__}
    return base_versions | installed_versions(_PACKAGES)


def save_checkpoint(
    path: Path, model: TorchModel, *, before_replacing: Callable[[], None] = lambda: None
) -> None:
    """Write a checkpoint in one step.

    Its manifest is written last; after an interruption there is no manifest.

    Args:
        path: The file.
        model: The model.
        before_replacing: Called when the new file is complete and the old one still exists.
    """
    info = model.info
    content = {
        **info.stored(),
        "format": FORMAT,
        "state_dict": model.network.state_dict(),
        "tokenizer_identity": info.tokenizer.identity if info.tokenizer else None,
        "versions": info.versions or package_versions(),
    }
    content |= {name: json.dumps(content[name]) for name in _JSON_TEXTS}
    with atomic_file(path) as stream:
        save_tensors(content, stream)
        before_replacing()
        (path.parent / MANIFEST_FILE).unlink(missing_ok=True)  # the old file's manifest
    write_manifest(
        path.parent,
        [path.name],
        model_format=FORMAT,
        genres=info.genres,
        tokenizer=info.tokenizer_json,
    )


def load_checkpoint(path: Path) -> TorchModel:
    """Read a checkpoint without executing code.

    Args:
        path: A ``best.pth`` or its folder.

    Raises:
        CheckpointError: The file is missing, damaged or not a checkpoint.
    """
    path = checkpoint_file(path)
    manifest = check_checkpoint(path)
    try:
        content: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # PyTorch's message advises a load that may execute code
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint: it holds something else; expected the "
            "best.pth, or its folder, that moviegenre train wrote, or an exported folder"
        ) from None
    except Exception as error:  # a damaged file can raise any exception
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {reason}") from None
    file_format = content.get("format") if isinstance(content, Mapping) else type(content).__name__
    if file_format != FORMAT:
        raise CheckpointError(
            f"{path} has format {file_format!r}; expected {FORMAT!r}, as moviegenre train writes it"
        )
    values = _plain_values(path, content)
    info = ModelInfo.parse(values, str(path))
    if manifest is not None:
        manifest.check_content(path.parent, list(info.genres), values["tokenizer"])
    return rebuild(path, info, content.get("state_dict"))


def _plain_values(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of a model in a checkpoint, with its JSON texts parsed."""
    values = {str(key): value for key, value in content.items() if key != "state_dict"}
    for name in _JSON_TEXTS:
        try:
            values[name] = json.loads(values.get(name, ""))
        except (ValueError, TypeError, RecursionError) as error:
            raise CheckpointError(
                f"{path} is damaged ({name}: {error}); train the model again, or copy it again"
            ) from None
    return values


def rebuild(file: Path, info: ModelInfo, weights: object) -> TorchModel:
    """Build a saved model and load its weights.

    Args:
        file: The file of the weights.
        info: The description of the model.
        weights: The tensors by name.

    Raises:
        CheckpointError: The weights do not fit the settings, or are not finite.
    """
    settings = model_config_class(info.model_name).parse(info.config["model"], str(file))
    context = BuildContext(
        num_labels=len(info.genres), tokenizer=info.tokenizer, architectures=info.architectures
    )
    try:
        network = settings.build(context)
        network.load_state_dict(_finite(weights))
    except MovieGenreError:
        raise
    except Exception as error:  # other libraries check the architectures
        reason = one_line(error, 300)
        raise CheckpointError(f"{file} does not fit its own settings: {reason}") from None
    return TorchModel(info, network.eval(), file)


def _finite(weights: object) -> Mapping[str, Tensor]:
    """Return the weights if all are finite tensors."""
    if not isinstance(weights, Mapping):
        raise ValueError(f"its weights are {type(weights).__name__}, expected tensors by name")
    for name, tensor in weights.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(f"{name} is {type(tensor).__name__}, expected a tensor")
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"{name} has weights that are NaN or infinite")
    return weights
