"""Checkpoints: one file with weights and all that is needed to use them, without code.

A checkpoint holds plain values and tensors, so that it loads with ``weights_only=True``. Its hash
lies beside it, in ``manifest.json``.
"""

import json
import pickle  # for the name of its error; nothing is unpickled with it # nosec B403
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from moviegenre.artifacts.checkpoint_file import check_checkpoint, checkpoint_file
from moviegenre.artifacts.info import StoredModel, stored_data_config
from moviegenre.artifacts.manifest import MANIFEST_FILE, write_manifest
from moviegenre.artifacts.saving import save_tensors
from moviegenre.core.errors import CheckpointError, MovieGenreError
from moviegenre.core.files import atomic_file
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Track
from moviegenre.core.version import __version__
from moviegenre.data.config import DataConfig
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import BuildContext, GenreModel, ModelConfig
from moviegenre.models.registry import model_config_class

FORMAT = "moviegenre-checkpoint-1"
_PACKAGES = ("torch", "transformers", "tokenizers", "lightning", "numpy")


@dataclass(frozen=True)
class Checkpoint:
    """A trained model and everything that belongs to it.

    Attributes:
        model_name: Which model, as on the command line.
        model: The model, in evaluation mode.
        genres: What its logits mean.
        tokenizer: What it reads plots with; None if it reads none.
        config: The resolved settings it was trained with: ``data, training, model, loss``.
        metrics: Validation scores of these weights, fractions in [0, 1].
        epoch: After how many epochs the weights were taken.
        revisions: Hub revisions of pretrained parts.
        versions: Package versions it was trained with.
        data_fingerprint: Hash of the prepared data it was trained on.
        track: ``closed`` if it learned from the training split alone, ``open`` if from further
            labelled plots as well, itself or what it started from.
        members: The models that an ensemble is made of; none for all others.
    """

    model_name: str
    model: GenreModel
    genres: GenreVocabulary
    tokenizer: PlotTokenizer | None
    config: dict[str, Any]
    metrics: dict[str, float] = field(default_factory=dict)
    epoch: float = 0.0
    revisions: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    data_fingerprint: str = ""
    track: Track = "closed"
    members: tuple["Checkpoint", ...] = ()

    @property
    def data_config(self) -> DataConfig:
        """The data settings it was trained with."""
        return stored_data_config(self.config)

    @property
    def model_config(self) -> ModelConfig:
        """The model's settings."""
        return model_config_class(self.model_name).parse(self.config["model"], "the checkpoint")


def package_versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of its training libraries."""
    versions = {"python": platform.python_version(), "moviegenre": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in one step.

    Its manifest is written last; an interruption before that leaves none.
    """
    tokenizer = checkpoint.tokenizer.to_json() if checkpoint.tokenizer else None
    content = {
        "format": FORMAT,
        "model_name": checkpoint.model_name,
        "state_dict": checkpoint.model.state_dict(),
        "architectures": json.dumps(checkpoint.model.architectures()),
        "config": json.dumps(checkpoint.config),
        "genres": list(checkpoint.genres),
        "tokenizer": tokenizer,
        "tokenizer_identity": checkpoint.tokenizer.identity if checkpoint.tokenizer else None,
        "metrics": dict(checkpoint.metrics),
        "epoch": checkpoint.epoch,
        "revisions": dict(checkpoint.revisions),
        "versions": checkpoint.versions or package_versions(),
        "data_fingerprint": checkpoint.data_fingerprint,
        "track": checkpoint.track,
    }
    with atomic_file(path) as stream:
        save_tensors(content, stream)
        (path.parent / MANIFEST_FILE).unlink(missing_ok=True)  # of the file that goes now
    write_manifest(
        path.parent,
        [path.name],
        model_format=FORMAT,
        genres=checkpoint.genres,
        tokenizer=tokenizer,
    )


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint without executing code.

    Args:
        path: A ``best.pth``, or the folder that holds one.

    Raises:
        CheckpointError: There is none, it is damaged, or it is of another kind.
    """
    path = checkpoint_file(path)
    manifest = check_checkpoint(path)
    try:
        content: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # PyTorch's message advises what may execute code
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint: it holds something else; expected the "
            "best.pth, or its folder, that moviegenre train wrote, or an exported folder"
        ) from None
    except Exception as error:  # a damaged file raises whatever its bytes stumble over
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {reason}") from None
    stated = content.get("format") if isinstance(content, Mapping) else type(content).__name__
    if stated != FORMAT:
        raise CheckpointError(
            f"{path} has format {stated!r}; expected {FORMAT!r}, as moviegenre train writes it"
        )
    stored = StoredModel.parse(_plain(path, content), str(path))
    if manifest is not None:
        manifest.check_content(path.parent, stored.genres, stored.tokenizer)
    return rebuild_checkpoint(path, stored, content.get("state_dict"))


def _plain(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of a model in a file, with its JSON texts parsed.

    Raises:
        CheckpointError: A part is no JSON.
    """
    plain = {str(key): value for key, value in content.items() if key != "state_dict"}
    for name in ("config", "architectures"):
        try:
            plain[name] = json.loads(plain.get(name, ""))
        except (ValueError, TypeError, RecursionError) as error:
            raise CheckpointError(
                f"{path} is damaged ({name}: {error}); train the model again, or copy it again"
            ) from None
    return plain


def rebuild_checkpoint(path: Path, stored: StoredModel, weights: object) -> Checkpoint:
    """Build a saved model and load its weights.

    Args:
        path: Where the content came from, for messages.
        stored: What is said of the model.
        weights: Its tensors by name.

    Raises:
        CheckpointError: The weights do not fit the settings, or are not finite.
    """
    tokenizer, genres = stored.plot_tokenizer(), stored.vocabulary()
    settings = model_config_class(stored.model_name).parse(stored.config["model"], str(path))
    context = BuildContext(
        num_labels=len(genres), tokenizer=tokenizer, architectures=stored.architectures
    )
    try:
        model = settings.build(context)
        model.load_state_dict(_finite(weights))
    except MovieGenreError:
        raise
    except Exception as error:  # architectures are checked by the libraries that they belong to
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(f"{path} does not fit its own settings: {reason}") from None
    return Checkpoint(
        model_name=stored.model_name,
        model=model.eval(),
        genres=genres,
        tokenizer=tokenizer,
        config=stored.config,
        metrics=stored.metrics,
        epoch=stored.epoch,
        revisions=stored.revisions,
        versions=stored.versions,
        data_fingerprint=stored.data_fingerprint,
        track=stored.track,
    )


def _finite(weights: object) -> Mapping[str, Tensor]:
    """Return weights if they are tensors of numbers.

    Raises:
        ValueError: They are something else, or NaN or infinite.
    """
    if not isinstance(weights, Mapping):
        raise ValueError(f"its weights are {type(weights).__name__}, expected tensors by name")
    for name, tensor in weights.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(f"{name} is {type(tensor).__name__}, expected a tensor")
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"{name} has weights that are NaN or infinite")
    return weights
