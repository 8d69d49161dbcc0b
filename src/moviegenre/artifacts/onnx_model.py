"""A trained model in an ONNX file, computed by ONNX Runtime or OpenVINO."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.folder import IMAGE_FILE, TOKENIZER_FILE
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.onnx_engine import Engine
from moviegenre.artifacts.onnx_runtime import OnnxRuntimeEngine
from moviegenre.artifacts.openvino_engine import OpenVinoEngine
from moviegenre.artifacts.trained import EMBEDDING, GATE, Answer, Backend, Floats, TrainedModel
from moviegenre.core.cores import num_cores
from moviegenre.core.errors import CheckpointError, one_line
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays

T = TypeVar("T")


class OnnxModel(TrainedModel):
    """An exported ONNX file.

    A file with 8- or 4-bit weights is computed one film at a time, and so is any file by OpenVINO.
    They also round activations; in a batch, their last bit or shared scale would depend on the
    other films (docs/reliability.md). As many films as threads are computed side by side.

    Args:
        file: The file.
        info: The description of the model.
        name: ``onnx``, ``int8`` or ``int4`` for ONNX Runtime, or ``openvino``.
        num_threads: The number of threads for a film; None takes one for each core.
        quick: Load faster and with less memory, but compute each film slower: values that depend
            only on the weights are computed for every film instead of once. No effect on
            ``openvino``.
        bulk: Compute each film with one thread instead of all. A batch takes less time and a single
            film takes more. No effect on ``onnx``, which computes a batch as a whole.

    Raises:
        CheckpointError: The file is missing or damaged, or has other inputs or outputs.
        MissingExtraError: OpenVINO is to compute the file, and is not installed.
    """

    only_answers: ClassVar[bool] = True

    def __init__(
        self,
        file: Path,
        info: ModelInfo,
        name: Backend = "onnx",
        num_threads: int | None = None,
        *,
        quick: bool = False,
        bulk: bool = False,
    ) -> None:
        self.file = file
        self.info = info
        self.name = name
        self._films_at_once = 1 if name == "onnx" else num_threads or num_cores()
        self._pool: ThreadPoolExecutor | None = None
        self._pool_process = os.getpid()
        if not file.is_file():
            raise CheckpointError(
                f"{file} does not exist; export the model with ONNX, or use `backend` torch"
            )
        self._engine: Engine
        if name == "openvino":
            films = self._films_at_once if bulk else 1
            self._engine = OpenVinoEngine(file, num_threads, films)
        else:
            threads = 1 if bulk and name != "onnx" else num_threads
            self._engine = OnnxRuntimeEngine(file, threads, quick)
        self._check()

    def _check(self) -> None:
        """Raise an error if the inputs or outputs of the file do not fit the model."""
        inputs, outputs = self._engine.inputs, self._engine.outputs
        if not set(inputs) <= set(_FEEDS) or "logits" not in outputs:
            raise CheckpointError(
                f"{self.file} takes {', '.join(inputs) or 'nothing'} and gives "
                f"{', '.join(outputs) or 'nothing'}; expected logits from some of "
                f"{', '.join(_FEEDS)}; export the model again"
            )
        shape = outputs["logits"]
        if shape[-1:] != [len(self.info.genres)]:
            raise CheckpointError(
                f"{self.file} gives logits of shape {shape}; expected one for each of the "
                f"{len(self.info.genres)} genres in genres.json; export the model again"
            )
        files = {Modality.PLOT: TOKENIZER_FILE, Modality.POSTER: IMAGE_FILE}
        unsupported = [
            modality
            for modality, name in ((Modality.PLOT, "input_ids"), (Modality.POSTER, "image"))
            if name in inputs and modality not in self.info.modalities
        ]
        if unsupported:
            missing = ", ".join(files[modality] for modality in unsupported)
            raise CheckpointError(
                f"{self.file} reads a film's {' and '.join(unsupported)}, and {missing} is missing "
                "beside it; export the model again"
            )

    def answer(self, batch: BatchArrays) -> Answer:
        """Return logits (B, L), and the gate's weights (B, 2) if the model has one.

        Raises:
            CheckpointError: The file cannot compute these films.
        """
        if self.name == "onnx" or batch.size == 1:
            return self._answer(batch)
        answers = self.each_film(self._answer, batch)
        gates = [answer.gate for answer in answers if answer.gate is not None]
        logits = np.concatenate([answer.logits for answer in answers])
        return Answer(logits, np.concatenate(gates) if gates else None)

    def embed_together(self, batch: BatchArrays) -> tuple[Floats, Floats]:
        """Return logits (B, L) and embeddings (B, D), all films computed at once.

        Raises:
            CheckpointError: The file has no embeddings, or cannot compute these films.
        """
        if EMBEDDING not in self._engine.outputs:
            raise CheckpointError(
                f"{self.file} gives no embeddings of films: it was exported by an earlier "
                "version, or its model has none; export it again, or use the included model"
            )
        logits, embeddings = self._run(batch, ["logits", EMBEDDING])
        return logits, embeddings

    def each_film(self, compute: Callable[[BatchArrays], T], batch: BatchArrays) -> list[T]:
        """Return the results of a function for batches of one film, several films side by side."""
        if self._films_at_once == 1 or batch.size == 1:
            return super().each_film(compute, batch)
        if self._pool is None or self._pool_process != os.getpid():  # a fork has no threads
            self._pool = ThreadPoolExecutor(self._films_at_once, "films")
            self._pool_process = os.getpid()
        films = (batch.film(row) for row in range(batch.size))
        return list(self._pool.map(compute, films))

    def _answer(self, batch: BatchArrays) -> Answer:
        names = [name for name in self._engine.outputs if name != EMBEDDING]
        outputs = dict(zip(names, self._run(batch, names), strict=True))
        return Answer(outputs["logits"], outputs.get(GATE))

    def _run(self, batch: BatchArrays, names: list[str]) -> list[Floats]:
        inputs = {name: _FEEDS[name](batch) for name in self._engine.inputs}
        try:
            return self._engine.run(names, inputs)
        except Exception as error:  # their errors have no common base but Exception
            reason = one_line(error)
            raise CheckpointError(
                f"{self.file} cannot be computed ({reason}); its tokenizer or settings may be "
                "another model's: export it again"
            ) from None


_FEEDS: dict[str, Callable[[BatchArrays], npt.NDArray[Any]]] = {
    "input_ids": lambda batch: batch.input_ids,
    "attention_mask": lambda batch: batch.attention_mask.astype(np.int64),
    "image": lambda batch: np.ascontiguousarray(batch.image),
    "has_poster": lambda batch: batch.has_poster,
}
"""The possible inputs of an exported file, each computed from a batch."""
