"""Predict a folder of Parquet files on a Ray cluster. Needs: pip install 'ray[data]'.

python examples/ray_job.py films/ genres/
"""

import sys
from typing import Any

import numpy as np
import ray.data

import moviegenre


class Genres:
    """One of the workers; it opens the model once. Every machine has the package installed."""

    def __init__(self) -> None:
        self.predictor = moviegenre.load(threads=1)

    def __call__(self, films: dict[str, Any]) -> dict[str, Any]:
        """Add the columns genres and error to a batch of films."""
        answers = self.predictor.predict(plot=films["plot"], errors="report")
        films["genres"] = np.array(["|".join(answer.genres) for answer in answers])
        films["error"] = np.array([answer.error or "" for answer in answers])
        return films


def predict_folder(source: str, target: str, most_workers: int = 8) -> None:
    """Read Parquet files with a column plot and write them with their genres."""
    films = ray.data.read_parquet(source)
    answered = films.map_batches(Genres, concurrency=(1, most_workers), batch_size=256)
    answered.write_parquet(target)


if __name__ == "__main__":
    predict_folder(sys.argv[1], sys.argv[2])
