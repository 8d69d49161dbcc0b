"""Export a trained model as a self-contained folder."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from moviegenre.artifacts.card import model_card
from moviegenre.artifacts.example_batch import example_batch
from moviegenre.artifacts.folder import (
    BACKEND_FILES,
    CARD_FILE,
    INDEX_FILE,
    ONNX_FILE,
    PARITY_FILE,
    WEIGHTS_FILE,
    is_adapted,
    is_exported,
)
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.onnx_export import example_inputs, export_onnx
from moviegenre.artifacts.onnx_graph import fuse, skip_missing_posters
from moviegenre.artifacts.onnx_model import OnnxModel
from moviegenre.artifacts.parity import Parity
from moviegenre.artifacts.quantise import Bits, quantise
from moviegenre.artifacts.torch_folder import seal, write_exported
from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.artifacts.trained import Backend
from moviegenre.core.errors import ConfigError, MissingExtraError
from moviegenre.core.files import write_text
from moviegenre.core.folders import atomic_folder, restore_folder
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.types import SmallBackend

NOT_MEASURED = "The ONNX files were not compared with PyTorch."
NO_ONNX = "There is no ONNX file."

_BITS: dict[SmallBackend, Bits] = {"int8": 8, "int4": 4}

_MAX_ERROR = 0.02
"""The mean error of a file with a scale for each token, relative to the mean size of the logits.

The included model has 0.01."""

Measure = Callable[[Path, Sequence[Backend]], Parity | None]
"""Compares a folder's ONNX files with its exact weights; None if there is nothing to measure on."""


@dataclass(frozen=True)
class Exported:
    """The result of an export.

    Attributes:
        folder: The exported folder.
        parity: The comparison of the ONNX files with PyTorch; None if it was not measured.
        without_onnx: Why the export to ONNX failed; empty if it succeeded or was not requested.
    """

    folder: Path
    parity: Parity | None
    without_onnx: str


def export_model(
    model: TorchModel,
    point: OperatingPoint,
    out: Path,
    *,
    scores: Mapping[str, Mapping[str, Any]],
    data_source: str = "",
    starts_from: Sequence[str] = (),
    onnx: bool = True,
    only: SmallBackend | None = None,
    half: bool = False,
    index: Callable[[Path], None] | None = None,
    measure: Measure | None = None,
) -> Exported:
    """Write a self-contained folder; after a failure, the folder is as it was before.

    Args:
        model: The trained model.
        point: Its calibration and thresholds.
        out: A new folder, or an earlier export, which is replaced.
        scores: By split: ``metrics``, and ``per_genre`` if known.
        data_source: The source of the prepared data, for the card.
        starts_from: A sentence for each further model that the weights learned from, for the card.
        onnx: Also write ``model.onnx`` and ``model.int8.onnx``.
        only: Keep ``model.int8.onnx`` or ``model.int4.onnx`` as the only weights after the
            comparison. Such a folder can only predict.
        half: Write ``model.safetensors`` in 16-bit floats; see ``write_exported``.
        index: Writes the index of similar movies to a file.
        measure: Compares the ONNX files with the model.

    Raises:
        ConfigError: The folder has other content or an adapted model, the model is a fitted
            baseline, which cannot be exported, or ``only`` is set and the model cannot be written
            as ONNX.
        MissingExtraError: ONNX files were requested and the extra is not installed.
    """
    restore_folder(out)
    if out.exists() and not is_exported(out) and (out.is_file() or any(out.iterdir())):
        raise ConfigError(f"{out} is there and is no exported model; name a new folder with `out`")
    if is_adapted(out):
        raise ConfigError(
            f"{out} holds a model of your own genres, which an export does not replace; name a new "
            "folder with `out`"
        )
    if model.network.fitted:
        raise ConfigError(
            f"{model.info.model_name} is a baseline, which is not exported; export a model with a "
            "network, such as bert"
        )
    if only and not onnx:
        raise ConfigError(f"`only` {only} and `onnx` off leave no weights; say one of them")
    if only and half:
        raise ConfigError(f"`half` has no effect with `only` {only}, which keeps no such weights")
    with atomic_folder(out) as folder:
        write_exported(folder, model, scores, half=half)
        point.write(folder / THRESHOLDS_FILE)
        reason = _write_onnx(folder, model, only or "int8") if onnx else ""
        if only and reason:
            raise ConfigError(f"{reason}; leave `only` out")
        seal(folder, model.info)  # the comparison checks the files
        parity = None
        if onnx and not reason and measure is not None:
            names: tuple[Backend, ...] = (only,) if only else ("onnx", "int8")
            parity = measure(folder, names)
        if only:
            (folder / WEIGHTS_FILE).unlink()
            (folder / ONNX_FILE).unlink()
        if index is not None:
            index(folder / INDEX_FILE)
        if parity is not None:
            report = json.dumps(parity.to_json_dict(), indent=1) + "\n"
            write_text(folder / PARITY_FILE, report)
        note = NOT_MEASURED if onnx and not reason else f"{NO_ONNX} {reason}".strip()
        card = model_card(
            model.info,
            point,
            {"validation": {"metrics": model.info.metrics}, **scores},
            data_source=data_source,
            starts_from=starts_from,
            parity=parity,
            onnx_note=note,
        )
        write_text(folder / CARD_FILE, card)
        seal(folder, model.info)
    return Exported(out, parity, reason)


def _is_close(folder: Path, small: SmallBackend, info: ModelInfo) -> bool:
    """Return whether the logits of a small file for example plots are near ``model.onnx``'s."""
    if info.tokenizer is None:
        return True
    batch = example_batch(info, with_posters=False)
    exact, rounded = (
        OnnxModel(folder / BACKEND_FILES[name], info, name).answer(batch).logits
        for name in ("onnx", small)
    )
    return bool(np.abs(exact - rounded).mean() <= _MAX_ERROR * np.abs(exact).mean())


def _write_onnx(folder: Path, model: TorchModel, small: SmallBackend) -> str:
    """Write an ONNX file and a small one; return the reason if this fails, otherwise ""."""
    file = BACKEND_FILES[small]
    try:
        export_onnx(model, folder / ONNX_FILE)
        quantise(folder / ONNX_FILE, folder / file, _BITS[small], by_token=True)
        if not _is_close(folder, small, model.info):
            quantise(folder / ONNX_FILE, folder / file, _BITS[small])
        films = example_inputs(*model.info.data_config.image_size)
        for name in (ONNX_FILE, file):
            skip_missing_posters(folder / name, films)
        fuse(folder / file)
    except (ConfigError, MissingExtraError, OSError, MemoryError):
        raise
    except Exception as error:  # a user's own model; the exporter's errors have no base class
        for name in (ONNX_FILE, file):
            (folder / name).unlink(missing_ok=True)
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return f"{model.info.model_name} cannot be written as ONNX: {lines[0][:200]}"
    return ""
