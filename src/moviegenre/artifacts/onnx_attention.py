"""Merge the nodes of self-attention in an ONNX graph."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

_HEADS, _KEYS = [0, 2, 1, 3], [0, 2, 3, 1]  # transpositions of (B, T, heads, size)


class _Graph:
    """A graph with an index of its values.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: "onnx.GraphProto") -> None:
        self.graph = graph
        self.producer = {name: node for node in graph.node for name in node.output}
        self.constants = {tensor.name: tensor for tensor in graph.initializer}

    def before(self, name: str, kind: str) -> "onnx.NodeProto | None":
        """Return the node that computes a value, if it is of this kind."""
        node = self.producer.get(name)
        return node if node is not None and node.op_type == kind else None

    def after(self, name: str, kind: str) -> "onnx.NodeProto | None":
        """Return the only node of this kind that reads a value; None for none or several."""
        nodes = [node for node in self.graph.node if name in node.input and node.op_type == kind]
        return nodes[0] if len(nodes) == 1 else None

    def by_heads(self, name: str, order: list[int]) -> "onnx.NodeProto | None":
        """Return the Reshape that splits a value into heads, before a Transpose in this order."""
        transpose = self.before(name, "Transpose")
        if transpose is None or list(transpose.attribute[0].ints) != order:
            return None
        return self.before(transpose.input[0], "Reshape")

    def num_heads(self, reshape: "onnx.NodeProto") -> int | None:
        """Return the number of heads that a Reshape makes; None if it is not constant."""
        from onnx import numpy_helper

        shape, bias_sum = (
            self.before(reshape.input[1], "Concat"),
            self.before(reshape.input[0], "Add"),
        )
        size = None if shape is None else self.constants.get(shape.input[-1])
        if size is None or bias_sum is None:
            return None
        widths = [self.constants[name].dims[0] for name in bias_sum.input if name in self.constants]
        return int(widths[0] // numpy_helper.to_array(size).item()) if widths else None


def fuse_attention(model: "onnx.ModelProto") -> None:
    """Replace the nodes of each self-attention by one.

    The nodes that protect softmax from rows without a token are dropped: encoders get no such rows.

    Args:
        model: A model that ONNX Runtime has optimised; it is changed in place.
    """
    graph = _Graph(model.graph)
    for softmax in [node for node in model.graph.node if node.op_type == "Softmax"]:
        attention = _merged_attention(graph, softmax)
        if attention is not None:
            graph.producer[attention.output[0]].CopyFrom(attention)
    _drop_unused(model.graph)


def _merged_attention(graph: _Graph, softmax: "onnx.NodeProto") -> "onnx.NodeProto | None":
    """Return the node that replaces the attention around a softmax; None for other attention."""
    from onnx import helper

    masked = graph.before(softmax.input[0], "Add")
    scores = masked and graph.before(masked.input[0], "FusedMatMul")
    if masked is None or scores is None:
        return None
    probs = softmax.output[0]
    guard = graph.after(probs, "Where")
    probs = probs if guard is None else guard.output[0]
    product = graph.after(probs, "MatMul")
    reshape = product and graph.after(product.output[0], "Reshape")  # without effect on the shape
    states = reshape or product
    transpose = states and graph.after(states.output[0], "Transpose")
    output = transpose and graph.after(transpose.output[0], "Reshape")
    query = graph.by_heads(scores.input[0], _HEADS)
    key = graph.by_heads(scores.input[1], _KEYS)
    value = product and graph.by_heads(product.input[1], _HEADS)
    num_heads = query and graph.num_heads(query)
    if output is None or query is None or key is None or value is None or not num_heads:
        return None
    settings = {item.name: item for item in scores.attribute}
    return helper.make_node(
        "MultiHeadAttention",
        [query.input[0], key.input[0], value.input[0], "", "", masked.input[1]],
        [output.output[0]],
        name=softmax.name,
        domain="com.microsoft",
        num_heads=num_heads,
        scale=settings["alpha"].f,
    )


def _drop_unused(graph: "onnx.GraphProto") -> None:
    """Remove nodes and weights that no output depends on."""
    used = {output.name for output in graph.output}
    used_nodes = []
    for node in reversed(graph.node):  # nodes are in the order of execution
        if not used.isdisjoint(node.output):
            used_nodes.append(node)
            used.update(node.input)
            for branch in (item.g for item in node.attribute if item.HasField("g")):
                used.update(name for branch_node in branch.node for name in branch_node.input)
    weights = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(used_nodes))
    graph.initializer.extend(weights)
