"""``moviegenre robustness``: how much fusions lose when posters or plots are missing."""

from pathlib import Path
from typing import Annotated

import typer

from moviegenre.apps.options import DataDir, Quiet, SplitOption
from moviegenre.core.extras import require_training
from moviegenre.core.types import MAX_SEED, Split


def robustness(
    checkpoints: Annotated[Path, typer.Argument(help="Folder of trained models.")] = Path(
        "checkpoints"
    ),
    out: Annotated[Path, typer.Option(help="Where the tables and the plot go.")] = Path("results"),
    data: DataDir = None,
    split: SplitOption = Split.TEST,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Draws the movies that lack a modality.")
    ] = 0,
    fitted: Annotated[
        bool, typer.Option("--fitted", help="At each model's own thresholds instead of 0.5.")
    ] = False,
    missing_table: Annotated[
        Path | None, typer.Option(help="A paper's .pt file of what each movie lacks.")
    ] = None,
    missing_arrow: Annotated[
        Path | None, typer.Option(help="The Arrow file that the missing table belongs to.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Score every fusion as posters or plots go missing, beside its single-modality siblings.

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
