"""Compute the matrix products of an ONNX graph in eight-bit integers, with a scale for each token.

Processors with instructions for integers (VNNI) multiply these three times as fast as floats, and
``MatMulNBits`` no faster than floats (docs/performance.md).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

Floats = npt.NDArray[np.float32]

_SMALLEST = 64  # rows and columns; smaller products are not worth their scales
_LARGEST = 127  # of an integer weight
_LARGEST_PAIR = 128  # 255 * 128 still fits in 16 bits
_ONE, _ZERO, _TINY = "token/one", "token/zero", "token/tiny"


def scale_by_token(model: "onnx.ModelProto") -> None:
    """Replace products with weights by products of integers.

    The activations of each token are divided by the largest of them and rounded; each column of the
    weights has a scale of its own. The integers are added exactly, so a film's products do not
    depend on the films beside it. Products of two activations stay.

    Args:
        model: The model, which is changed.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    products = [node for node in graph.node if _is_large_product(node, weights)]
    if not products:
        return
    replacing = {id(node) for node in products}
    nodes: list[onnx.NodeProto] = []
    rounded: set[str] = set()
    for node in graph.node:
        if id(node) not in replacing:
            nodes.append(node)
            continue
        (value, weight), (out,) = node.input, node.output
        if value not in rounded:
            nodes += _rounded(value)
            rounded.add(value)
        whole, scale = f"{weight}_columns", f"{weight}_column_scale"
        if weight in weights:  # which may serve several products
            integers, scales = columns(numpy_helper.to_array(weights[weight]))
            graph.initializer.remove(weights.pop(weight))
            graph.initializer.append(numpy_helper.from_array(integers, whole))
            graph.initializer.append(numpy_helper.from_array(scales, scale))
        product = helper.make_node(
            "MatMulIntegerToFloat",
            [f"{value}/rounded", whole, _ONE, scale, _ZERO],
            [f"{out}/scaled"],
            name=node.name,
            domain="com.microsoft",
        )
        nodes += [product, _node("Mul", [f"{out}/scaled", f"{value}/largest"], out)]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.append(numpy_helper.from_array(np.array(1 / _LARGEST, np.float32), _ONE))
    graph.initializer.append(numpy_helper.from_array(np.array(128, np.uint8), _ZERO))
    graph.initializer.append(numpy_helper.from_array(np.array(1e-30, np.float32), _TINY))
    if all(opset.domain != "com.microsoft" for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def columns(
    weight: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return integers (K, N) and the scale (N,) of each column of a weight.

    Processors without VNNI add the products of two neighbouring rows in 16 bits. The scales are
    large enough for no such sum to overflow.

    Args:
        weight: Floats (K, N).
    """
    even = np.pad(weight, ((0, len(weight) % 2), (0, 0)))
    pairs = np.abs(even[::2] + even[1::2]).max(axis=0) / (_LARGEST_PAIR - 1)  # 1 for rounding
    scale = np.maximum(np.abs(weight).max(axis=0) / _LARGEST, pairs)
    scale = np.maximum(scale, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale


def _is_large_product(node: "onnx.NodeProto", weights: "dict[str, onnx.TensorProto]") -> bool:
    """Return whether a node multiplies activations by a large weight."""
    from onnx import TensorProto

    weight = weights.get(node.input[1]) if node.op_type == "MatMul" else None
    return (
        weight is not None
        and weight.data_type == TensorProto.FLOAT
        and len(weight.dims) == 2
        and min(weight.dims) >= _SMALLEST
    )


def _rounded(value: str) -> "list[onnx.NodeProto]":
    """Return the nodes that round the activations of each token, and keep the largest."""
    size, most, largest, share, rounded = (
        f"{value}/{part}" for part in ("size", "most", "largest", "share", "rounded")
    )
    return [
        _node("Abs", [value], size),
        _node("ReduceMax", [size], most, axes=[-1], keepdims=1),
        _node("Max", [most, _TINY], largest),  # a token of zeros
        _node("Div", [value, largest], share),
        _node("QuantizeLinear", [share, _ONE, _ZERO], rounded),
    ]


def _node(kind: str, inputs: list[str], output: str, **settings: Any) -> "onnx.NodeProto":  # noqa: ANN401 - ONNX
    """Return a node with one output, which is its name as well: a profile shows where it is."""
    from onnx import helper

    return helper.make_node(kind, inputs, [output], name=output, **settings)
