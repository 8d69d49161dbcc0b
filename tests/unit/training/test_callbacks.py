"""What the progress bar of a training shows."""

from types import SimpleNamespace
from typing import Any

from moviegenre.training.callbacks import ProgressBar


def test_the_progress_bar_shows_no_version_of_a_log() -> None:
    log = SimpleNamespace(version="csv_tensorboard")  # of which Lightning shows "oard"
    trainer: Any = SimpleNamespace(loggers=[log], progress_bar_metrics={"loss": 0.5})
    task: Any = SimpleNamespace()
    assert ProgressBar().get_metrics(trainer, task) == {"loss": 0.5}
