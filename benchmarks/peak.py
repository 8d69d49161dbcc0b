"""Compare the speed of the plot encoder with the machine's peak.

    python -m benchmarks.peak --full

A table of overviews is answered as in ``benchmarks.table``, and its films a second are counted in
the products of its plot encoder: two operations for each weight and token, and those of attention.
All other work (reading, n-grams, head, writing) counts as none. The rival is one product of two
large matrices on all cores: in 32 bits and in bf16 by PyTorch, in eight bits by ONNX Runtime. The
encoder itself computes in eight bits.
"""

import argparse
import csv
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import harness
from benchmarks.films import write_table
from benchmarks.harness import Row, Side, rate
from benchmarks.machine import peak_flops

import moviegenre

_SIZE = 2048  # rows and columns of the matrices
_PRODUCTS = 8
_FORMS = {"fp32": "float32", "bf16": "bfloat16"}


def operations(table: Path) -> float:
    """Return how many operations the included model's plot encoder needs for a mean film.

    Args:
        table: Films with plots.

    Raises:
        RuntimeError: A plot does not fit one window, of which alone the operations are known.
    """
    predictor = moviegenre.load()
    encoder = predictor.model.architectures["plot_encoder"]
    width, layers = encoder["hidden_size"], encoder["num_hidden_layers"]
    weights = 4 * width**2 + 2 * width * encoder["intermediate_size"]
    with table.open(newline="", encoding="utf-8") as file:
        films = [predictor.reader.read(row["plot"]) for row in csv.DictReader(file)]
    tokens = np.array([predictor.reader.batch([film]).input_ids.shape[1] for film in films])
    window = predictor.model.config["model"]["plot_encoder"]["window"]
    if tokens.max() > window:
        raise RuntimeError(f"a plot has {tokens.max()} tokens, expected at most {window}")
    return float(np.mean(2.0 * layers * (tokens * weights + 2 * tokens**2 * width)))


def product(table: str, operations: float) -> Callable[[], float]:
    """Answer a table; billions of operations a second."""
    from benchmarks.table import product as films_a_second

    measure = films_a_second(table)
    return lambda: measure() * operations / 1e9


def torch_peak(form: str) -> Callable[[], float]:
    """Multiply matrices with PyTorch; billions of operations a second.

    Args:
        form: ``fp32`` or ``bf16``.
    """
    import torch

    return lambda: peak_flops(_SIZE, getattr(torch, _FORMS[form])) / 1e9


def int8_peak() -> Callable[[], float]:
    """Multiply integers with ONNX Runtime; billions of operations a second."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    left = np.ones((_SIZE, _SIZE), dtype=np.uint8)
    right = numpy_helper.from_array(left.astype(np.int8), "right")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["left", "right"], ["out"])],
        "peak",
        [helper.make_tensor_value_info("left", TensorProto.UINT8, left.shape)],
        [helper.make_tensor_value_info("out", TensorProto.INT32, left.shape)],
        [right],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session: Any = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )

    def work() -> None:
        for _ in range(_PRODUCTS):
            session.run(None, {"left": left})

    work()
    return lambda: rate(work, 2 * _SIZE**3 * _PRODUCTS) / 1e9


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each form of numbers."""
    peaks = {form: Side(torch_peak, {"form": form}) for form in _FORMS} | {"int8": Side(int8_peak)}
    with tempfile.TemporaryDirectory() as scratch:
        table = write_table(
            Path(scratch), 1024 if given.full else 256, plots="short", posters=False
        )
        ours = Side(product, {"table": str(table), "operations": operations(table)})
        for form, peak in peaks.items():
            yield harness.in_turn(
                ours,
                peak,
                given.rounds,
                work="plot encoder, overviews, beside the machine's peak",
                unit="GFLOP/s",
                rival_name=f"peak in {form}",
            )


if __name__ == "__main__":
    harness.main(run, harness.options(__doc__))
