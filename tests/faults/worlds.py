"""A folder for each command with all that it needs, and what of its results can be compared."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
import yaml

from moviegenre.data.synthetic.generate import synthesize
from moviegenre.experiment.export import export
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint
from tests.tiny_models import tiny_settings
from tests.tiny_movies import IMAGE_SIZE, MAX_TOKENS, write_prepared

_PASSING = re.compile(r"second|created|started|finished|per_second|version|exported_with|_sha256")
_NOT_COMPARED = ("logs", "last.ckpt", ".md", ".html", "checked.json", "moviegenre-lock")


@dataclass(frozen=True)
class Command:
    """A command, and where its results go.

    Attributes:
        name: Of the command, for the table of results.
        arguments: What follows ``moviegenre``, run in the world's folder.
        outputs: The paths that it writes.
        whole: Those of them that are at any moment as before or as afterwards.
        world: Writes what it needs into a folder.
    """

    name: str
    arguments: Sequence[str]
    outputs: Sequence[str]
    whole: Sequence[str]
    world: Callable[[Path, Path], None]


def _movies(root: Path, _bert: Path) -> None:
    synthesize(root / "movies", 24, 0)


def _movies_prepared_before(root: Path, bert: Path) -> None:
    _movies(root, bert)
    write_prepared(root / "prepared", (6, 4, 3))


def _data(root: Path, bert: Path) -> None:
    """Write prepared movies and a suite of small models for them."""
    write_prepared(root / "data", (10, 6, 5))
    encoder = {"name": str(root / "bert")}
    shutil.copytree(bert, root / "bert")
    models = {
        "lstm": tiny_settings("lstm", bert),
        "early_fusion": {
            **tiny_settings("early_fusion", bert),
            "plot_encoder": {**encoder, "frozen": True},
            "init_from": None,
        },
    }
    suite = {
        "prepare": {"source": "synthetic", "synthetic_movies": 24, "min_movies": 4},
        "data": {
            "dir": "data",
            "plot": "first",
            "max_tokens": MAX_TOKENS,
            "image_size": list(IMAGE_SIZE),
        },
        "training": {"max_epochs": 2, "batch_size": 8},
        "checkpoints": "checkpoints",
        "results": "results",
        "models": models,
    }
    (root / "suite.yaml").write_text(yaml.safe_dump(suite), encoding="utf-8")


def _trained(root: Path, bert: Path) -> None:
    """Write prepared movies and two models that were trained on them, one of them exported."""
    _data(root, bert)
    for name in ("lstm", "cnn"):
        checkpoint = tiny_checkpoint(name, bert, Path("data"))
        save_tiny(root / "checkpoints" / name, checkpoint, None)
    rows = "".join(f"f{n},the ghost of a family {n}\n" for n in range(11))
    (root / "films.csv").write_text("id,plot\n" + rows, encoding="utf-8")


def _exported(root: Path, bert: Path) -> None:
    """Write a trained model and an earlier export of another one."""
    _trained(root, bert)
    export(root / "checkpoints" / "cnn", root / "exported", onnx=False, progress=False)


def _reproduced_once(root: Path, bert: Path) -> None:
    _data(root, bert)
    shutil.rmtree(root / "data")
    suite = yaml.safe_load((root / "suite.yaml").read_text(encoding="utf-8"))
    suite["models"] = {"prior": {}, "lstm": suite["models"]["lstm"]}
    (root / "suite.yaml").write_text(yaml.safe_dump(suite), encoding="utf-8")


_PREPARE = ("data", "prepare", "movies", "--out", "prepared", "--min-movies", "4", "--quiet")
_PREDICT = ("predict", "--checkpoint", "checkpoints/lstm", "--input", "films.csv", "--quiet")
_AUDIT = ("data", "audit", "data")
_EVALUATE = ("evaluate", "--checkpoint", "checkpoints/lstm")
_EXPORT = ("export", "--checkpoint", "checkpoints/lstm")

COMMANDS = {
    command.name: command
    for command in (
        Command("prepare", _PREPARE, ["prepared"], ["prepared"], _movies),
        Command(
            "prepare --overwrite",
            [*_PREPARE, "--overwrite"],
            ["prepared"],
            ["prepared"],
            _movies_prepared_before,
        ),
        Command("stats", ["data", "stats", "data", "--json", "s.json"], ["s.json"], [], _data),
        Command(
            "audit",
            [
                "data",
                "audit",
                "data",
                "--out",
                "audit",
                "--drop-leaks",
                "clean",
                "--no-labels",
                "--quiet",
            ],
            ["audit", "clean"],
            ["clean"],
            _data,
        ),
        Command(
            "train",
            ["train", "early_fusion", "--config", "suite.yaml", "--quiet"],
            ["checkpoints", "data"],
            [],
            _data,
        ),
        Command(
            "evaluate",
            [
                "evaluate",
                "--checkpoint",
                "checkpoints/lstm",
                "--thresholds",
                "global",
                "--json",
                "e.json",
                "--quiet",
            ],
            ["checkpoints", "e.json"],
            ["e.json", "checkpoints/lstm/best.pth", "checkpoints/lstm/thresholds.json"],
            _trained,
        ),
        Command(
            "compare",
            ["compare", "checkpoints", "--out", "results", "--quiet"],
            ["results", "checkpoints"],
            ["results/results.json"],
            _trained,
        ),
        Command("predict csv", [*_PREDICT, "--out", "out.csv"], ["out.csv"], ["out.csv"], _trained),
        Command(
            "predict parquet",
            [*_PREDICT, "--out", "out.parquet"],
            ["out.parquet"],
            ["out.parquet"],
            _trained,
        ),
        Command(
            "export",
            [
                "export",
                "--checkpoint",
                "checkpoints/lstm",
                "--out",
                "exported",
                "--parity-movies",
                "8",
                "--quiet",
            ],
            ["exported"],
            ["exported"],
            _exported,
        ),
        Command(
            "reproduce",
            ["reproduce", "--config", "suite.yaml", "--quiet"],
            ["checkpoints", "results", "data"],
            ["results/results.json", "data/train.parquet", "data/datasheet.json"],
            _reproduced_once,
        ),
    )
}


def contents(root: Path, outputs: Sequence[str]) -> dict[str, Any]:
    """Return what lies at some paths, by name, without what differs between equal runs."""
    found: dict[str, Any] = {}
    for output in outputs:
        path = root / output
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            name = file.relative_to(root).as_posix()
            if not any(part in name for part in _NOT_COMPARED):
                found[name] = _content(file)
    return found


def hidden_files(root: Path) -> list[str]:
    """Return what runs left under hidden names."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob(".*moviegenre-*"))


def _content(path: Path) -> Any:
    if path.suffix == ".json":
        return _lasting(json.loads(path.read_text(encoding="utf-8")))
    if path.suffix == ".pth":
        content = torch.load(path, weights_only=True)
        weights = {name: _digest(value.numpy()) for name, value in content["state_dict"].items()}
        return [weights, _lasting(content["metrics"]), content["epoch"]]
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return {name: _digest(arrays[name]) for name in arrays.files}
    if path.suffix == ".npy":
        return _digest(np.load(path))
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(array: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _lasting(value: Any) -> Any:
    """Return plain values without times, and hashes of files that have times."""
    if isinstance(value, dict):
        return {k: _lasting(v) for k, v in value.items() if not _PASSING.search(k) and k != "files"}
    return [_lasting(item) for item in value] if isinstance(value, list) else value
