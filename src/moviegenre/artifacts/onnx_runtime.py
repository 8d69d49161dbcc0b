"""ONNX Runtime as the engine of an ONNX file, with its telemetry switched off."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.onnx_engine import Shape
from moviegenre.core.errors import CheckpointError, one_line

FUSED = "moviegenre.fused"
"""The property of an ONNX file whose nodes ``onnx_graph.fuse`` has merged."""

_OPT_OUT = "ORT_DISABLE_TELEMETRY"


def onnx_runtime() -> Any:  # noqa: ANN401 - the package has no types
    """Return the package ``onnxruntime``, imported with its telemetry switched off.

    Since version 1.29 it reports models, errors and an identifier of the machine to Microsoft, in
    a thread that may outlive the interpreter. It reads the variable once, at import: if a program
    imports it earlier, that program's setting holds.

    *Reference*: ``Privacy.md`` in the package.
    """
    os.environ.setdefault(_OPT_OUT, "1")
    import onnxruntime

    return onnxruntime


class OnnxRuntimeEngine:
    """An ONNX file in a session of ONNX Runtime; see ``Engine``.

    Args:
        file: The file.
        num_threads: The number of threads for one call; None takes one for each core.
        quick: See ``OnnxModel``.

    Raises:
        CheckpointError: The file cannot be read.
    """

    def __init__(self, file: Path, num_threads: int | None, quick: bool) -> None:
        onnxruntime = onnx_runtime()
        fused = quick and _is_fused(file)
        options = onnxruntime.SessionOptions()
        if fused:  # further merges take more time than they save for a few films
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3  # only errors; its warnings are about its own optimiser
        # Threads that wait in a loop take processor time from other programs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.intra_op_num_threads = num_threads or 0
        try:
            self.session = onnxruntime.InferenceSession(
                file,
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=["ConstantFolding"] if quick and not fused else None,
            )
        except Exception as error:  # its errors have no common base but Exception
            reason = one_line(error)
            raise CheckpointError(f"{file} cannot be read: {reason}; export it again") from None
        self.inputs = [node.name for node in self.session.get_inputs()]
        self.outputs: dict[str, Shape] = {
            node.name: node.shape for node in self.session.get_outputs()
        }

    def run(
        self, names: Sequence[str], inputs: Mapping[str, npt.NDArray[Any]]
    ) -> list[npt.NDArray[np.float32]]:
        """Return outputs by their names, computed from all inputs."""
        results: list[npt.NDArray[np.float32]] = self.session.run(names, inputs)
        return results


def _is_fused(path: Path) -> bool:
    """Return whether ``onnx_graph.fuse`` wrote a file; the properties are at the end of a file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 256))
        return FUSED.encode() in file.read()
