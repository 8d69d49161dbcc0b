"""``moviegenre ensemble``: trained models become one."""

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from moviegenre.core.errors import ConfigError, did_you_mean
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
        str, typer.Option(help="What its cuts are fitted for: f1_macro or f1_micro.")
    ] = "f1_macro",
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A=B", help="Override one setting, as in draws=1."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Combine trained models with weights fitted on validation."""
    require_training("combining models")
    from moviegenre.core.config import apply_overrides
    from moviegenre.evaluation.combining import CombiningConfig
    from moviegenre.evaluation.thresholds import Goal
    from moviegenre.experiment.ensemble import ensemble as combine
    from moviegenre.experiment.ensemble import render_ensemble

    if goal not in get_args(Goal):
        raise ConfigError(f"unknown --goal {goal!r}; {did_you_mean(goal, get_args(Goal))}")
    config = CombiningConfig.parse(apply_overrides({}, overrides or []), "--set")
    with locked(out):
        fitted = combine(
            checkpoints,
            out,
            data_dir=data,
            goal=cast("Goal", goal),
            config=config,
            progress=not quiet,
        )
    render_ensemble(fitted)
