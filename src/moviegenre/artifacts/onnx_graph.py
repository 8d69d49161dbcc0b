"""Rewrite the graph of an ONNX file so that it loads and runs faster, with the same logits."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.onnx_attention import fuse_attention
from moviegenre.artifacts.onnx_runtime import FUSED, onnx_runtime
from moviegenre.core.files import atomic_path

if TYPE_CHECKING:
    import onnx

_ENCODER = "/model/poster_encoder/"  # the prefix of its nodes, from PyTorch's exporter


def skip_missing_posters(path: Path, films: Mapping[str, npt.NDArray[Any]]) -> None:
    """Compute the poster encoder of a model only if a film of the batch has a poster.

    The encoder's nodes move into a branch. The other branch outputs embeddings of zeros, which the
    model ignores because ``has_poster`` is false. A model without a poster encoder stays as it is.

    Args:
        path: The ONNX file; it is replaced.
        films: Inputs of a few films by name, to compute the size of the embeddings.
    """
    import onnx

    model = onnx.load(path)
    graph = model.graph
    encoder = _encoder_nodes(graph)
    if not encoder:
        return
    branch = [node for i, node in enumerate(graph.node) if i in encoder]
    outside = [node for i, node in enumerate(graph.node) if i not in encoder]
    used_inside = {name for node in branch for name in node.input}
    used_outside = {name for node in outside for name in node.input}
    outputs = [name for node in branch for name in node.output if name in used_outside]
    embeddings = {name: _shape(model, name, films) for name in outputs}
    branch_names = used_inside - used_outside
    branch_weights = [tensor for tensor in graph.initializer if tensor.name in branch_names]
    other_weights = [tensor for tensor in graph.initializer if tensor.name not in branch_names]
    first = next(i for i, node in enumerate(outside) if not set(outputs).isdisjoint(node.input))
    condition = _condition(branch, branch_weights, embeddings)
    nodes = [*outside[:first], *condition, *outside[first:]]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(other_weights)
    onnx.checker.check_model(model)
    with atomic_path(path) as temporary:
        onnx.save(model, temporary)


def _encoder_nodes(graph: "onnx.GraphProto") -> set[int]:
    """Return the positions of the nodes whose outputs only the poster encoder uses."""
    needs_image, users = {"image"}, defaultdict(list)
    for position, node in enumerate(graph.node):  # in the order of execution
        if not needs_image.isdisjoint(node.input):
            needs_image.update(node.output)
        for name in node.input:
            users[name].append(position)
    inside = {
        position
        for position, node in enumerate(graph.node)
        if node.name.startswith(_ENCODER) and not needs_image.isdisjoint(node.output)
    }
    for position, node in reversed(list(enumerate(graph.node))):
        consumers = [user for name in node.output for user in users[name]]
        if consumers and inside.issuperset(consumers):
            inside.add(position)
    return inside


def _shape(
    model: "onnx.ModelProto", name: str, films: Mapping[str, npt.NDArray[Any]]
) -> tuple[int, ...]:
    """Return the shape of a value of the graph for one film, computed with example films."""
    import onnx

    onnxruntime = onnx_runtime()
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        probe.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    inputs = {node.name: films[node.name] for node in session.get_inputs()}
    (value,) = session.run([name], inputs)
    return tuple(value.shape[1:])


def _condition(
    branch: "list[onnx.NodeProto]",
    weights: "list[onnx.TensorProto]",
    embeddings: Mapping[str, tuple[int, ...]],
) -> "list[onnx.NodeProto]":
    """Return the nodes that compute a branch if a film has a poster, and zeros otherwise."""
    from onnx import TensorProto, helper, numpy_helper

    zeros, values, zero_values = [helper.make_node("Shape", ["has_poster"], ["none/films"])], [], []
    for index, (name, shape) in enumerate(embeddings.items()):
        size, full_shape, out = f"none/size{index}", f"none/shape{index}", f"none/embedding{index}"
        film_shape = numpy_helper.from_array(np.array(shape, dtype=np.int64))
        zero = numpy_helper.from_array(np.zeros(1, dtype=np.float32))
        zeros += [
            helper.make_node("Constant", [], [size], value=film_shape),
            helper.make_node("Concat", ["none/films", size], [full_shape], axis=0),
            helper.make_node("ConstantOfShape", [full_shape], [out], value=zero),
        ]
        values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["films", *shape]))
        zero_values.append(helper.make_tensor_value_info(out, TensorProto.FLOAT, ["films", *shape]))
    return [
        helper.make_node("Cast", ["has_poster"], ["poster/number"], to=TensorProto.INT32),
        helper.make_node("ReduceMax", ["poster/number"], ["poster/any"], keepdims=0),
        helper.make_node("Cast", ["poster/any"], ["poster/condition"], to=TensorProto.BOOL),
        helper.make_node(
            "If",
            ["poster/condition"],
            list(embeddings),
            name=f"{_ENCODER}If",
            then_branch=helper.make_graph(branch, "poster", [], values, weights),
            else_branch=helper.make_graph(zeros, "no_poster", [], zero_values),
        ),
    ]


def fuse(path: Path) -> None:
    """Let ONNX Runtime merge the nodes of a file once instead of at each load.

    Only merges that every processor supports are made. Small weights are not restored to floats, so
    the file keeps its size. The property ``FUSED`` marks the file as merged.

    Args:
        path: The file; it is replaced. Afterwards only ONNX Runtime can compute it.
    """
    import onnx

    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.add_session_config_entry("session.disable_prepacking", "1")
    with atomic_path(path) as temporary:
        options.optimized_model_filepath = str(temporary)
        onnxruntime.InferenceSession(
            path,
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["ConstantFolding"],
        )
        model = onnx.load(temporary)
        fuse_attention(model)
        _drop_new_attributes(model.graph)
        onnx.helper.set_model_props(model, {FUSED: "1"})
        onnx.save(model, temporary)


def _drop_new_attributes(graph: "onnx.GraphProto") -> None:
    """Remove attributes without effect that the oldest ONNX Runtime, 1.22, does not accept."""
    for node in graph.node:
        for attribute in list(node.attribute):
            if attribute.name == "weight_prepacked" and not attribute.i:
                node.attribute.remove(attribute)
