"""Products of integers with a scale for each token."""

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from moviegenre.artifacts.onnx_products import columns, scale_by_token

ROWS, COLUMNS = 70, 66


def product(weight: npt.NDArray[np.float32]) -> onnx.ModelProto:
    """Return a model that multiplies tokens (B, T, K) by a weight (K, N)."""
    shapes = [("x", [None, None, weight.shape[0]]), ("y", [None, None, weight.shape[1]])]
    given, result = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes)
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="product")
    weights = [numpy_helper.from_array(weight, "w")]
    graph = helper.make_graph([node], "graph", [given], [result], weights)
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def compute(model: onnx.ModelProto, tokens: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    products: npt.NDArray[np.float32] = session.run(["y"], {"x": tokens})[0]
    return products


def test_products_are_close_and_do_not_depend_on_other_tokens() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    tokens = rng.normal(size=(3, 5, ROWS)).astype(np.float32)
    tokens[1] *= 1000
    tokens[2, 4] = 0
    model = product(weight)
    scale_by_token(model)
    assert [node.op_type for node in model.graph.node][-2:] == ["MatMulIntegerToFloat", "Mul"]
    products, expected = compute(model, tokens), tokens @ weight
    size = np.abs(tokens).max(axis=-1, keepdims=True)
    assert (np.abs(products - expected) <= 0.2 * size).all()
    assert np.abs(products - expected)[0].mean() < 0.01 * expected[0].std()
    assert np.array_equal(products[2, 4], np.zeros(COLUMNS))
    assert np.array_equal(compute(model, tokens[:1, :2]), products[:1, :2])


def test_small_products_stay() -> None:
    model = product(np.ones((ROWS, 8), dtype=np.float32))
    scale_by_token(model)
    assert [node.op_type for node in model.graph.node] == ["MatMul"]


@given(st.integers(0, 1000), st.integers(1, 7))
def test_no_sum_of_two_products_overflows_16_bits(seed: int, rows: int) -> None:
    weight = np.random.default_rng(seed).standard_t(3, size=(rows, 5)).astype(np.float32)
    integers, scale = columns(weight)
    even = np.pad(integers.astype(int), ((0, rows % 2), (0, 0)))
    assert np.abs(255 * (even[::2] + even[1::2])).max() < 2**15
    assert (np.abs(integers * scale - weight) <= 0.51 * scale).all()
