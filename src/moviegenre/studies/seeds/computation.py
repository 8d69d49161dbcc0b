"""Train all models of a config file for several seeds, and compare the results."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from moviegenre.core.errors import ConfigError
from moviegenre.core.locks import locked
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.documents import SYNTHETIC_BANNER
from moviegenre.experiment.config import Suite, load_suite
from moviegenre.experiment.reproduce import run_suite
from moviegenre.experiment.suite_steps import OTHER_CHECKPOINTS, command_line
from moviegenre.studies.seeds.document import write_seeds
from moviegenre.studies.seeds.scores import SeedComparison, compare_seeds

logger = logging.getLogger(__name__)


def reproduce_seeds(
    config: Path,
    overrides: Sequence[str] = (),
    *,
    num_seeds: int,
    restart: bool = False,
    progress: bool = True,
) -> tuple[SeedComparison, list[Path]]:
    """Run a config file for several seeds, and combine the comparisons.

    The first seed is that of the file, with models and report in the folders of ``reproduce``. The
    models and report of a further seed S are in ``seed-S`` beside them. The initial models of a
    fusion have its seed, unless the file names a folder for them.

    Args:
        config: The YAML file.
        overrides: ``a.b=c`` settings.
        num_seeds: The number of seeds, from ``training.seed`` upwards.
        restart: As for ``reproduce``.
        progress: Show progress bars.

    Returns:
        The comparison over seeds, and its files.

    Raises:
        ConfigError: There are fewer than two seeds, models have different seeds, or as for
            ``reproduce``.
        DataError: As for ``reproduce``.
    """
    if num_seeds < 2:
        raise ConfigError(f"{num_seeds} seed gives no deviation; expected at least 2 seeds")
    suite = load_suite(config, overrides)
    seeds = {experiment.training.seed for experiment in suite.experiments.values()}
    if len(seeds) != 1:
        raise ConfigError(
            f"the models of {config} have the seeds {', '.join(map(str, sorted(seeds)))}; "
            "expected one training.seed for all of them"
        )
    (first,) = seeds
    first_command = command_line("reproduce", config, overrides)
    command = f"{first_command} --seeds {num_seeds}"
    comparisons = {}
    with locked(suite.checkpoints, OTHER_CHECKPOINTS):
        for seed in range(first, first + num_seeds):
            logger.info("seed %d", seed)
            comparisons[seed], _ = run_suite(
                suite if seed == first else _suite_of_seed(suite, seed),
                first_command if seed == first else command,
                restart=restart,
                progress=progress,
            )
    compared = compare_seeds(comparisons)
    banner = SYNTHETIC_BANNER if PreparedData(suite.data.dir).is_synthetic else None
    return compared, write_seeds(compared, command, banner, suite.results)


def _suite_of_seed(suite: Suite, seed: int) -> Suite:
    """Return the suite for another seed, in separate folders.

    Initial models and teachers from the suite are replaced by those of the same seed.
    """
    folder = f"seed-{seed}"
    checkpoints = suite.checkpoints / folder

    def path_of_seed(path: Path | None) -> Path | None:
        if path is None or not path.is_relative_to(suite.checkpoints):
            return path
        return checkpoints / path.relative_to(suite.checkpoints)

    experiments = {}
    for name, experiment in suite.experiments.items():
        update = {"seed": seed, "teacher": path_of_seed(experiment.training.teacher)}
        model = experiment.model
        if "init_from" in model.model_fields_set:
            initial = {"init_from": path_of_seed(getattr(model, "init_from", None))}
            model = model.model_copy(update=initial)
        experiments[name] = replace(
            experiment, training=experiment.training.model_copy(update=update), model=model
        )
    return replace(
        suite, checkpoints=checkpoints, results=suite.results / folder, experiments=experiments
    )
