"""A config file of three tiny models and a baseline on 160 synthetic movies."""

from pathlib import Path

import yaml

MODELS = ("cnn", "bert", "late_fusion")
BASELINE = "tfidf"


def write_suite(folder: Path, bert_folder: Path) -> Path:
    """Write the file; data, checkpoints and results go beside it."""
    loss = {"name": "bce"}
    plot_encoder = {"name": str(bert_folder)}
    values = {
        "prepare": {"source": "synthetic", "synthetic_movies": 160, "min_movies": 20},
        "data": {
            "dir": str(folder / "data"),
            "plot": "first",
            "max_tokens": 24,
            "image_size": [48, 32],
        },
        "training": {"max_epochs": 1},
        "checkpoints": str(folder / "checkpoints"),
        "results": str(folder / "results"),
        "models": {
            BASELINE: {"min_plots": 1},
            "cnn": {"loss": loss, "channels": [8, 16]},
            "bert": {"loss": loss, "plot_encoder": plot_encoder},
            "late_fusion": {
                "loss": loss,
                "init_poster": None,
                "plot_encoder": {**plot_encoder, "frozen": True},
                "poster_encoder": {"name": "none", "grid": [2, 2], "frozen": True},
            },
        },
    }
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def weights_written(folder: Path) -> dict[str, int]:
    """Return when each model's weights were written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in folder.glob("*/best.pth")}
