"""Where the time of an answer goes, from a row of a table to a row of answers.

    python -m benchmarks.profile_answer --films 32

Processor milliseconds a film on one thread, each step by itself: reading (the row and the poster's
file), decoding, tokenising, the network and writing. ONNX Runtime's profiler divides the network
into plot encoder, n-grams, poster network and the rest. Films are synthetic; ``--poster-size``
enlarges their posters. Processor time, since other work on the machine changes it less.
"""

import argparse
import csv
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import onnxruntime
from benchmarks.films import write_table
from benchmarks.machine import machine

import moviegenre
from moviegenre.artifacts.onnx_model import OnnxModel
from moviegenre.artifacts.onnx_runtime import OnnxRuntimeEngine
from moviegenre.box import box_folder
from moviegenre.data.poster_check import check_poster
from moviegenre.data.posters import decode_poster, resize_poster
from moviegenre.inference.predictor import Predictor

_PARTS = {
    "/poster_encoder/": "network: poster",
    "eorder": "network: poster",  # a layout for convolutions
    "/features/": "network: n-grams",
    "/plot_encoder/": "network: plot encoder",
    "BiasGelu": "network: plot encoder",
}


@contextmanager
def profiled(predictor: Predictor, prefix: Path) -> Iterator[None]:
    """Have a predictor's file computed by one thread, and profiled into a file by that prefix."""
    backend = predictor.backend
    assert isinstance(backend, OnnxModel), "the model is an ONNX file"
    assert isinstance(backend._engine, OnnxRuntimeEngine), "ONNX Runtime computes it"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    options.enable_profiling, options.profile_file_prefix = True, str(prefix)
    backend._engine.session = onnxruntime.InferenceSession(
        backend.file, options, providers=["CPUExecutionProvider"]
    )
    yield
    backend._engine.session.end_profiling()


def parts_of_network(profile: Path) -> dict[str, float]:
    """Return the share of each part of the network, by the median time of each node."""
    durations: dict[str, list[float]] = defaultdict(list)
    for event in json.loads(profile.read_text("utf-8")):
        name = event["name"]
        if name.endswith("_kernel_time") and event["args"]["op_name"] != "If":
            durations[name].append(event["dur"])
    parts: dict[str, float] = defaultdict(float)
    for name, values in durations.items():
        part = next((part for mark, part in _PARTS.items() if mark in name), "network: the rest")
        parts[part] += statistics.median(values)
    return {part: value / sum(parts.values()) for part, value in parts.items()}


def timed(spent: dict[str, list[float]], part: str, work: Callable[[], Any]) -> Any:
    """Return what a step of the work returns, and note its processor milliseconds."""
    started = time.process_time()
    result = work()
    spent[part].append(1000 * (time.process_time() - started))
    return result


def profile(predictor: Predictor, table: Path, scratch: Path) -> dict[str, float]:
    """Return the processor milliseconds of each part of an answer, medians over a table."""
    spent: dict[str, list[float]] = defaultdict(list)
    size = predictor.model.data_config.image_size
    with (
        table.open(newline="", encoding="utf-8") as file,
        (scratch / "out.jsonl").open("w") as out,
        profiled(predictor, scratch / "profile"),
    ):
        for row in csv.DictReader(file):
            poster = None
            if "poster" in row:
                data = timed(spent, "reading", (table.parent / row["poster"]).read_bytes)
                poster = timed(spent, "decoding", partial(decode_poster, data, shrink=True))
                timed(spent, "checking the poster", partial(check_poster, poster))
                timed(spent, "resizing", partial(resize_poster, poster, *size))
            plot = row["plot"]
            film = timed(spent, "tokenising, checking", partial(predictor.reader.read, plot))
            if poster is not None:
                film = predictor.reader.form([plot], poster)
            batch = predictor.reader.batch([film])
            timed(spent, "network", partial(predictor.backend.answer, batch))
            prediction = predictor.predict_films([film])[0]
            line = {"genres": prediction.genres, **prediction.probabilities}
            text = json.dumps(line) + "\n"
            timed(spent, "writing", partial(out.write, text))
    found = {part: statistics.median(values) for part, values in spent.items()}
    network = found.pop("network")
    shares = parts_of_network(next(scratch.glob("profile*.json")))
    return found | {part: share * network for part, share in sorted(shares.items())}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--films", type=int, default=32)
    parser.add_argument("--plots", choices=("short", "full"), default="short")
    parser.add_argument("--no-posters", action="store_true", help="plots alone")
    parser.add_argument("--poster-size", help="such as 1000x1500; as they are drawn without it")
    parser.add_argument("--model", default=str(box_folder()), help="another model, to compare")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = write_table(
            folder,
            options.films,
            plots=options.plots,
            posters=not options.no_posters,
            size=options.poster_size,
        )
        found = profile(moviegenre.load(options.model, threads=1), table, folder)
    whole = sum(found.values())
    for part, spent in found.items():
        print(f"{part:24} {spent:6.1f} ms {spent / whole:5.0%}")
    print(f"{'all':24} {whole:6.1f} ms")
    print(machine())


if __name__ == "__main__":
    main()
