"""How fast, how large and how exact a model's small files are, against ONNX Runtime's own.

    taskset -c 0 python benchmarks/quantised.py exported --data data/mmimdb-r

The baseline is the dynamic quantisation that ONNX Runtime's documentation has for transformers:
``quantize_dynamic`` of matrix products and embeddings in signed eight bits by channel, with one
scale for all activations of a product; n-gram weights, which it cannot write, are left out. Each
form answers the same films of the validation split in turn, several times, on the cores it is given
(``taskset``); printed are the best time, its ratio to the baseline's, the size, and how far the
logits are from those of ``model.onnx`` in 32 bits.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

import moviegenre
from moviegenre.artifacts.onnx_model import OnnxModel
from moviegenre.artifacts.quantise import quantise
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.inference.measure_parity import labelled_films

_BATCH = 16  # films


def main() -> None:
    """Print a line for each form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("exported", help="a folder with model.onnx")
    parser.add_argument("--data", type=Path, required=True, help="prepared films")
    parser.add_argument("--films", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    predictor = moviegenre.load(arguments.exported, backend="onnx")
    genres = predictor.model.genres
    films = labelled_films(PreparedData(arguments.data), Split.VAL, predictor.reader, genres)
    read = [film for film, _ in islice(films, arguments.films)]
    batches = [
        predictor.reader.batch(read[start : start + _BATCH])
        for start in range(0, len(read), _BATCH)
    ]
    source = Path(arguments.exported, "model.onnx")
    with tempfile.TemporaryDirectory() as folder:
        forms = {"32 bits": source}
        writers: dict[str, Callable[[Path, Path], None]] = {
            "8 bits, dynamic": _dynamic,
            "8 bits, ours": partial(quantise, bits=8),
            "4 bits, ours": partial(quantise, bits=4),
        }
        for name, write in writers.items():
            forms[name] = Path(folder, f"{name}.onnx")
            write(source, forms[name])
        seconds = {name: float("inf") for name in forms}
        logits = {}
        backends = {name: OnnxModel(path, predictor.model) for name, path in forms.items()}
        for _ in range(arguments.rounds):
            for name, backend in backends.items():
                started = time.perf_counter()
                logits[name] = np.concatenate([backend.answer(batch).logits for batch in batches])
                seconds[name] = min(seconds[name], time.perf_counter() - started)
        exact, base = logits["32 bits"], seconds["8 bits, dynamic"]
        for name, path in forms.items():
            same = ((logits[name] > 0) == (exact > 0)).mean()
            print(
                f"{name:16s} {path.stat().st_size / 1e6:6.1f} MB  {len(read) / seconds[name]:6.1f} "
                f"films/s ({base / seconds[name]:.2f} times the baseline)  mean error of a logit "
                f"{np.abs(logits[name] - exact).mean():.3f}, equal decisions at 0.5 {same:.2%}"
            )


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
    main()
