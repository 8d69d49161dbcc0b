"""``moviegenre ablate``: what each factor of a model is worth, on validation."""

from pathlib import Path
from typing import Annotated

import typer

from moviegenre.core.extras import require_training


def ablate(
    config: Annotated[
        Path, typer.Option("--config", help="YAML file with a section of ablations.")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Override one setting of every base."),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Train anew what was trained with other settings.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Change one factor at a time and score it on val; what is done is not done again.

    For example: moviegenre ablate --config configs/studies/ablations.yaml
    """
    require_training("an ablation")
    from moviegenre.evaluation.ablations import print_ablations
    from moviegenre.experiment.ablate import ablate as run

    found, files = run(config, overrides or [], restart=restart, progress=not quiet)
    print_ablations(found, files)
