"""``moviegenre faithfulness``: check whether explanations name what the model relies on."""

from pathlib import Path
from typing import Annotated

import typer

from moviegenre.apps.options import OUT, DataDir, Quiet, SplitOption
from moviegenre.core.extras import require_training
from moviegenre.core.types import MAX_SEED, AttributionMethod, BackendName, Split


def faithfulness(
    checkpoint: Annotated[
        str | None,
        typer.Option(
            help="Model: a best.pth, its folder, an exported folder, or a name on the Hub. "
            "Default: the included model."
        ),
    ] = None,
    data: DataDir = None,
    split: SplitOption = Split.TEST,
    movies: Annotated[int, typer.Option(min=1, help="Number of movies.")] = 500,
    method: Annotated[
        AttributionMethod, typer.Option(help="Attribution method; occlusion leaves parts out.")
    ] = "auto",
    share: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="Share of words or regions to remove.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the random parts.")] = 0,
    backend: Annotated[BackendName, typer.Option(help="Runtime of the model.")] = "auto",
    json_file: Annotated[
        Path | None, typer.Option("--json", **OUT, help="JSON file for the result.")
    ] = None,
    card: Annotated[
        bool, typer.Option("--card", help="Add the result to the exported folder's card.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Remove the parts that explanations rank first, or random parts, and compare the answers.

    For example: moviegenre faithfulness --data data/mmimdb-r --movies 100
    """
    require_training("testing explanations")
    from moviegenre.apps.console import print_files, print_table
    from moviegenre.box import box_folder
    from moviegenre.evaluation.documents import json_text, write_files
    from moviegenre.studies.faithfulness.computation import faithfulness as run
    from moviegenre.studies.faithfulness.document import (
        exported_folder,
        faithfulness_table,
        record,
    )

    model = box_folder() if checkpoint is None else checkpoint
    folder = exported_folder(model) if card else None
    results = run(
        model,
        data,
        split=split,
        movies=movies,
        method=method,
        share=share,
        seed=seed,
        backend=backend,
        progress=not quiet,
    )
    title = f"fall of the likeliest genre's probability without {share:.0%} of the parts, in points"
    table = faithfulness_table(results)
    columns = [heading for heading in table.headings if heading != "found by"]  # for 80 columns
    found = ", ".join(f"{result.method} ({result.modality.value})" for result in results)
    print_table(table, title=title, caption=f"found by {found}", kept=columns)
    if folder is not None:
        record(folder, split.value, share, results)
    if json_file is not None:
        text = json_text([result.to_json_dict() for result in results])
        print_files(write_files(json_file.parent, {json_file.name: text}))
