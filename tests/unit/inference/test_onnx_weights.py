"""Weights are read from an ONNX file without the package onnx; other files are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from moviegenre.inference.onnx_weights import read_weights

WEIGHTS: dict[str, npt.NDArray[Any]] = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "half": np.linspace(-1, 1, 5).astype(np.float16),
    "whole": np.array([[-128], [127]], dtype=np.int8),
    "columns": np.array([-1, 2**40], dtype=np.int64),
    "scalar": np.array(0.5, dtype=np.float32),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "graph",
        [value],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])],
        [numpy_helper.from_array(values, name) for name, values in WEIGHTS.items()],
    )
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph), path)
    return path


def test_weights_are_those_that_were_written(file: Path) -> None:
    found = read_weights(file, [*WEIGHTS, "another"])
    assert set(found) == set(WEIGHTS)
    for name, values in WEIGHTS.items():
        np.testing.assert_array_equal(found[name], values)
        assert found[name].dtype == values.dtype


def test_only_those_that_are_named_are_returned(file: Path) -> None:
    assert list(read_weights(file, ["half"])) == ["half"]


@pytest.mark.parametrize("content", [b"no ONNX file at all", b"\x3a\xff", b"\xff" * 20])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="expected an ONNX file"):
        read_weights(path, ["matrix"])
