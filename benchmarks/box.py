"""How well, and how fast, the model in the box answers: the file as it ships, on whole real films.

    python benchmarks/box.py --data data/mmimdb-r --split test

Every film of the split is read as a user's would be, plot and poster, and scored at the box's own
operating point; then the films are answered one at a time, and the median of that is printed. The
baseline is what its card says of the same weights in PyTorch.
"""

import argparse
import statistics
import time
from itertools import islice
from pathlib import Path

import numpy as np

import moviegenre
from moviegenre.box import box_folder
from moviegenre.core.decisions import FloatArray
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.inference.measure_parity import labelled_films
from moviegenre.metrics import compute_metrics

_CHUNK = 128
_SHOWN = ("f1_macro", "f1_micro", "roc_auc", "subset_accuracy")


def main() -> None:
    """Print scores on a split, and milliseconds a film."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="prepared films")
    parser.add_argument("--split", type=Split, choices=list(Split), default=Split.TEST)
    parser.add_argument("--timed", type=int, default=200, help="films answered one at a time")
    parser.add_argument("--model", default=str(box_folder()), help="another model, as a baseline")
    arguments = parser.parse_args()
    predictor = moviegenre.load(arguments.model)
    data = PreparedData(arguments.data)
    films = labelled_films(data, arguments.split, predictor.reader, predictor.model.genres)
    probs: list[FloatArray] = []
    labels: list[FloatArray] = []
    seconds: list[float] = []
    while chunk := list(islice(films, _CHUNK)):
        read = [film for film, _ in chunk]
        probs.append(predictor.probabilities(read))
        labels += [row for _, row in chunk]
        for film in read[: max(0, arguments.timed - len(seconds))]:
            started = time.perf_counter()
            predictor.probabilities([film])
            seconds.append(time.perf_counter() - started)
    found = compute_metrics(np.concatenate(probs), np.stack(labels), predictor.point.thresholds)
    scores = ", ".join(f"{name} {100 * found.metrics[name]:.2f}" for name in _SHOWN)
    print(
        f"{predictor.model.model_name} ({predictor.backend.name}), {len(labels):,} films: {scores}"
    )
    if seconds:
        print(f"{1000 * statistics.median(seconds):.0f} ms a film, median of {len(seconds)} alone")


if __name__ == "__main__":
    main()
