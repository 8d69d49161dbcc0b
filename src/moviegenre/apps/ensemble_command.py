"""``moviegenre ensemble``: trained models become one."""

from pathlib import Path
from typing import Annotated

import typer

from moviegenre.apps.choices import GoalName
from moviegenre.core.extras import require_training
from moviegenre.core.locks import locked


def ensemble(
    checkpoints: Annotated[
        list[str],
        typer.Argument(
            help="The members: each a best.pth, its folder, or an exported folder.",
            metavar="CHECKPOINT...",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The ensemble's folder, as in checkpoints/ensemble.")],
    data: Annotated[Path | None, typer.Option("--data", help="Folder of prepared data.")] = None,
    goal: Annotated[
        GoalName, typer.Option(help="The score that its thresholds are fitted for.")
    ] = GoalName.F1_MACRO,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A=B", help="Override one setting, as in draws=1."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Combine trained models with weights fitted on validation.

    For example: moviegenre ensemble checkpoints/bert checkpoints/cnn --out checkpoints/ensemble
    """
    require_training("combining models")
    from moviegenre.core.config import apply_overrides
    from moviegenre.evaluation.combining import CombiningConfig
    from moviegenre.experiment.ensemble import ensemble as combine
    from moviegenre.experiment.ensemble import render_ensemble

    config = CombiningConfig.parse(apply_overrides({}, overrides or []), "--set")
    with locked(out):
        fitted = combine(
            checkpoints,
            out,
            data_dir=data,
            goal=goal.value,
            config=config,
            progress=not quiet,
        )
    render_ensemble(fitted)
