"""Checkpoints: one file with weights and all that is needed to use them, and no code.

A checkpoint holds plain values and tensors, so that it loads with ``weights_only=True``.
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

from moviegenre.core.errors import CheckpointError, missing_path_message
from moviegenre.core.files import atomic_path
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Track
from moviegenre.core.version import __version__
from moviegenre.data.config import DataConfig
from moviegenre.data.text import PlotTokenizer
from moviegenre.models import model_config_class
from moviegenre.models.base import BuildContext, GenreModel, ModelConfig

FORMAT = "moviegenre-checkpoint-1"
BEST_FILE = "best.pth"
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
        return DataConfig.parse(self.config["data"], "the checkpoint's data settings")

    @property
    def model_config(self) -> ModelConfig:
        """The model's settings."""
        return model_config_class(self.model_name).parse(self.config["model"], "the checkpoint")


def package_versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of what it trains with."""
    found = {"python": platform.python_version(), "moviegenre": __version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in one step: it is there whole, or as it was before."""
    tokenizer = checkpoint.tokenizer
    content = {
        "format": FORMAT,
        "model_name": checkpoint.model_name,
        "state_dict": checkpoint.model.state_dict(),
        "architectures": json.dumps(checkpoint.model.architectures()),
        "config": json.dumps(checkpoint.config),
        "genres": list(checkpoint.genres),
        "tokenizer": tokenizer.to_json() if tokenizer else None,
        "tokenizer_identity": tokenizer.identity if tokenizer else None,
        "metrics": dict(checkpoint.metrics),
        "epoch": checkpoint.epoch,
        "revisions": dict(checkpoint.revisions),
        "versions": checkpoint.versions or package_versions(),
        "data_fingerprint": checkpoint.data_fingerprint,
        "track": checkpoint.track,
    }
    # By a path PyTorch would tell of a full disk in words of its own; by a stream it is an OSError.
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        torch.save(content, stream)


def checkpoint_file(path: Path) -> Path:
    """Return the ``best.pth`` that is meant: the path itself, or the one in the folder.

    Raises:
        CheckpointError: There is none.
    """
    if path.is_dir():
        path = path / BEST_FILE
    if not path.is_file():
        step = "train one with: moviegenre train MODEL"
        raise CheckpointError(missing_path_message(path, "a checkpoint", step))
    return path


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in it is executed and nothing else is needed.

    Args:
        path: A ``best.pth``, or the folder that holds one.

    Raises:
        CheckpointError: There is none, it is damaged, or it is of another kind.
    """
    path = checkpoint_file(path)
    try:
        content: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # PyTorch's message advises what may execute code
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint: it holds something else; expected the "
            "best.pth, or its folder, that moviegenre train wrote, or an exported folder"
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {reason}") from None
    found = content.get("format") if isinstance(content, Mapping) else type(content).__name__
    if found != FORMAT:
        raise CheckpointError(
            f"{path} has format {found!r}; expected {FORMAT!r}, as moviegenre train writes it"
        )
    return rebuild_checkpoint(path, content)


def rebuild_checkpoint(path: Path, content: Mapping[str, Any]) -> Checkpoint:
    """Build the model that was saved and give it its weights.

    Args:
        path: Where the content came from, for messages.
        content: What ``save_checkpoint`` puts into a file.

    Raises:
        CheckpointError: The weights do not fit the settings.
    """
    config: dict[str, Any] = json.loads(content["config"])
    tokenizer = PlotTokenizer(content["tokenizer"]) if content["tokenizer"] else None
    genres = GenreVocabulary(tuple(content["genres"]))
    settings = model_config_class(content["model_name"]).parse(config["model"], str(path))
    context = BuildContext(
        num_labels=len(genres),
        tokenizer=tokenizer,
        architectures=json.loads(content["architectures"]),
    )
    model = settings.build(context)
    try:
        model.load_state_dict(content["state_dict"])
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(f"{path} does not fit its own settings: {reason}") from None
    return Checkpoint(
        model_name=content["model_name"],
        model=model.eval(),
        genres=genres,
        tokenizer=tokenizer,
        config=config,
        metrics=dict(content["metrics"]),
        epoch=float(content["epoch"]),
        revisions=dict(content["revisions"]),
        versions=dict(content["versions"]),
        data_fingerprint=content["data_fingerprint"],
        track=content.get("track", "closed"),  # older ones do not say
    )
