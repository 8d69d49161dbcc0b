"""The import of ONNX Runtime, with its telemetry switched off."""

import os
from typing import Any

_OPT_OUT = "ORT_DISABLE_TELEMETRY"


def onnx_runtime() -> Any:  # noqa: ANN401 - the package has no types
    """Return the package ``onnxruntime``, imported with its telemetry switched off.

    From 1.29 on it reports models, errors and an identifier of the machine to Microsoft, by a
    thread that may outlive the interpreter. It reads the variable once, when it is imported: a
    program that imports it first decides for itself.

    *Reference*: ``Privacy.md`` in the package.
    """
    os.environ.setdefault(_OPT_OUT, "1")
    import onnxruntime

    return onnxruntime
