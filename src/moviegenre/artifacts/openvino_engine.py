"""OpenVINO as the engine of an ONNX file, with its telemetry switched off."""

import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.onnx_engine import Shape
from moviegenre.core.cores import num_cores
from moviegenre.core.errors import CheckpointError, MissingExtraError, one_line

_TELEMETRY = "openvino_telemetry"

_FIRST_CALL = threading.Lock()
"""Held during an engine's first call: if the first calls of a process are made by two threads, they
may wait for each other for ever, for a table that the package makes then (2026.4)."""


def openvino() -> Any:  # noqa: ANN401 - the package has no types
    """Return the package ``openvino``, imported without its telemetry.

    When it is imported, it writes an identifier of the machine and reports the import to Google
    Analytics, but not where its package for that is missing. If a program imports either package
    earlier, that program's choice holds.

    *Reference*: ``openvino/tools/ovc/__init__.py`` in the package.

    Raises:
        MissingExtraError: It is not installed.
    """
    hidden = _TELEMETRY not in sys.modules
    if hidden:
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # importing it fails
    try:
        import openvino as package  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError("openvino", "openvino", "`backend` openvino") from None
    finally:
        if hidden:
            del sys.modules[_TELEMETRY]
    return package


def capabilities(core: Any) -> list[str]:  # noqa: ANN401 - the package has no types
    """Return what OpenVINO computes with on this processor, such as ``BF16``."""
    names: list[str] = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return names


class OpenVinoEngine:
    """An ONNX file compiled by OpenVINO; see ``Engine``.

    It computes in bf16 where the processor does, otherwise in fp32. The number of films and
    threads does not change a result.

    Args:
        file: The file, with weights in 32 bits.
        num_threads: The number of threads; None takes one for each core.
        films: The number of calls that share these threads, instead of one call with all threads.

    Raises:
        CheckpointError: The file cannot be read.
        MissingExtraError: OpenVINO is not installed.
    """

    def __init__(self, file: Path, num_threads: int | None, films: int) -> None:
        core = openvino().Core()
        settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if "BF16" in capabilities(core) else "f32",
            "INFERENCE_NUM_THREADS": num_threads or num_cores(),
            "NUM_STREAMS": films,
        }
        self._requests = threading.local()  # a request computes one call at a time
        try:
            self._compiled = core.compile_model(file, "CPU", settings)
            self.inputs = [node.any_name for node in self._compiled.inputs]
            self.outputs = {node.any_name: _shape(node) for node in self._compiled.outputs}
            nothing = {node.any_name: _zeros(node) for node in self._compiled.inputs}
            with _FIRST_CALL:
                self.run(list(self.outputs), nothing)
        except Exception as error:  # its errors have no common base but Exception
            reason = one_line(error)
            raise CheckpointError(
                f"{file} cannot be read by OpenVINO: {reason}; use `backend` onnx, or export it "
                "again"
            ) from None

    def run(
        self, names: Sequence[str], inputs: Mapping[str, npt.NDArray[Any]]
    ) -> list[npt.NDArray[np.float32]]:
        """Return outputs by their names, computed from all inputs."""
        if not hasattr(self._requests, "own"):
            self._requests.own = self._compiled.create_infer_request()
        results = self._requests.own.infer(dict(inputs))
        return [results[name] for name in names]


def _shape(node: Any) -> Shape:  # noqa: ANN401 - the package has no types
    return [None if size.is_dynamic else size.get_length() for size in node.partial_shape]


def _zeros(node: Any) -> npt.NDArray[Any]:  # noqa: ANN401 - the package has no types
    """Return zeros for an input, with sizes of 1 where they vary."""
    sizes = [1 if size is None else int(size) for size in _shape(node)]
    return np.zeros(sizes, dtype=node.element_type.to_dtype())
