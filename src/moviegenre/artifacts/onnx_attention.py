"""Merge the nodes of self-attention in an ONNX graph."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

_HEADS, _KEYS = [0, 2, 1, 3], [0, 2, 3, 1]  # transpositions of (B, T, heads, size)


class _Graph:
    """A graph and where its values come from.

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
        """Return the Reshape that cuts a value into heads, which are then transposed so."""
        moved = self.before(name, "Transpose")
        if moved is None or list(moved.attribute[0].ints) != order:
            return None
        return self.before(moved.input[0], "Reshape")

    def num_heads(self, cut: "onnx.NodeProto") -> int | None:
        """Return the number of heads that a Reshape makes; None if it is not constant."""
        from onnx import numpy_helper

        shape, biased = self.before(cut.input[1], "Concat"), self.before(cut.input[0], "Add")
        size = None if shape is None else self.constants.get(shape.input[-1])
        if size is None or biased is None:
            return None
        widths = [self.constants[one].dims[0] for one in biased.input if one in self.constants]
        return int(widths[0] // numpy_helper.to_array(size).item()) if widths else None


def fuse_attention(model: "onnx.ModelProto") -> None:
    """Replace the nodes of each self-attention by one.

    What guards softmax against rows without a token falls away: an encoder is given none.

    Args:
        model: What ONNX Runtime's own optimiser returned, which is changed.
    """
    graph = _Graph(model.graph)
    for softmax in [node for node in model.graph.node if node.op_type == "Softmax"]:
        merged = _merged(graph, softmax)
        if merged is not None:
            graph.producer[merged.output[0]].CopyFrom(merged)
    _drop_unused(model.graph)


def _merged(graph: _Graph, softmax: "onnx.NodeProto") -> "onnx.NodeProto | None":
    """Return the node that replaces the attention around a softmax; None where it is another."""
    from onnx import helper

    masked = graph.before(softmax.input[0], "Add")
    scores = masked and graph.before(masked.input[0], "FusedMatMul")
    if masked is None or scores is None:
        return None
    probs = softmax.output[0]
    guarded = graph.after(probs, "Where")
    probs = probs if guarded is None else guarded.output[0]
    product = graph.after(probs, "MatMul")
    cut = product and graph.after(product.output[0], "Reshape")  # into the shape that it has
    states = cut or product
    moved = states and graph.after(states.output[0], "Transpose")
    joined = moved and graph.after(moved.output[0], "Reshape")
    query = graph.by_heads(scores.input[0], _HEADS)
    key = graph.by_heads(scores.input[1], _KEYS)
    value = product and graph.by_heads(product.input[1], _HEADS)
    heads = query and graph.num_heads(query)
    if joined is None or query is None or key is None or value is None or not heads:
        return None
    settings = {one.name: one for one in scores.attribute}
    return helper.make_node(
        "MultiHeadAttention",
        [query.input[0], key.input[0], value.input[0], "", "", masked.input[1]],
        [joined.output[0]],
        name=softmax.name,
        domain="com.microsoft",
        num_heads=heads,
        scale=settings["alpha"].f,
    )


def _drop_unused(graph: "onnx.GraphProto") -> None:
    """Remove nodes and weights that no output depends on."""
    used = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):  # which are in the order of computing
        if not used.isdisjoint(node.output):
            kept.append(node)
            used.update(node.input)
            for inner in (one.g for one in node.attribute if one.HasField("g")):
                used.update(name for each in inner.node for name in each.input)
    weights = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(weights)
