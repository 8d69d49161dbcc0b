"""A model as an ONNX file, and that file with its matrices in eight bits.

PyTorch's older exporter, which traces, is used: the newer one needs onnxscript, and the older one
takes all seven models as they are, packed sequences included.
"""

import re
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from moviegenre.core.errors import MissingExtraError
from moviegenre.core.files import atomic_path
from moviegenre.core.types import Batch, Modality
from moviegenre.inference.backends import GATE
from moviegenre.models.base import GenreModel
from moviegenre.models.checkpoint import Checkpoint

OPSET = 17  # the newest that the older exporter writes whole and every runtime since 2022 reads
_FEED_FORWARD = re.compile(r"/layer\.(\d+)/(intermediate|output)/dense/MatMul$")  # BERT and its kin
_EXACT_SHARE = {"intermediate": 1 / 3, "output": 1 / 2}  # of the layers, from the lowest
_LARGE = 4096  # weights; smaller tensors are not worth a cast

_INPUTS: dict[Modality, dict[str, dict[int, str]]] = {
    Modality.PLOT: {
        "input_ids": {0: "films", 1: "tokens"},
        "attention_mask": {0: "films", 1: "tokens"},
    },
    Modality.POSTER: {"image": {0: "films"}, "has_poster": {0: "films"}},
}


class OnnxForm(nn.Module):
    """A model that takes tensors, as ONNX wants it, instead of a batch.

    Args:
        model: The model; inputs of a modality that it does not look at fall away.
        has_gate: Whether it also gives the weights of its gate.
    """

    def __init__(self, model: GenreModel, has_gate: bool) -> None:
        super().__init__()
        self.model = model
        self.has_gate = has_gate

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, image: Tensor, has_poster: Tensor
    ) -> tuple[Tensor, ...]:
        """Return logits (B, L), and the gate's weights (B, 2) if there is one.

        Args:
            input_ids: Plot tokens (B, T), int64.
            attention_mask: 1 at real tokens (B, T), int64; all 0 where there is no plot.
            image: Posters (B, 3, H, W), uint8 RGB.
            has_poster: Whether the film has a poster (B,), bool.
        """
        mask = attention_mask.bool()
        batch = Batch(
            input_ids=input_ids,
            attention_mask=mask,
            has_plot=mask.any(dim=1),
            image=image,
            has_poster=has_poster,
            labels=None,
            index=torch.zeros_like(has_poster, dtype=torch.int64),
        )
        output = self.model(batch)
        return (output.logits, output.attention[GATE]) if self.has_gate else (output.logits,)


def export_onnx(checkpoint: Checkpoint, path: Path) -> None:
    """Write a model as one ONNX file.

    The inputs are those of ``OnnxForm`` that belong to the model's modalities; the number of films
    and of tokens is free, the size of posters is the model's. The outputs are ``logits`` and, for
    a model with a gate, ``modality``.

    Args:
        checkpoint: The trained model.
        path: The file.

    Raises:
        MissingExtraError: The package onnx is not installed.
    """
    _need_onnx()
    model = checkpoint.model.eval()
    example = _example(*checkpoint.data_config.image_size)
    with torch.no_grad():
        has_gate = GATE in model(example).attention
    form = OnnxForm(model, has_gate).eval()
    given = (
        example.input_ids,
        example.attention_mask.long(),
        example.image.contiguous(),
        example.has_poster,
    )
    outputs = ["logits", GATE] if has_gate else ["logits"]
    axes = {name: {0: "films"} for name in outputs}
    for modality in model.modalities:
        axes |= _INPUTS[modality]
    names = [name for inputs in _INPUTS.values() for name in inputs]
    with warnings.catch_warnings(), atomic_path(path) as temporary:
        # It calls itself old, and tracing warns of every shape that is compared; what comes out is
        # compared with the model afterwards, see parity.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            form,
            given,
            temporary,
            input_names=names,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )


def quantise(path: Path, out: Path) -> None:
    """Write an ONNX file again with the weights of matrix products and embeddings in eight bits.

    Activations are quantised as they come, so nothing has to be calibrated. Convolutions, which are
    slower in eight bits on most processors, and n-gram weights, of which eight bits lose the
    small ones, are stored as 16-bit floats and computed in 32.

    Args:
        path: The file that ``export_onnx`` wrote.
        out: The new file.

    Raises:
        MissingExtraError: The package onnx is not installed.
    """
    _need_onnx()
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder, atomic_path(out) as temporary:
        prepared = Path(folder, "prepared.onnx")
        eight = Path(folder, "eight.onnx")
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        quantize_dynamic(
            prepared,
            eight,
            op_types_to_quantize=["MatMul", "Gather"],
            nodes_to_exclude=_kept_exact(prepared),
            per_channel=True,
            # Seven bits a weight: with eight, AVX2 processors without VNNI overflow.
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
        _halve(eight, temporary)


def _kept_exact(path: Path) -> list[str]:
    """Return the names of the nodes that eight bits would cost more than they save.

    Those that look n-gram weights up, whose sums are an Einsum; products of two activations, which
    have no weights to store; and the products of a transformer's lower feed-forward blocks, where
    single activations are so large that the rest drown in their scale: of MiniLM's logits they
    take two fifths off the error (docs/dev-log.md).
    """
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    weights = {tensor.name for tensor in graph.initializer}
    summed = {name for node in graph.node if node.op_type == "Einsum" for name in node.input}
    found = [match for node in graph.node if (match := _FEED_FORWARD.search(node.name))]
    layers = max((int(match[1]) for match in found), default=0) + 1
    kept = [one.string for one in found if int(one[1]) < layers * _EXACT_SHARE[one[2]]]
    for node in graph.node:
        if node.op_type == "Gather" and node.output[0] in summed:
            kept.append(node.name)
        if node.op_type == "MatMul" and not weights & set(node.input):
            kept.append(node.name)
    return kept


def _halve(path: Path, out: Path) -> None:
    """Store what is left of large 32-bit weights in 16, with a cast behind each."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    graph, casts = model.graph, []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2 or values.size < _LARGE:
            continue
        name = tensor.name
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
    onnx.save(model, out)


def _need_onnx() -> None:
    try:
        import onnx  # noqa: F401 - the exporter looks for it late and says little
    except ImportError:
        raise MissingExtraError("onnx", "onnx", "writing ONNX files") from None


def _example(height: int, width: int) -> Batch:
    """Return three films to trace with: a short plot, a long one, and neither plot nor poster."""
    mask = torch.tensor([[True] * 3 + [False] * 5, [True] * 8, [False] * 8])
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (3, 3, height, width), generator=generator, dtype=torch.uint8)
    return Batch(
        input_ids=torch.ones((3, 8), dtype=torch.int64),
        attention_mask=mask,
        has_plot=mask.any(dim=1),
        image=image,
        has_poster=torch.tensor([True, True, False]),
        labels=None,
        index=torch.arange(3),
    )
