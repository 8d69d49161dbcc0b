"""``ensemble.json``: the members of an ensemble and the weights that combine them.

The members stay where they are, and are known by their SHA-256; an exported ensemble has copies.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.manifest import MANIFEST_FILE, checked_manifest, write_manifest
from moviegenre.core.digests import known_sha256
from moviegenre.core.errors import CheckpointError, missing_path_message
from moviegenre.core.files import write_text
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.core.reading import real_path
from moviegenre.models.combiner import Combiner

FORMAT = "moviegenre-ensemble-1"
ENSEMBLE_FILE = "ensemble.json"
_DAMAGED = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OSError,
    ArithmeticError,
    RecursionError,
)
_FACTS = ("genres", "config", "metrics", "versions", "data_fingerprint")
_AGAIN = "fit the ensemble again with: moviegenre ensemble"


@dataclass(frozen=True)
class Member:
    """One of the models.

    Attributes:
        name: Its name in the ensemble; unique there.
        model_name: Which model, as on the command line.
        path: The file that holds its weights; relative to the ensemble's folder, or absolute.
        sha256: Of that file.
    """

    name: str
    model_name: str
    path: str
    sha256: str

    @classmethod
    def of(cls, name: str, model_name: str, weights: Path, folder: Path) -> "Member":
        """Return a member; its path is relative if it lies beside the ensemble's folder.

        Args:
            name: Its name in the ensemble.
            model_name: Which model.
            weights: The file that holds its weights.
            folder: The ensemble's.
        """
        weights, folder = real_path(weights), real_path(folder)
        beside = weights.is_relative_to(folder.parent)
        path = os.path.relpath(weights, folder) if beside else str(weights)
        return cls(name, model_name, path, known_sha256(weights, anew=True))

    def file(self, folder: Path, *, anew: bool = False) -> Path:
        """Return the path of its weights, for an ensemble in ``folder``.

        Args:
            folder: The ensemble's.
            anew: Compute their hash, remembered or not.

        Raises:
            CheckpointError: They are not there, or they are others.
        """
        path = folder / self.path
        if not path.is_file():
            step = f"bring it back, or {_AGAIN}"
            raise CheckpointError(missing_path_message(path, f"the member {self.name}", step))
        if known_sha256(path, anew=anew) != self.sha256:
            raise CheckpointError(
                f"{path} is not what the ensemble's weights were fitted to: {self.name} was "
                f"trained again since; {_AGAIN}"
            )
        return path


def ensemble_info(facts: Mapping[str, Any], where: str) -> ModelInfo:
    """Return the description of an ensemble without its members.

    Args:
        facts: Its ``genres``; its ``config`` (``data``, as far as the members agree, and the
            members' names as ``model``); cross-validated ``metrics`` on validation, fractions;
            ``versions``; ``data_fingerprint`` of the movies that its weights were fitted to.
        where: From where, for the message.

    Raises:
        CheckpointError: A fact is missing or of another type.
    """
    empty: dict[str, Any] = {"architectures": {}, "tokenizer": None, "epoch": 0.0, "revisions": {}}
    return ModelInfo.parse({"model_name": "ensemble", **empty, **facts}, where)


@dataclass(frozen=True)
class EnsembleRecord:
    """The content of ``ensemble.json``.

    Attributes:
        info: Its description without its members, see ``ensemble_info``.
        members: The models, in the order of the weights.
        combiner: The weights.
        fitted: How the weights were fitted and what that gained, as plain values.
    """

    info: ModelInfo
    members: tuple[Member, ...]
    combiner: Combiner
    fitted: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it in one step, and a manifest beside it last.

        Args:
            path: The file; what else belongs to the ensemble lies beside it already.
        """
        (path.parent / MANIFEST_FILE).unlink(missing_ok=True)
        names = [member.name for member in self.members]
        content = {
            "format": FORMAT,
            **{name: value for name, value in self.info.stored().items() if name in _FACTS},
            "members": [vars(member) for member in self.members],
            "fitted": self.fitted,
            "weights": self.combiner.to_json_dict(names, list(self.info.genres)),
        }
        write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        write_manifest(
            path.parent,
            [path.name, THRESHOLDS_FILE],
            model_format=FORMAT,
            genres=self.info.genres,
            tokenizer=None,
        )

    @classmethod
    def read(cls, path: Path) -> "EnsembleRecord":
        """Read what ``write`` wrote.

        Raises:
            CheckpointError: The file is damaged, has changed, or is of another kind.
        """
        checked_manifest(path.parent, [path.name])
        try:
            content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            stated = content.get("format")
            if stated != FORMAT:
                raise CheckpointError(
                    f"{path} has format {stated!r}; expected {FORMAT!r}, as moviegenre ensemble "
                    "writes it"
                )
            info = ensemble_info({name: content[name] for name in _FACTS}, str(path))
            members = tuple(Member(**member) for member in content["members"])
            names = [member.name for member in members]
            if unsafe := [name for name in names if ".." in PurePath(name).parts]:
                raise ValueError(f"members named {', '.join(unsafe)}")
            return cls(
                info=info,
                members=members,
                combiner=Combiner.from_json_dict(content["weights"], names, list(info.genres)),
                fitted=dict(content["fitted"]),
            )
        except _DAMAGED as error:
            raise CheckpointError(
                f"{path} is damaged ({type(error).__name__}: {error}); {_AGAIN}"
            ) from None


def is_ensemble(path: Path) -> bool:
    """Return whether a path is an ``ensemble.json``, or a folder that holds one."""
    return (path.name == ENSEMBLE_FILE and path.is_file()) or (path / ENSEMBLE_FILE).is_file()


def ensemble_file(path: Path) -> Path:
    """Return the path of ``ensemble.json``."""
    return path / ENSEMBLE_FILE if path.is_dir() else path
