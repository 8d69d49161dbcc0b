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
        raise ConfigError(f"{num_seeds} seed gives no deviation; expected at least 2 seeds")
    suite = load_suite(config, overrides)
    seeds = {experiment.training.seed for experiment in suite.experiments.values()}
    if len(seeds) != 1:
        raise ConfigError(
            f"the models of {config} have the seeds {', '.join(map(str, sorted(seeds)))}; "
            "expected one training.seed for all of them"
        )
    (first,) = seeds
    one_seed = command_line("reproduce", config, overrides)
    command = f"{one_seed} --seeds {num_seeds}"
    comparisons = {}
    with locked(suite.checkpoints, OTHER_CHECKPOINTS):
        for seed in range(first, first + num_seeds):
            logger.info("seed %d", seed)
            comparisons[seed], _ = run_suite(
                suite if seed == first else _of_seed(suite, seed),
                one_seed if seed == first else command,
                restart=restart,
                progress=progress,
            )
    compared = compare_seeds(comparisons)
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
    for name, experiment in suite.experiments.items():
        update = {"seed": seed, "teacher": moved(experiment.training.teacher)}
        model = experiment.model
        if "init_from" in model.model_fields_set:
            start = {"init_from": moved(getattr(model, "init_from", None))}
            model = model.model_copy(update=start)
        experiments[name] = replace(
            experiment, training=experiment.training.model_copy(update=update), model=model
        )
    return replace(
        suite, checkpoints=checkpoints, results=suite.results / folder, experiments=experiments
    )
