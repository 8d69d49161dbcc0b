"""An ONNX file with its weights in eight bits, or the most of them in four."""

import logging
import math
import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from moviegenre.core.errors import ConfigError, MissingExtraError
from moviegenre.core.files import atomic_path

if TYPE_CHECKING:
    import onnx

Bits = Literal[4, 8]

_BLOCK = {4: 32, 8: 64}  # weights that share a scale
_FEED_FORWARD = re.compile(r"/layer\.\d+/(intermediate|output)/dense/MatMul$")  # BERT and its kin
_LARGE = 4096  # weights; smaller tensors are not worth a cast
_SCALE = "_row_scale"


def quantise(path: Path, out: Path, bits: Bits = 8) -> None:
    """Write an ONNX file again with its weights in eight bits, or in four where they are the most.

    Matrices are cut into blocks that have a scale each, and so are the activations that they are
    multiplied with, as these come: nothing has to be calibrated, and a large activation coarsens
    its own block alone. One scale for all of them, as ONNX Runtime's dynamic quantisation has it,
    cost mpnet seventeen times the error (docs/dev-log.md).

    Convolutions, which are slower so on most processors, and heads are stored in eight bits and
    computed in 32; n-gram weights, of which eight bits lose the small ones, and recurrent layers
    are stored in 16. Four bits are for the feed-forward blocks of a transformer, two thirds of its
    matrices: attention stands them less well.

    Args:
        path: The file that ``export_onnx`` wrote.
        out: The new file.
        bits: How many the most weights have.

    Raises:
        ConfigError: Four bits are asked for, and there are no feed-forward blocks.
        MissingExtraError: The package onnx or onnx-ir is not installed.
    """
    try:
        import onnx
        import onnx_ir  # noqa: F401 - the quantiser's own need, of which it says little
    except ImportError:
        raise MissingExtraError("onnx and onnx-ir", "onnx", "writing ONNX files") from None
    model = onnx.load(path)
    products = [node.name for node in model.graph.node if node.op_type == "MatMul"]
    four = {name for name in products if bits == 4 and _FEED_FORWARD.search(name)}
    if bits == 4 and not four:
        raise ConfigError(
            "the model has no feed-forward blocks of a transformer, the only weights that are "
            "stored in four bits; use --int8-only"
        )
    model = _in_blocks(model, 4, products, four)
    model = _in_blocks(model, 8, products, set(products) - four)
    _quantise_rows(model)
    _halve(model)
    with atomic_path(out) as temporary:
        onnx.save(model, temporary)


def _in_blocks(
    model: "onnx.ModelProto", bits: Bits, products: Collection[str], chosen: set[str]
) -> "onnx.ModelProto":
    """Return the model with the weights of the chosen matrix products quantised in blocks.

    Products of two activations have none and stay.
    """
    from onnxruntime.quantization.matmul_nbits_quantizer import (
        DefaultWeightOnlyQuantConfig,
        MatMulNBitsQuantizer,
    )

    if not chosen:
        return model
    settings = DefaultWeightOnlyQuantConfig(
        block_size=_BLOCK[bits],
        is_symmetric=True,
        accuracy_level=4,  # activations in eight bits, by block
        op_types_to_quantize=("MatMul",),
        bits=bits,
    )
    quantiser = MatMulNBitsQuantizer(
        model,
        nodes_to_exclude=[name for name in products if name not in chosen],
        algo_config=settings,
    )
    level = logging.root.manager.disable
    logging.disable(logging.INFO)  # it tells of every node
    try:
        quantiser.process()
    finally:
        logging.disable(level)
    found: onnx.ModelProto = quantiser.model.model
    return found


def _quantise_rows(model: "onnx.ModelProto") -> None:
    """Store embeddings, convolutions and heads in eight bits, with a scale for each row or channel.

    Of an embedding, the rows that are looked up are brought back; of the rest all, once, when the
    file is loaded.
    """
    from onnx import TensorProto

    graph = model.graph
    large = {
        tensor.name: tensor
        for tensor in graph.initializer
        if tensor.data_type == TensorProto.FLOAT
        and len(tensor.dims) > 1
        and math.prod(tensor.dims) >= _LARGE
    }
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
        for position, node in enumerate(_restored(name, f"{name}_whole", f"{name}{_SCALE}")):
            graph.node.insert(position, node)


def _replace(model: "onnx.ModelProto", tensor: "onnx.TensorProto") -> None:
    """Put whole numbers and scales, by row, in the place of a tensor."""
    from onnx import numpy_helper

    values = numpy_helper.to_array(tensor)
    largest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    scale = np.maximum(largest / 127, np.finfo(np.float32).tiny).astype(np.float32)
    whole = np.rint(values / scale).astype(np.int8)
    model.graph.initializer.remove(tensor)
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(whole, f"{tensor.name}_whole"),
            numpy_helper.from_array(scale, f"{tensor.name}{_SCALE}"),
        ]
    )


def _look_up_whole(model: "onnx.ModelProto", node: "onnx.NodeProto") -> None:
    """Let a node that looks rows up do so in whole numbers and scales."""
    from onnx import helper

    table, rows = node.input
    (out,) = node.output
    found = [
        helper.make_node("Gather", [f"{table}{part}", rows], [f"{out}{part}"], axis=0)
        for part in ("_whole", _SCALE)
    ]
    place = list(model.graph.node).index(node)
    model.graph.node.remove(node)
    for new in reversed([*found, *_restored(out, f"{out}_whole", f"{out}{_SCALE}")]):
        model.graph.node.insert(place, new)


def _restored(name: str, whole: str, scale: str) -> "list[onnx.NodeProto]":
    """Return the nodes that compute a tensor from whole numbers and scales."""
    from onnx import TensorProto, helper

    return [
        helper.make_node("Cast", [whole], [f"{name}_cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_cast", scale], [name]),
    ]


def _halve(model: "onnx.ModelProto") -> None:
    """Store what is left of large 32-bit weights in 16, with a cast behind each."""
    from onnx import TensorProto, helper, numpy_helper

    graph, casts = model.graph, []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        name = tensor.name
        is_scale = name.endswith(_SCALE)  # of rows: small ones would round to nothing
        if values.ndim < 2 or values.size < _LARGE or is_scale:
            continue
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
