"""Write the ONNX file of an adapted model: the base model's with new outputs."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from moviegenre.adapt.regression import Regressions
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.trained import EMBEDDING
from moviegenre.core.errors import CheckpointError
from moviegenre.core.types import Part

if TYPE_CHECKING:
    import onnx


def write_graph(
    weights: Path,
    regressions: Regressions,
    out: Path,
    reads: Collection[Part],
    base: ModelInfo,
) -> None:
    """Write a copy of an ONNX file with regressions on its embedding and its logits.

    Args:
        weights: The ONNX file of the base model.
        regressions: The regressions.
        out: The new file.
        reads: The parts of a film that the new model reads; the file has no inputs for others.
        base: The description of the base model.

    Raises:
        CheckpointError: The ONNX file has no embeddings.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(weights)
    graph = model.graph
    if EMBEDDING not in [output.name for output in graph.output]:
        raise CheckpointError(f"{weights} gives no embeddings; export the model again")
    prefix = "adapted"
    while any(node.name == prefix for node in graph.node):  # the base is an adapted model itself
        prefix += "_again"
    base_logits, features, weight, bias = (
        f"{prefix}/{name}" for name in ("base_logits", "features", "weight", "bias")
    )
    for node in graph.node:
        node.output[:] = [base_logits if name == "logits" else name for name in node.output]
    graph.initializer.extend(
        [
            numpy_helper.from_array(regressions.weight.astype(np.float32), weight),
            numpy_helper.from_array(regressions.bias.astype(np.float32), bias),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("Concat", [EMBEDDING, base_logits], [features], axis=1, name=features),
            helper.make_node("Gemm", [features, weight, bias], ["logits"], name=prefix),
        ]
    )
    embedding = next(output for output in graph.output if output.name == EMBEDDING)
    num_genres = len(regressions.bias)
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["films", num_genres])
    outputs = [logits, embedding]
    del graph.output[:]
    graph.output.extend(outputs)
    inputs = {"plot": ("input_ids", "attention_mask"), "poster": ("image", "has_poster")}
    for part, names in inputs.items():
        if part not in reads:
            _leave_out(graph, names, base, f"{prefix}/{part}")
    onnx.save(model, out)


def _leave_out(
    graph: "onnx.GraphProto", names: Collection[str], base: ModelInfo, prefix: str
) -> None:
    """Replace inputs of a graph by constants: films without a plot, or without a poster."""
    from onnx import helper, numpy_helper

    left_out = [one for one in graph.input if one.name in names]
    inputs = [one for one in graph.input if one.name not in names]
    first, films = inputs[0].name, f"{prefix}/films"
    del graph.input[:]
    graph.input.extend(inputs)
    nodes = [helper.make_node("Shape", [first], [films], start=0, end=1)] if left_out else []
    for value in left_out:
        kind = value.type.tensor_type
        dims = [dim.dim_value or 1 for dim in kind.shape.dim[1:]]
        pad_id = base.tokenizer.pad_id if base.tokenizer and value.name == "input_ids" else 0
        fill = np.array([pad_id], dtype=helper.tensor_dtype_to_np_dtype(kind.elem_type))
        shape, rest = f"{prefix}/{value.name}/shape", f"{prefix}/{value.name}/dims"
        graph.initializer.append(numpy_helper.from_array(np.array(dims, dtype=np.int64), rest))
        constant = numpy_helper.from_array(fill, "value")
        nodes += [
            helper.make_node("Concat", [films, rest], [shape], axis=0),
            helper.make_node("ConstantOfShape", [shape], [value.name], value=constant),
        ]
    others = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *others])
