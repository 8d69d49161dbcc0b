"""Backends that compute logits: ONNX Runtime here, PyTorch in ``torch_model``."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import CheckpointError
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays

if TYPE_CHECKING:
    import onnxruntime

    from moviegenre.models.base import GenreModel

BackendName = Literal["auto", "torch", "onnx", "int8", "int4"]

GATE = "modality"
"""The attention of a model that weighs plot and poster, plot first."""

EMBEDDING = "embedding"
"""What the head of a model reads of a film, D numbers."""

FUSED = "moviegenre.fused"
"""The property of an ONNX file whose nodes ``onnx_graph.fuse`` has merged."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """The output of a backend for a batch.

    Attributes:
        logits: One score per label (B, L).
        gate: Weights of plot and poster (B, 2), where the model has a gate.
    """

    logits: Floats
    gate: Floats | None = None


class Backend(Protocol):
    """Something that computes a model."""

    @property
    def name(self) -> str:
        """Its name in the setting ``backend``."""

    @property
    def network(self) -> "GenreModel | None":
        """The PyTorch model, if it has gradients."""

    def answer(self, batch: BatchArrays) -> Answer:
        """Return logits (B, L), and the gate's weights (B, 2) if the model has one."""


class OnnxBackend:
    """An exported ONNX file.

    A file with weights in eight or four bits is computed one film at a time: it rounds activations
    too, and in a batch their last bit, or the scale that they share, depends on the other films.
    That costs nothing but the overhead of a call (docs/reliability.md).

    Args:
        path: The file.
        name: ``onnx``, ``int8`` or ``int4``.
        num_labels: How many logits a film must get, L; None takes any number.
        num_threads: How many threads compute a film; None takes one for each core.
        quick: Be ready sooner and with less memory, and slower for each film: what only depends on
            the weights is computed anew for every film instead of once.

    Raises:
        CheckpointError: The file is missing or damaged, or has other inputs or outputs.
    """

    network = None

    def __init__(
        self,
        path: Path,
        name: str = "onnx",
        num_labels: int | None = None,
        num_threads: int | None = None,
        *,
        quick: bool = False,
    ) -> None:
        self.name = name
        self._path = path
        self._session = _session(path, num_threads, quick)
        self._inputs = [node.name for node in self._session.get_inputs()]
        self._outputs = [node.name for node in self._session.get_outputs()]
        self._check(num_labels)

    def _check(self, num_labels: int | None) -> None:
        """Raise an error if inputs or outputs of the file are not those of an exported model."""
        if not set(self._inputs) <= set(_FEEDS) or "logits" not in self._outputs:
            raise CheckpointError(
                f"{self._path} takes {', '.join(self._inputs) or 'nothing'} and gives "
                f"{', '.join(self._outputs) or 'nothing'}; expected logits from some of "
                f"{', '.join(_FEEDS)}; export the model again"
            )
        shape = self._session.get_outputs()[self._outputs.index("logits")].shape
        if num_labels is not None and shape[-1:] != [num_labels]:
            raise CheckpointError(
                f"{self._path} gives logits of shape {shape}; expected one for each of the "
                f"{num_labels} genres in genres.json; export the model again"
            )

    @property
    def modalities(self) -> frozenset[Modality]:
        """The modalities that the file reads."""
        takes = {Modality.PLOT: "input_ids", Modality.POSTER: "image"}
        return frozenset(one for one, name in takes.items() if name in self._inputs)

    def answer(self, batch: BatchArrays) -> Answer:
        """Return logits (B, L), and the gate's weights (B, 2) if the model has one.

        Raises:
            CheckpointError: The file cannot compute these films.
        """
        if self.name == "onnx" or batch.size == 1:
            return self._answer(batch)
        answers = [self._answer(batch.film(row)) for row in range(batch.size)]
        gates = [answer.gate for answer in answers if answer.gate is not None]
        logits = np.concatenate([answer.logits for answer in answers])
        return Answer(logits, np.concatenate(gates) if gates else None)

    def embed(self, batch: BatchArrays) -> tuple[Floats, Floats]:
        """Return logits (B, L) and embeddings (B, D), each film computed alone.

        Raises:
            CheckpointError: The file gives no embeddings, or cannot compute these films.
        """
        if EMBEDDING not in self._outputs:
            raise CheckpointError(
                f"{self._path} gives no embeddings of films: it was exported by an earlier "
                "version, or its model has none; export it again, or use the included model"
            )
        films = [batch.film(row) for row in range(batch.size)]
        found = [self._run(film, ["logits", EMBEDDING]) for film in films]
        logits, embeddings = zip(*found, strict=True)
        return np.concatenate(logits), np.concatenate(embeddings)

    def _answer(self, batch: BatchArrays) -> Answer:
        names = [name for name in self._outputs if name != EMBEDDING]
        found = dict(zip(names, self._run(batch, names), strict=True))
        return Answer(found["logits"], found.get(GATE))

    def _run(self, batch: BatchArrays, names: list[str]) -> list[Floats]:
        given = {name: _FEEDS[name](batch) for name in self._inputs}
        try:
            results: list[Floats] = self._session.run(names, given)
        except Exception as error:  # its errors have no common base but Exception
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(
                f"{self._path} cannot be computed ({reason}); its tokenizer or settings may be "
                "another model's: export it again"
            ) from None
        return results


_FEEDS: dict[str, Callable[[BatchArrays], npt.NDArray[Any]]] = {
    "input_ids": lambda batch: batch.input_ids,
    "attention_mask": lambda batch: batch.attention_mask.astype(np.int64),
    "image": lambda batch: np.ascontiguousarray(batch.image),
    "has_poster": lambda batch: batch.has_poster,
}
"""The inputs that an exported file may have, as a batch gives them."""


def _session(path: Path, num_threads: int | None, quick: bool) -> "onnxruntime.InferenceSession":
    """Return a session that computes an ONNX file.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    if not path.is_file():
        raise CheckpointError(
            f"{path} does not exist; export the model with ONNX, or use `backend` torch"
        )
    import onnxruntime

    fused = quick and _is_fused(path)
    options = onnxruntime.SessionOptions()
    if fused:  # what is left to merge is not worth its time for a few films
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3  # errors; what it warns of is its own optimiser's business
    # Threads that wait in a loop take the processor from whatever else runs on the machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads = num_threads or 0
    try:
        return onnxruntime.InferenceSession(
            path,
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["ConstantFolding"] if quick and not fused else None,
        )
    except Exception as error:  # its errors have no common base but Exception
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path} cannot be read: {reason}; export it again") from None


def _is_fused(path: Path) -> bool:
    """Return whether ``onnx_graph.fuse`` wrote a file: its properties stand at the end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 256))
        return FUSED.encode() in file.read()
