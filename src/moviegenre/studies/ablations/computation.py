"""Train the bases of a file and their variants, and measure the effect of each change.

Finished models are kept. The tables are written after every model, so an interruption loses at most
one interval.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moviegenre.artifacts.checkpoint_file import BEST_FILE
from moviegenre.core.errors import ConfigError
from moviegenre.core.locks import locked
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.documents import SYNTHETIC_BANNER
from moviegenre.experiment.config import ExperimentConfig, Suite
from moviegenre.experiment.earlier_training import changes_since
from moviegenre.experiment.predictions import cached_predictions
from moviegenre.experiment.runs import read_run
from moviegenre.experiment.suite_steps import (
    OTHER_CHECKPOINTS,
    command_line,
    prepare_once,
    train_once,
    trained_differently,
)
from moviegenre.studies.ablations.document import write_ablations
from moviegenre.studies.ablations.scores import BASE, AblationResult, Trained, measure
from moviegenre.studies.ablations.settings import BASE_FOLDER, Ablation, load_ablations


def ablate(
    config: Path, overrides: Sequence[str] = (), *, restart: bool = False, progress: bool = True
) -> tuple[list[AblationResult], list[Path]]:
    """Train and score the ablations of a config file, on validation alone.

    Args:
        config: The YAML file.
        overrides: ``a.b=c`` settings of every base.
        restart: Train a model again if its settings, data or initial checkpoints have changed;
            otherwise such a model is an error, so that no model is lost by mistake.
        progress: Show progress bars.

    Returns:
        The factors, and the files of their tables.

    Raises:
        ConfigError: A setting is wrong, or a model has changed and ``restart`` is false.
        DataError: The source cannot be prepared, or the folder has other data.
        CheckpointError: An initial model is missing or does not fit.
    """
    suite, ablations = load_ablations(config, overrides)
    command = command_line("ablate", config, overrides)
    with locked(suite.checkpoints, OTHER_CHECKPOINTS):
        return _train_and_measure(suite, ablations, command, restart=restart, progress=progress)


def _train_and_measure(
    suite: Suite,
    ablations: Sequence[Ablation],
    command: str,
    *,
    restart: bool,
    progress: bool,
) -> tuple[list[AblationResult], list[Path]]:
    prepare_once(suite, progress=progress)
    data = PreparedData(suite.data.dir)
    if not restart:
        _refuse_changed(suite, ablations, data)
    for experiment in suite.experiments.values():
        train_once(
            experiment,
            suite.checkpoints / BASE_FOLDER,
            data,
            restart=restart,
            progress=progress,
        )
    banner = SYNTHETIC_BANNER if data.is_synthetic else None
    done: list[AblationResult] = []
    for ablation in ablations:
        base = measure(_base(suite, ablation, data, progress=progress))
        rows = [base]
        for num_done, variant in enumerate(ablation.variants, start=1):
            folder = suite.checkpoints / variant.folder
            is_new = train_once(
                variant.experiment, folder, data, restart=restart, progress=progress
            )
            trained = _trained(
                folder / ablation.base, variant.name, variant.changes, data, progress=progress
            )
            rows.append(measure(trained, base))
            missing = tuple(other.name for other in ablation.variants[num_done:])
            current = AblationResult(ablation.base, ablation.factor, tuple(rows), missing)
            if is_new:  # otherwise the existing tables may have more variants
                write_ablations([*done, current], command, banner, suite.results)
        done.append(current)
    return done, write_ablations(done, command, banner, suite.results)


def _refuse_changed(suite: Suite, ablations: Sequence[Ablation], data: PreparedData) -> None:
    """Raise an error, before any training, if a model was trained with other settings."""
    expected: list[tuple[Path, ExperimentConfig]] = [
        *((suite.checkpoints / BASE_FOLDER, base) for base in suite.experiments.values()),
        *(
            (suite.checkpoints / variant.folder, variant.experiment)
            for ablation in ablations
            for variant in ablation.variants
        ),
    ]
    faults = [
        trained_differently(folder / experiment.model_name, changed)
        for folder, experiment in expected
        if (changed := changes_since(experiment, folder / experiment.model_name, data))
    ]
    if faults:
        raise ConfigError("; ".join(faults))


def _base(suite: Suite, ablation: Ablation, data: PreparedData, *, progress: bool) -> Trained:
    """Return the base of a factor, with the settings that its variants change."""
    before = {key: value for v in ablation.variants for key, value in v.before.items()}
    folder = suite.checkpoints / BASE_FOLDER / ablation.base
    return _trained(folder, BASE, before, data, progress=progress)


def _trained(
    folder: Path, name: str, changes: Mapping[str, Any], data: PreparedData, *, progress: bool
) -> Trained:
    run = read_run(folder) or {}
    return Trained(
        name=name,
        predictions=cached_predictions(folder / BEST_FILE, data, Split.VAL, progress=progress),
        train_seconds=run.get("train_seconds"),
        setup_seconds=run.get("setup_seconds"),
        changes=changes,
    )
