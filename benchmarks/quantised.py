"""How fast, how large and how exact the forms of a model are, against ONNX Runtime's own.

    taskset -c 0 python -m benchmarks.quantised --full --model exported --data data/mmimdb-r

The rival is the dynamic quantisation that ONNX Runtime's documentation has for transformers:
``quantize_dynamic`` of matrix products and embeddings in signed eight bits by channel, with one
scale for all activations of a product; n-gram weights, which it cannot write, are left out. Each
form answers the same films of the validation split in turn, on the cores it is given (``taskset``).
OpenVINO computes the unchanged file as well, if it is installed.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
from benchmarks import harness
from benchmarks.harness import AbsentError, Figures, Row
from onnxruntime.quantization import QuantType, quantize_dynamic

import moviegenre
from moviegenre.artifacts.onnx_model import OnnxModel
from moviegenre.artifacts.quantise import quantise
from moviegenre.core.extras import is_installed
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.inference.measure_parity import labelled_films

_BATCH = 16  # films
_RIVAL = "8 bits, dynamic"
_OPENVINO = "32 bits, OpenVINO"


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each of our forms and for the unchanged file; the rival is the dynamic form.

    Raises:
        AbsentError: There is no exported model, or there are no prepared data.
    """
    for path, option in ((given.model / "model.onnx", "--model"), (given.data, "--data")):
        if not path.exists():
            raise AbsentError(f"{path} is missing; name its folder with {option}")
    predictor = moviegenre.load(given.model, backend="onnx")
    genres = predictor.model.genres
    films = labelled_films(PreparedData(given.data), Split.VAL, predictor.reader, genres)
    read = [film for film, _ in islice(films, 96 if given.full else 32)]
    batches = [
        predictor.reader.batch(read[start : start + _BATCH])
        for start in range(0, len(read), _BATCH)
    ]
    source = given.model / "model.onnx"
    with tempfile.TemporaryDirectory() as folder:
        forms = {_RIVAL: Path(folder, "dynamic.onnx"), "32 bits": source}
        _dynamic(source, forms[_RIVAL])
        for bits in (8, 4):
            forms[f"{bits} bits"] = Path(folder, f"{bits}.onnx")
            quantise(source, forms[f"{bits} bits"], bits=bits)
        rates: dict[str, Figures] = {name: [] for name in forms}
        logits = {}
        backends = {name: OnnxModel(path, predictor.model) for name, path in forms.items()}
        if is_installed("openvino"):
            forms[_OPENVINO], rates[_OPENVINO] = source, []
            backends[_OPENVINO] = OnnxModel(source, predictor.model, "openvino", bulk=True)
        for _ in range(given.rounds):
            for name, backend in backends.items():
                started = time.perf_counter()
                logits[name] = np.concatenate([backend.answer(batch).logits for batch in batches])
                rates[name].append(len(read) / (time.perf_counter() - started))
        exact = logits["32 bits"]
        for name, path in forms.items():
            error = np.abs(logits[name] - exact).mean()
            same = ((logits[name] > 0) == (exact > 0)).mean()
            work = (
                f"{predictor.model.model_name}, {name}, {path.stat().st_size / 1e6:.0f} MB, mean "
                f"error of a logit {error:.3f}, equal decisions at 0.5 {same:.2%}"
            )
            yield Row(work, "films/s", rates[name], rates[_RIVAL], _RIVAL)


def _dynamic(source: Path, out: Path) -> None:
    nodes = onnx.load(source).graph.node
    summed = {name for node in nodes if node.op_type == "Einsum" for name in node.input}
    quantize_dynamic(
        source,
        out,
        op_types_to_quantize=["MatMul", "Gather"],
        nodes_to_exclude=[node.name for node in nodes if node.output[0] in summed],
        per_channel=True,
        weight_type=QuantType.QInt8,
    )


if __name__ == "__main__":
    parser = harness.options(__doc__)
    parser.add_argument("--model", type=Path, default=Path("exported"), help="has model.onnx")
    harness.main(run, parser)
