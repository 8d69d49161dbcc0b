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

_BLOCK = {4: 32, 8: 64}  # weights that share a scale
_FEED_FORWARD = re.compile(r"/layer\.\d+/(intermediate|output)/dense/MatMul$")  # BERT and its kin
_LARGE = 4096  # weights; smaller tensors are not worth a cast
_WHOLE, _SCALE = "_whole", "_row_scale"  # what a tensor stored by rows falls into


def quantise(path: Path, out: Path, bits: Bits = 8, *, by_token: bool = False) -> None:
    """Rewrite an ONNX file with 8-bit weights, or 4-bit weights for the largest matrices.

    Matrices are split into blocks with a scale each, and so are their activations at run time:
    nothing has to be calibrated, and a large activation affects only its own block. One scale for
    all of them, as in ONNX Runtime's dynamic quantisation, gave mpnet seventeen times the error
    (docs/dev-log.md).

    Convolutions, which are slower so on most processors, and heads are stored in eight bits and
    computed in 32; n-gram weights, of which eight bits lose the small ones, and recurrent layers
    are stored in 16. Four bits are for the feed-forward blocks of a transformer, two thirds of its
    matrices: attention stands them less well.

    Args:
        path: The file that ``export_onnx`` wrote.
        out: The new file.
        bits: How many the most weights have.
        by_token: Compute in integers with a scale for each token instead of in blocks: three times
            as fast, with two to three times the error. Four bits are always in blocks.

    Raises:
        ConfigError: Four bits are asked for, and there are no feed-forward blocks.
        MissingExtraError: The package onnx or onnx-ir is not installed.
    """
    require_onnx()
    import onnx

    model = onnx.load(path)
    if bits == 4:
        products = [node.name for node in model.graph.node if node.op_type == "MatMul"]
        others = [name for name in products if not _FEED_FORWARD.search(name)]
        if len(others) == len(products):
            raise ConfigError(
                "the model has no feed-forward blocks of a transformer, the only weights that are "
                "stored in four bits; use `only` int8"
            )
        model = _in_blocks(model, 4, excluded=others)
    if by_token and bits == 8:
        scale_by_token(model)
    model = _in_blocks(model, 8)
    _quantise_rows(model)
    _halve(model)
    with atomic_path(out) as temporary:
        onnx.save(model, temporary)


def _in_blocks(
    model: "onnx.ModelProto", bits: Bits, excluded: Sequence[str] = ()
) -> "onnx.ModelProto":
    """Return the model with block-quantised matrix products, except some.

    Products of two activations have no weights and stay.
    """
    onnx_runtime()
    from onnxruntime.quantization.matmul_nbits_quantizer import (
        DefaultWeightOnlyQuantConfig,
        MatMulNBitsQuantizer,
    )

    settings = DefaultWeightOnlyQuantConfig(
        block_size=_BLOCK[bits],
        is_symmetric=True,
        accuracy_level=4,  # activations in eight bits, by block
        op_types_to_quantize=("MatMul",),
        bits=bits,
    )
    quantiser = MatMulNBitsQuantizer(model, nodes_to_exclude=list(excluded), algo_config=settings)
    level = logging.root.manager.disable
    logging.disable(logging.INFO)  # it tells of every node
    try:
        quantiser.process()
    finally:
        logging.disable(level)
    quantised: onnx.ModelProto = quantiser.model.model
    return quantised


def _quantise_rows(model: "onnx.ModelProto") -> None:
    """Store embeddings, convolutions and heads in eight bits, with a scale for each row or channel.

    Of an embedding, the rows that are looked up are brought back; of the rest all, once, when the
    file is loaded.
    """
    graph = model.graph
    large = {tensor.name: tensor for tensor in _large_tensors(model)}
    summed = {name for node in graph.node if node.op_type == "Einsum" for name in node.input}
    looked_up, multiplied = set(large), set(large)
    for node in graph.node:  # a tensor that serves in two ways, or in another one, stays
        is_lookup = node.op_type == "Gather" and node.output[0] not in summed
        is_lookup &= all(one.i == 0 for one in node.attribute if one.name == "axis")
        looked_up -= set(node.input[1:] if is_lookup else node.input)
        is_product = node.op_type in ("Conv", "Gemm")
        multiplied -= {*node.input[:1], *node.input[2:]} if is_product else set(node.input)
    lookups = [node for node in graph.node if node.input and node.input[0] in looked_up]
    for name in sorted(looked_up | multiplied):
        _replace(model, large[name])
    for node in lookups:
        _look_up_whole(model, node)
    for name in sorted(multiplied):
        for position, node in enumerate(_restored(name)):
            graph.node.insert(position, node)


def _replace(model: "onnx.ModelProto", tensor: "onnx.TensorProto") -> None:
    """Replace a tensor by integers and a scale for each row."""
    from onnx import numpy_helper

    values = numpy_helper.to_array(tensor)
    largest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    scale = np.maximum(largest / 127, np.finfo(np.float32).tiny).astype(np.float32)
    whole = np.rint(values / scale).astype(np.int8)
    model.graph.initializer.remove(tensor)
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(whole, f"{tensor.name}{_WHOLE}"),
            numpy_helper.from_array(scale, f"{tensor.name}{_SCALE}"),
        ]
    )


def _look_up_whole(model: "onnx.ModelProto", node: "onnx.NodeProto") -> None:
    """Change a lookup of rows to integers and scales."""
    from onnx import helper

    table, rows = node.input
    (out,) = node.output
    lookups = [
        helper.make_node("Gather", [f"{table}{part}", rows], [f"{out}{part}"], axis=0)
        for part in (_WHOLE, _SCALE)
    ]
    place = list(model.graph.node).index(node)
    model.graph.node.remove(node)
    for new in reversed([*lookups, *_restored(out)]):
        model.graph.node.insert(place, new)


def _restored(name: str) -> "list[onnx.NodeProto]":
    """Return the nodes that compute a tensor from its integers and scales."""
    from onnx import TensorProto, helper

    return [
        helper.make_node("Cast", [f"{name}{_WHOLE}"], [f"{name}_cast"], to=TensorProto.FLOAT),
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
        if name in blocks or name.endswith(_SCALE):  # of rows: small ones would round to nothing
            continue
        halves = numpy_helper.to_array(tensor).astype(np.float16)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(halves, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)


def _large_tensors(model: "onnx.ModelProto") -> "list[onnx.TensorProto]":
    """Return the large 32-bit weights; vectors are too small to matter."""
    from onnx import TensorProto

    return [
        tensor
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT
        and len(tensor.dims) > 1
        and math.prod(tensor.dims) >= _LARGE
    ]
