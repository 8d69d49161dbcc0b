"""``moviegenre reproduce --seeds``: run the whole experiment for several seeds."""

from typing import Annotated

import typer

from moviegenre.apps.options import Overrides, Quiet, Restart
from moviegenre.apps.reproduce_command import SuiteFile, reproduce
from moviegenre.core.extras import require_training


def reproduce_seeds(
    config: SuiteFile,
    overrides: Overrides = None,
    restart: Restart = False,
    seeds: Annotated[
        int,
        typer.Option(min=1, help="Number of seeds to train with; tables show mean and deviation."),
    ] = 1,
    quiet: Quiet = False,
) -> None:
    """Prepare, train all models, evaluate and compare; finished steps are kept.

    For example: moviegenre reproduce --config configs/demo.yaml
    """
    if seeds == 1:
        reproduce(config, overrides, restart, quiet)
        return
    require_training("reproducing an experiment")
    from moviegenre.apps.console import print_files, print_table
    from moviegenre.studies.seeds.computation import reproduce_seeds as run
    from moviegenre.studies.seeds.document import IN_SHORT, seeds_table

    result, files = run(
        config, overrides or [], num_seeds=seeds, restart=restart, progress=not quiet
    )
    title = f"{result.split}, {len(result.seeds)} seeds, mean ± deviation"
    print_table(seeds_table(result), title=title, kept=IN_SHORT)
    print_files(files)
