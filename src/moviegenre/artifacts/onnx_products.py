"""Compute the matrix products of an ONNX graph in 8-bit integers, with a scale for each token.

Processors with instructions for integers (VNNI) multiply integers three times as fast as floats.
``MatMulNBits`` is no faster than floats (docs/performance.md).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

Floats = npt.NDArray[np.float32]

_SMALLEST = 64  # rows and columns; smaller products are not worth their scales
_LARGEST = 127  # the largest integer weight
_LARGEST_PAIR = 128  # the largest sum of two neighbouring weights: 255 * 128 fits in 16 bits
_ONE, _ZERO, _TINY = "token/one", "token/zero", "token/tiny"


def scale_by_token(model: "onnx.ModelProto") -> None:
    """Replace products with weights by products of integers.

    The activations of each token are divided by their largest value and rounded. Each column of
    the weights has its own scale. Sums of integers are exact, so a film's products do not depend
    on the other films of the batch. Products of two activations stay.

    Args:
        model: The model; it is changed in place.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    products = [node for node in graph.node if _is_large_product(node, weights)]
    if not products:
        return
    product_ids = {id(node) for node in products}
    nodes: list[onnx.NodeProto] = []
    rounded_names: set[str] = set()
    for node in graph.node:
        if id(node) not in product_ids:
            nodes.append(node)
            continue
        (activations, weight), (out,) = node.input, node.output
        if activations not in rounded_names:
            nodes += _rounding_nodes(activations)
            rounded_names.add(activations)
        integer_name, scale_name = f"{weight}_columns", f"{weight}_column_scale"
        if weight in weights:  # not yet replaced: several products may share it
            integers, scales = columns(numpy_helper.to_array(weights[weight]))
            graph.initializer.remove(weights.pop(weight))
            graph.initializer.append(numpy_helper.from_array(integers, integer_name))
            graph.initializer.append(numpy_helper.from_array(scales, scale_name))
        product = helper.make_node(
            "MatMulIntegerToFloat",
            [f"{activations}/rounded", integer_name, _ONE, scale_name, _ZERO],
            [f"{out}/scaled"],
            name=node.name,
            domain="com.microsoft",
        )
        nodes += [product, _node("Mul", [f"{out}/scaled", f"{activations}/largest"], out)]
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
    large enough that no such sum overflows.

    Args:
        weight: Floats (K, N).
    """
    padded = np.pad(weight, ((0, len(weight) % 2), (0, 0)))
    pairs = np.abs(padded[::2] + padded[1::2]).max(axis=0) / (_LARGEST_PAIR - 1)  # 1 for rounding
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


def _rounding_nodes(activations: str) -> "list[onnx.NodeProto]":
    """Return the nodes that round the activations of each token and output the largest one."""
    magnitude, maximum, largest, scaled, rounded = (
        f"{activations}/{part}" for part in ("size", "most", "largest", "share", "rounded")
    )
    return [
        _node("Abs", [activations], magnitude),
        _node("ReduceMax", [magnitude], maximum, axes=[-1], keepdims=1),
        _node("Max", [maximum, _TINY], largest),  # a token of zeros
        _node("Div", [activations, largest], scaled),
        _node("QuantizeLinear", [scaled, _ONE, _ZERO], rounded),
    ]


def _node(kind: str, inputs: list[str], output: str, **settings: Any) -> "onnx.NodeProto":  # noqa: ANN401 - ONNX
    """Return a node with one output; the output is also its name, which profiles show."""
    from onnx import helper

    return helper.make_node(kind, inputs, [output], name=output, **settings)
