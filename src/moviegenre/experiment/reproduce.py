"""The whole experiment in one call: prepare, train every model, evaluate, compare."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from moviegenre.core.errors import ConfigError
from moviegenre.core.locks import locked
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.compare import Comparison
from moviegenre.experiment.compare import compare
from moviegenre.experiment.config import Suite, load_suite
from moviegenre.experiment.suite_steps import (
    OTHER_CHECKPOINTS,
    command_line,
    prepare_once,
    train_once,
)


def reproduce(
    config: Path, overrides: Sequence[str] = (), *, restart: bool = False, progress: bool = True
) -> tuple[Comparison, Path]:
    """Run a config file from its source of movies to its comparison.

    Args:
        config: The YAML file.
        overrides: ``a.b=c`` settings.
        restart: Train a model again if its settings, data or initial checkpoints have changed;
            otherwise such a model is an error, so that no model is lost by mistake.
        progress: Show progress bars.

    Returns:
        The comparison, and the path of its HTML page.

    Raises:
        ConfigError: A setting is wrong, the file names no model, or a model has changed.
        DataError: The source cannot be prepared, or the folder has other data.
        CheckpointError: The record of an earlier training is damaged.
    """
    suite = load_suite(config, overrides)
    command = command_line("reproduce", config, overrides)
    with locked(suite.checkpoints, OTHER_CHECKPOINTS):
        return run_suite(suite, command, restart=restart, progress=progress)


def run_suite(
    suite: Suite, command: str, *, restart: bool, progress: bool
) -> tuple[Comparison, Path]:
    """Run a config file; the caller holds the locks of its folders.

    Args:
        suite: The resolved settings of the file.
        command: The command that reproduces it, for the report.
        restart: As for ``reproduce``.
        progress: Show progress bars.
    """
    if not suite.experiments:
        raise ConfigError(
            f"{suite.path} names no model; expected a models section, as in config.yaml"
        )
    if suite.ablations:
        raise ConfigError(
            f"{suite.path} has ablations; run it with: moviegenre ablate --config {suite.path}"
        )
    prepare_once(suite, progress=progress)
    data = PreparedData(suite.data.dir)
    for experiment in suite.experiments.values():
        model = experiment.model.started_from(suite.checkpoints)
        experiment = replace(experiment, model=model)
        train_once(experiment, suite.checkpoints, data, restart=restart, progress=progress)
    return compare(
        suite.checkpoints,
        suite.results,
        names=list(suite.experiments),
        command=command,
        progress=progress,
    )
