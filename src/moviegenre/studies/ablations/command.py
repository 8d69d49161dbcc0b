"""``moviegenre ablate``: measure each factor of a model on validation."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moviegenre.apps.options import Overrides, Quiet, Restart
from moviegenre.core.extras import require_training

if TYPE_CHECKING:
    from moviegenre.studies.ablations.scores import AblationResult


def ablate(
    config: Annotated[
        Path, typer.Option("--config", help="YAML file with a section of ablations.")
    ],
    overrides: Overrides = None,
    restart: Restart = False,
    quiet: Quiet = False,
) -> None:
    """Change one factor at a time and score it on val; finished variants are kept.

    For example: moviegenre ablate --config configs/studies/ablations.yaml
    """
    require_training("an ablation")
    from moviegenre.studies.ablations.computation import ablate as run

    results, files = run(config, overrides or [], restart=restart, progress=not quiet)
    print_ablations(results, files)


def print_ablations(results: "Sequence[AblationResult]", files: Sequence[Path]) -> None:
    """Print every table, narrowed for a console, and the paths of the files."""
    from moviegenre.apps.console import print_files, print_table
    from moviegenre.studies.ablations.document import IN_SHORT, ablation_table

    for result in results:
        print_table(ablation_table(result), title=f"{result.title}, validation", kept=IN_SHORT)
    print_files(files)
