"""``moviegenre ensemble``: combine trained models."""

from pathlib import Path
from typing import Annotated

import typer

from moviegenre.apps.messages import echo
from moviegenre.apps.options import OUT, DataDir, Quiet
from moviegenre.core.extras import require_training
from moviegenre.core.locks import locked
from moviegenre.core.types import Goal


def ensemble(
    checkpoints: Annotated[
        list[str],
        typer.Argument(
            help="Models to combine: each a best.pth, its folder, or an exported folder.",
            metavar="CHECKPOINT...",
        ),
    ],
    out: Annotated[
        Path, typer.Option(**OUT, help="Ensemble folder, such as checkpoints/ensemble.")
    ],
    data: DataDir = None,
    goal: Annotated[
        Goal, typer.Option(help="Score to maximise when fitting thresholds.")
    ] = "f1_macro",
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A=B", help="Override one setting, as in draws=1."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the ensemble in OUT.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Combine trained models with weights fitted on validation.

    For example: moviegenre ensemble checkpoints/bert checkpoints/cnn --out checkpoints/ensemble
    """
    require_training("combining models")
    from moviegenre.apps.console import print_files, print_table
    from moviegenre.core.config import apply_overrides
    from moviegenre.studies.ensembles.computation import ensemble as combine
    from moviegenre.studies.ensembles.document import scores_table, shortfall, weights_table
    from moviegenre.studies.ensembles.settings import CombiningConfig

    config = CombiningConfig.parse(apply_overrides({}, overrides or []), "--set")
    with locked(out):
        fitted = combine(
            checkpoints,
            out,
            data_dir=data,
            goal=goal,
            config=config,
            overwrite=overwrite,
            progress=not quiet,
        )
    print_table(scores_table(fitted), title="cross-validated on val, per cent")
    if sentence := shortfall(fitted):
        echo(sentence)
    print_table(weights_table(fitted), title="weight, mean over genres")
    strength = fitted.fit.strength
    echo(f"shrinkage of the weights: genres {strength.genre:g}, members {strength.member:g}")
    print_files([fitted.file])
