"""``moviegenre robustness``: how much fusions lose when posters or plots are missing."""

from pathlib import Path
from typing import Annotated

import typer

from moviegenre.apps.options import OUT, DataDir, Quiet, SplitOption
from moviegenre.core.extras import require_training
from moviegenre.core.types import MAX_SEED, Split


def robustness(
    checkpoints: Annotated[Path, typer.Argument(help="Folder of trained models.")] = Path(
        "checkpoints"
    ),
    out: Annotated[Path, typer.Option(**OUT, help="Folder for the tables and the plot.")] = Path(
        "results"
    ),
    data: DataDir = None,
    split: SplitOption = Split.TEST,
    seed: Annotated[
        int,
        typer.Option(min=0, max=MAX_SEED, help="Seed for choosing movies that lack a modality."),
    ] = 0,
    fitted: Annotated[
        bool, typer.Option("--fitted", help="Use each model's own thresholds instead of 0.5.")
    ] = False,
    missing_table: Annotated[
        Path | None, typer.Option(help="A paper's .pt file of each movie's missing modality.")
    ] = None,
    missing_arrow: Annotated[
        Path | None, typer.Option(help="Arrow file that belongs to --missing-table.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Score fusion models with missing posters or plots, and compare with single-modality models.

    For example: moviegenre robustness checkpoints --split test
    """
    require_training("scoring models without a modality")
    from moviegenre.apps.console import print_files, print_sentences, print_table
    from moviegenre.core.locks import locked
    from moviegenre.studies.robustness.computation import robustness as run
    from moviegenre.studies.robustness.document import (
        MODALITIES,
        missing_table_scores,
        robustness_table,
    )

    with locked(out):
        result, files = run(
            checkpoints,
            out,
            data_dir=data,
            split=split,
            seed=seed,
            fitted=fitted,
            missing_table=missing_table,
            missing_arrow=missing_arrow,
            progress=not quiet,
        )
    for missing in MODALITIES:
        title = f"F1-macro on {result.split} with {missing.value}s missing, per cent"
        print_table(robustness_table(result, missing), title=title)
    for table in result.tables:
        title = f"F1 on {result.split} with {table['table']}, per cent"
        print_table(missing_table_scores(table), title=title)
    print_sentences(verdict.sentence() for verdict in result.verdicts)
    print_files(files)
