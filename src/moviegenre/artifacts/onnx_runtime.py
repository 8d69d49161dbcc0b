"""The import of ONNX Runtime, with its telemetry switched off."""

import os
from typing import Any

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
