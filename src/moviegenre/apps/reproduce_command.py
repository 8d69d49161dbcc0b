"""``moviegenre reproduce``: a whole experiment in one call."""

from pathlib import Path
from typing import Annotated

import typer

from moviegenre.apps.options import Overrides, Quiet, Restart
from moviegenre.core.extras import require_training

SuiteFile = Annotated[Path, typer.Option("--config", help="YAML file of the experiment.")]


def reproduce(
    config: SuiteFile, overrides: Overrides = None, restart: Restart = False, quiet: Quiet = False
) -> None:
    """Prepare, train all models, evaluate and compare; finished steps are kept.

    For example: moviegenre reproduce --config configs/demo.yaml
    """
    require_training("reproducing an experiment")
    from moviegenre.apps.console import print_comparison
    from moviegenre.experiment.reproduce import reproduce as run_all

    comparison, page = run_all(config, overrides or [], restart=restart, progress=not quiet)
    print_comparison(comparison, page)
