"""Write a model as an ONNX file.

PyTorch's older exporter, which traces, is used: it exports all seven models without changes, packed
sequences included. The newer exporter needs onnxscript.
"""

import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn

from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.artifacts.trained import EMBEDDING, GATE
from moviegenre.core.errors import MissingExtraError
from moviegenre.core.files import atomic_path
from moviegenre.core.types import Modality
from moviegenre.models.base import GenreModel
from moviegenre.models.batch import Batch

OPSET = 17  # the newest one that the exporter fully supports; runtimes since 2022 read it

_PACKING_WARNING = re.compile(
    rb"^\[W[^\n]* Warning: The shape inference of prim::(PackPadded|PadPacked) type is missing"
    rb"[^\n]*(\n|\Z)",
    flags=re.MULTILINE,
)

_INPUTS: dict[Modality, dict[str, dict[int, str]]] = {
    Modality.PLOT: {
        "input_ids": {0: "films", 1: "tokens"},
        "attention_mask": {0: "films", 1: "tokens"},
    },
    Modality.POSTER: {"image": {0: "films"}, "has_poster": {0: "films"}},
}


class OnnxForm(nn.Module):
    """A model whose inputs are tensors, as ONNX requires, instead of a batch.

    Args:
        model: The model; the export drops inputs of modalities that it does not read.
        has_gate: Whether the outputs include the weights of the model's gate.

    Attributes:
        outputs: The names of the outputs.
    """

    def __init__(self, model: GenreModel, has_gate: bool) -> None:
        super().__init__()
        self.model = model
        self.has_gate = has_gate
        self.has_embedding = model.embedding_head() is not None
        self.outputs = ["logits"]
        self.outputs += [GATE] if has_gate else []
        self.outputs += [EMBEDDING] if self.has_embedding else []

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, image: Tensor, has_poster: Tensor
    ) -> tuple[Tensor, ...]:
        """Return logits (B, L) and, if the model has them, gate weights (B, 2), embeddings (B, D).

        Args:
            input_ids: Plot tokens (B, T), int64.
            attention_mask: 1 at real tokens (B, T), int64; all 0 without a plot.
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
        embeddings: list[Tensor] = []
        head = self.model.embedding_head()
        if head is not None:
            hook = head.register_forward_pre_hook(lambda _, inputs: embeddings.append(inputs[0]))
        output = self.model(batch)
        if head is not None:
            hook.remove()
        gate = [output.attention[GATE]] if self.has_gate else []
        return (output.logits, *gate, *embeddings)


def export_onnx(trained: TorchModel, path: Path) -> None:
    """Write a model as one ONNX file.

    The inputs are those of ``OnnxForm`` for the model's modalities. The number of films and tokens
    is free; the poster size is fixed. The outputs are ``logits``, ``modality`` if the model has a
    gate, and ``embedding`` if it has a head.

    Args:
        trained: The model.
        path: The file.

    Raises:
        MissingExtraError: The package onnx is not installed.
    """
    require_onnx()
    model = trained.network.eval()
    example = _example(*trained.info.data_config.image_size)
    with torch.no_grad():
        has_gate = GATE in model(example).attention
    form = OnnxForm(model, has_gate).eval()
    inputs = (
        example.input_ids,
        example.attention_mask.long(),
        example.image.contiguous(),
        example.has_poster,
    )
    axes = {name: {0: "films"} for name in form.outputs}
    for modality in model.modalities:
        axes |= _INPUTS[modality]
    names = [name for modality_inputs in _INPUTS.values() for name in modality_inputs]
    with warnings.catch_warnings(), atomic_path(path) as temporary, without_packing_warnings():
        # The exporter warns that it is old, and of every shape that is compared in tracing. The
        # file is compared with the model afterwards, see parity.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            form,
            inputs,
            temporary,
            input_names=names,
            output_names=form.outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )


@contextmanager
def without_packing_warnings() -> Iterator[None]:
    """Remove PyTorch's warnings about packed sequences from standard error.

    The exporter warns that it does not know the shapes of packed sequences, which ``lstm`` has. A
    later pass of the exporter removes these nodes, so the file is correct. PyTorch writes the
    warnings in C++, past Python's filters and ``sys.stderr``: only descriptor 2 can be filtered.
    Other output is written at the end.
    """
    try:
        stderr = os.dup(2)
    except OSError:  # no standard error
        yield
        return
    with tempfile.TemporaryFile() as captured:
        _flush_stderr()
        os.dup2(captured.fileno(), 2)
        try:
            yield
        finally:
            _flush_stderr()
            os.dup2(stderr, 2)
            os.close(stderr)
            captured.seek(0)
            other_output = _PACKING_WARNING.sub(b"", captured.read())
            with suppress(OSError), open(2, "wb", closefd=False) as stream:
                stream.write(other_output)


def _flush_stderr() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


def example_inputs(height: int, width: int) -> dict[str, npt.NDArray[Any]]:
    """Return the inputs of ``OnnxForm`` for the three films that a model is traced with.

    Args:
        height: The height of a poster in pixels.
        width: The width of a poster in pixels.
    """
    example = _example(height, width)
    return {
        "input_ids": example.input_ids.numpy(),
        "attention_mask": example.attention_mask.long().numpy(),
        "image": example.image.numpy(),
        "has_poster": example.has_poster.numpy(),
    }


def require_onnx() -> None:
    """Raise a MissingExtraError if the packages for writing ONNX files are not installed.

    PyTorch's exporter and ONNX Runtime's quantiser import them late, with unclear errors.
    """
    for package in ("onnx", "onnx_ir"):
        try:
            import_module(package)
        except ImportError:
            name = package.replace("_", "-")
            raise MissingExtraError(name, "onnx", "writing ONNX files") from None


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
