"""``ensemble.json``: the members of an ensemble and the weights that combine them.

The file identifies each member by path and SHA-256. Only an exported ensemble has copies of them.
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
_INFO_FIELDS = ("genres", "config", "metrics", "versions", "data_fingerprint")
_FIT_AGAIN = "fit the ensemble again with: moviegenre ensemble"


@dataclass(frozen=True)
class Member:
    """One of the models.

    Attributes:
        name: Its name in the ensemble; unique there.
        model_name: The name of its model on the command line.
        path: The file of its weights; relative to the ensemble's folder, or absolute.
        sha256: The SHA-256 of that file.
    """

    name: str
    model_name: str
    path: str
    sha256: str

    @classmethod
    def of(cls, name: str, model_name: str, weights: Path, folder: Path) -> "Member":
        """Return a member; its path is relative if the weights lie in the parent of ``folder``.

        Args:
            name: Its name in the ensemble.
            model_name: The name of its model.
            weights: The file of its weights.
            folder: The folder of the ensemble.
        """
        weights, folder = real_path(weights), real_path(folder)
        is_near = weights.is_relative_to(folder.parent)
        path = os.path.relpath(weights, folder) if is_near else str(weights)
        return cls(name, model_name, path, known_sha256(weights, anew=True))

    def file(self, folder: Path, *, anew: bool = False) -> Path:
        """Return the path of its weights, for an ensemble in ``folder``.

        Args:
            folder: The folder of the ensemble.
            anew: Compute the hash again, even if it is cached.

        Raises:
            CheckpointError: The weights are missing or have changed.
        """
        path = folder / self.path
        if not path.is_file():
            step = f"bring it back, or {_FIT_AGAIN}"
            raise CheckpointError(missing_path_message(path, f"the member {self.name}", step))
        if known_sha256(path, anew=anew) != self.sha256:
            raise CheckpointError(
                f"{path} is not what the ensemble's weights were fitted to: {self.name} was "
                f"trained again since; {_FIT_AGAIN}"
            )
        return path


def ensemble_info(facts: Mapping[str, Any], where: str) -> ModelInfo:
    """Return the description of an ensemble without its members.

    Args:
        facts: Its ``genres``; its ``config`` (the ``data`` settings that the members share, and
            the members' names as ``model``); cross-validated ``metrics`` on validation, fractions;
            ``versions``; ``data_fingerprint`` of the movies that its weights were fitted to.
        where: The source of the facts, for the message.

    Raises:
        CheckpointError: A fact is missing or has the wrong type.
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
        fitted: The method and the gain of fitting the weights, as plain values.
    """

    info: ModelInfo
    members: tuple[Member, ...]
    combiner: Combiner
    fitted: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the file in one step, then a manifest beside it.

        Args:
            path: The file; the other files of the ensemble are already beside it.
        """
        (path.parent / MANIFEST_FILE).unlink(missing_ok=True)
        names = [member.name for member in self.members]
        content = {
            "format": FORMAT,
            **{name: value for name, value in self.info.stored().items() if name in _INFO_FIELDS},
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
        """Read the file that ``write`` wrote.

        Raises:
            CheckpointError: The file is damaged, has changed, or has another format.
        """
        checked_manifest(path.parent, [path.name])
        try:
            content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            file_format = content.get("format")
            if file_format != FORMAT:
                raise CheckpointError(
                    f"{path} has format {file_format!r}; expected {FORMAT!r}, as moviegenre "
                    "ensemble writes it"
                )
            info = ensemble_info({name: content[name] for name in _INFO_FIELDS}, str(path))
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
                f"{path} is damaged ({type(error).__name__}: {error}); {_FIT_AGAIN}"
            ) from None


def is_ensemble(path: Path) -> bool:
    """Return whether a path is an ``ensemble.json``, or a folder with one."""
    return (path.name == ENSEMBLE_FILE and path.is_file()) or (path / ENSEMBLE_FILE).is_file()


def ensemble_file(path: Path) -> Path:
    """Return the path of ``ensemble.json``."""
    return path / ENSEMBLE_FILE if path.is_dir() else path
