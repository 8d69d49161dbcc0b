"""Quantise an ONNX file to 8 bits, or most of it to 4 bits."""

import logging
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from moviegenre.artifacts.onnx_export import require_onnx
from moviegenre.artifacts.onnx_products import scale_by_token
from moviegenre.artifacts.onnx_runtime import onnx_runtime
from moviegenre.core.errors import ConfigError
from moviegenre.core.files import atomic_path

if TYPE_CHECKING:
    import onnx

Bits = Literal[4, 8]

_BLOCK_SIZES = {4: 32, 8: 64}  # the number of weights that share a scale, by bits
_FEED_FORWARD = re.compile(r"/layer\.\d+/(intermediate|output)/dense/MatMul$")  # BERT-like encoders
_LARGE = 4096  # number of weights; smaller tensors are not worth a cast
_INTEGERS, _SCALE = "_whole", "_row_scale"  # suffixes of the two parts of a quantised tensor


def quantise(path: Path, out: Path, bits: Bits = 8, *, by_token: bool = False) -> None:
    """Rewrite an ONNX file with 8-bit weights, or 4-bit weights for the largest matrices.

    Matrices are split into blocks with a scale each, and so are their activations at run time. No
    calibration is necessary, and a large activation affects only its own block. With one scale for
    all activations, as in ONNX Runtime's dynamic quantisation, the error of mpnet was seventeen
    times as large (docs/dev-log.md).

    Convolutions and heads are stored in 8 bits and computed in 32: 8-bit convolutions are slower
    on most processors. Recurrent layers and n-gram weights, whose small values 8 bits would lose,
    are stored in 16. Only the feed-forward blocks of a transformer, two thirds of its matrices, are
    stored in 4 bits: the error of 4-bit attention is larger.

    Args:
        path: The file that ``export_onnx`` wrote.
        out: The new file.
        bits: The number of bits of most weights.
        by_token: Compute in integers with a scale for each token instead of in blocks: three times
            as fast, with two to three times the error. No effect on 4-bit weights.

    Raises:
        ConfigError: ``bits`` is 4, and the model has no feed-forward blocks.
        MissingExtraError: The package onnx or onnx-ir is not installed.
    """
    require_onnx()
    import onnx

    model = onnx.load(path)
    if bits == 4:
        products = [node.name for node in model.graph.node if node.op_type == "MatMul"]
        excluded = [name for name in products if not _FEED_FORWARD.search(name)]
        if len(excluded) == len(products):
            raise ConfigError(
                "the model has no feed-forward blocks of a transformer, the only weights that are "
                "stored in four bits; use `only` int8"
            )
        model = _quantise_blocks(model, 4, excluded=excluded)
    if by_token and bits == 8:
        scale_by_token(model)
    model = _quantise_blocks(model, 8)
    _quantise_rows(model)
    _halve(model)
    with atomic_path(out) as temporary:
        onnx.save(model, temporary)


def _quantise_blocks(
    model: "onnx.ModelProto", bits: Bits, excluded: Sequence[str] = ()
) -> "onnx.ModelProto":
    """Return the model with block-quantised matrix products, except the excluded ones.

    Products of two activations have no weights and stay.
    """
    onnx_runtime()
    from onnxruntime.quantization.matmul_nbits_quantizer import (
        DefaultWeightOnlyQuantConfig,
        MatMulNBitsQuantizer,
    )

    settings = DefaultWeightOnlyQuantConfig(
        block_size=_BLOCK_SIZES[bits],
        is_symmetric=True,
        accuracy_level=4,  # 8-bit activations, by block
        op_types_to_quantize=("MatMul",),
        bits=bits,
    )
    quantiser = MatMulNBitsQuantizer(model, nodes_to_exclude=list(excluded), algo_config=settings)
    level = logging.root.manager.disable
    logging.disable(logging.INFO)  # it logs every node
    try:
        quantiser.process()
    finally:
        logging.disable(level)
    quantised: onnx.ModelProto = quantiser.model.model
    return quantised


def _quantise_rows(model: "onnx.ModelProto") -> None:
    """Store embeddings, convolutions and heads in 8 bits, with a scale for each row or channel.

    An embedding's rows are restored to floats when they are looked up. Other tensors are restored
    once, when the file is loaded.
    """
    graph = model.graph
    large = {tensor.name: tensor for tensor in _large_tensors(model)}
    summed_names = {name for node in graph.node if node.op_type == "Einsum" for name in node.input}
    looked_up, multiplied = set(large), set(large)
    for node in graph.node:  # a tensor with two uses, or another use, stays
        is_lookup = node.op_type == "Gather" and node.output[0] not in summed_names
        is_lookup &= all(item.i == 0 for item in node.attribute if item.name == "axis")
        looked_up -= set(node.input[1:] if is_lookup else node.input)
        is_product = node.op_type in ("Conv", "Gemm")
        multiplied -= {*node.input[:1], *node.input[2:]} if is_product else set(node.input)
    lookups = [node for node in graph.node if node.input and node.input[0] in looked_up]
    for name in sorted(looked_up | multiplied):
        _replace(model, large[name])
    for node in lookups:
        _quantise_lookup(model, node)
    for name in sorted(multiplied):
        for position, node in enumerate(_restoring_nodes(name)):
            graph.node.insert(position, node)


def _replace(model: "onnx.ModelProto", tensor: "onnx.TensorProto") -> None:
    """Replace a tensor by 8-bit integers and a scale for each row."""
    from onnx import numpy_helper

    values = numpy_helper.to_array(tensor)
    largest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    scale = np.maximum(largest / 127, np.finfo(np.float32).tiny).astype(np.float32)
    integers = np.rint(values / scale).astype(np.int8)
    model.graph.initializer.remove(tensor)
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(integers, f"{tensor.name}{_INTEGERS}"),
            numpy_helper.from_array(scale, f"{tensor.name}{_SCALE}"),
        ]
    )


def _quantise_lookup(model: "onnx.ModelProto", node: "onnx.NodeProto") -> None:
    """Let a lookup of rows use the integers and scales."""
    from onnx import helper

    table, rows = node.input
    (out,) = node.output
    lookups = [
        helper.make_node("Gather", [f"{table}{suffix}", rows], [f"{out}{suffix}"], axis=0)
        for suffix in (_INTEGERS, _SCALE)
    ]
    index = list(model.graph.node).index(node)
    model.graph.node.remove(node)
    for new_node in reversed([*lookups, *_restoring_nodes(out)]):
        model.graph.node.insert(index, new_node)


def _restoring_nodes(name: str) -> "list[onnx.NodeProto]":
    """Return the nodes that compute a tensor from its integers and scales."""
    from onnx import TensorProto, helper

    return [
        helper.make_node("Cast", [f"{name}{_INTEGERS}"], [f"{name}_cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_cast", f"{name}{_SCALE}"], [name]),
    ]


def _halve(model: "onnx.ModelProto") -> None:
    """Store the remaining large 32-bit weights in 16 bits, with a cast after each."""
    from onnx import TensorProto, helper, numpy_helper

    graph, casts = model.graph, []
    # ONNX Runtime 1.32 computes nonsense with scales of blocks that are not constants.
    blocks = {node.input[2] for node in graph.node if node.op_type == "MatMulNBits"}
    for tensor in _large_tensors(model):
        name = tensor.name
        if name in blocks or name.endswith(_SCALE):  # small scales of rows would round to 0
            continue
        halves = numpy_helper.to_array(tensor).astype(np.float16)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(halves, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)


def _large_tensors(model: "onnx.ModelProto") -> "list[onnx.TensorProto]":
    """Return the large 32-bit weights, without vectors, which are too small to matter."""
    from onnx import TensorProto

    return [
        tensor
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT
        and len(tensor.dims) > 1
        and math.prod(tensor.dims) >= _LARGE
    ]
