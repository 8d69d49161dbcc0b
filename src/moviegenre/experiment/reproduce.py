"""The whole experiment in one call: prepare, train every model, evaluate, compare.

What is done is not done again: prepared data are kept, finished models are skipped, and an
interrupted training goes on from its last completed interval.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from moviegenre.core.errors import ConfigError
from moviegenre.core.locks import locked
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.compare import Comparison
from moviegenre.evaluation.documents import SYNTHETIC_BANNER, rich_table
from moviegenre.evaluation.seeds import SeedComparison, compare_seeds, write_seeds
from moviegenre.experiment.compare import compare
from moviegenre.experiment.config import ExperimentConfig, Suite, load_suite
from moviegenre.experiment.once import OTHER_CHECKPOINTS, command_line, prepare_once, train_once
from moviegenre.models.fusion import FusionConfig

logger = logging.getLogger(__name__)


def reproduce(
    config: Path, overrides: Sequence[str] = (), *, restart: bool = False, progress: bool = True
) -> tuple[Comparison, Path]:
    """Run a config file from its source of movies to its comparison.

    Args:
        config: The YAML file.
        overrides: ``a.b=c`` settings.
        restart: Train anew what was trained with other settings, on other data, or from other
            checkpoints; without it such a model is an error, so that nothing is lost unasked.
        progress: Show progress bars.

    Returns:
        The comparison, and the path of its HTML page.

    Raises:
        ConfigError: A setting is wrong, or the file names no model.
        DataError: The source cannot be prepared, or other data lie where it is to go.
        CheckpointError: A model was trained in another way and ``restart`` is not given.
    """
    suite = load_suite(config, overrides)
    command = command_line("reproduce", config, overrides)
    with locked(suite.checkpoints, OTHER_CHECKPOINTS):
        return _run(suite, command, restart=restart, progress=progress)


def _run(suite: Suite, command: str, *, restart: bool, progress: bool) -> tuple[Comparison, Path]:
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
        train_once(
            _started_from_suite(experiment, suite),
            suite.checkpoints,
            data,
            restart=restart,
            progress=progress,
        )
    return compare(
        suite.checkpoints,
        suite.results,
        names=list(suite.experiments),
        command=command,
        progress=progress,
    )


def reproduce_seeds(
    config: Path,
    overrides: Sequence[str] = (),
    *,
    num_seeds: int,
    restart: bool = False,
    progress: bool = True,
) -> tuple[SeedComparison, list[Path]]:
    """Run a config file once for each of several seeds, and put the comparisons together.

    The first seed is the file's own, and its models and report lie where ``reproduce`` puts them;
    those of a further seed S lie in ``seed-S`` beside them. Everything that a fusion starts from
    is of its own seed, unless the file names a folder for it.

    Args:
        config: The YAML file.
        overrides: ``a.b=c`` settings.
        num_seeds: How many, counted up from ``training.seed``.
        restart: As for ``reproduce``.
        progress: Show progress bars.

    Returns:
        The comparison over seeds, and the files it was written to.

    Raises:
        ConfigError: There are fewer than two seeds, models have seeds of their own, or as for
            ``reproduce``.
        DataError: As for ``reproduce``.
    """
    if num_seeds < 2:
        raise ConfigError(f"--seeds {num_seeds} gives no deviation; expected at least 2")
    suite = load_suite(config, overrides)
    seeds = {experiment.training.seed for experiment in suite.experiments.values()}
    if len(seeds) != 1:
        raise ConfigError(
            f"the models of {config} have the seeds {', '.join(map(str, sorted(seeds)))}; with "
            "--seeds, expected one training.seed for all of them"
        )
    (first,) = seeds
    command = command_line("reproduce", config, overrides) + f" --seeds {num_seeds}"
    found = {}
    with locked(suite.checkpoints, OTHER_CHECKPOINTS):
        for seed in range(first, first + num_seeds):
            logger.info("seed %d", seed)
            one = suite if seed == first else _of_seed(suite, seed)
            told = command_line("reproduce", config, overrides) if seed == first else command
            found[seed], _ = _run(one, told, restart=restart, progress=progress)
    compared = compare_seeds(found)
    banner = SYNTHETIC_BANNER if PreparedData(suite.data.dir).is_synthetic else None
    return compared, write_seeds(compared, command, banner, suite.results)


def _of_seed(suite: Suite, seed: int) -> Suite:
    """Return the same suite for another seed, in folders of its own.

    What starts from, or learns from, a model of the suite does so from that of its own seed.
    """
    folder = f"seed-{seed}"
    checkpoints = suite.checkpoints / folder

    def moved(path: Path | None) -> Path | None:
        if path is None or not path.is_relative_to(suite.checkpoints):
            return path
        return checkpoints / path.relative_to(suite.checkpoints)

    experiments = {}
    for name, one in suite.experiments.items():
        changed = {"seed": seed, "teacher": moved(one.training.teacher)}
        model = one.model
        if "init_from" in model.model_fields_set:
            start = {"init_from": moved(getattr(model, "init_from", None))}
            model = model.model_copy(update=start)
        experiments[name] = replace(
            one, training=one.training.model_copy(update=changed), model=model
        )
    return replace(
        suite, checkpoints=checkpoints, results=suite.results / folder, experiments=experiments
    )


def print_seeds(found: SeedComparison, files: Sequence[Path]) -> None:
    """Print mean and deviation of every model, and where the files are."""
    from rich.console import Console

    title = f"{found.split}, {len(found.seeds)} seeds, mean ± deviation"
    kept = ("model", "F1-macro", "F1-micro", "ROC-AUC")  # eighty columns hold no more
    Console(highlight=False).print(rich_table(found.table(), title=title, kept=kept))
    print("wrote", ", ".join(str(path) for path in files))


def _started_from_suite(experiment: ExperimentConfig, suite: Suite) -> ExperimentConfig:
    """Let a fusion start from the models trained before it, unless its settings say otherwise."""
    settings = experiment.model
    if not isinstance(settings, FusionConfig) or "init_from" in settings.model_fields_set:
        return experiment
    return replace(experiment, model=settings.model_copy(update={"init_from": suite.checkpoints}))
