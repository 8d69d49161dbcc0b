"""``moviegenre faithfulness``: whether explanations name what the model goes by."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from moviegenre.core.errors import ConfigError, did_you_mean
from moviegenre.core.extras import require_training
from moviegenre.core.seeds import MAX_SEED

if TYPE_CHECKING:
    from moviegenre.inference.attribution import Method
    from moviegenre.inference.backends import BackendName

_SPLITS = ("train", "val", "test")


def faithfulness(
    checkpoint: Annotated[
        str,
        typer.Option(help="A best.pth, its folder, an exported folder, or a name on the hub."),
    ],
    data: Annotated[
        Path | None, typer.Option(help="Prepared movies. Default: the model's own.")
    ] = None,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    movies: Annotated[int, typer.Option(min=1, help="How many of its movies.")] = 500,
    method: Annotated[
        str, typer.Option(help="auto, gradients, or occlusion, which leaves parts out.")
    ] = "auto",
    share: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="Of words or regions that are taken away.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Draws the random ones.")] = 0,
    backend: Annotated[str, typer.Option(help="auto, torch, onnx, int8 or int4.")] = "auto",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Take away what explanations put first, and random parts, and compare the answers."""
    require_training("testing explanations")
    if split not in _SPLITS:
        raise ConfigError(f"unknown --split {split!r}; {did_you_mean(split, _SPLITS)}")
    from moviegenre.core.types import Split
    from moviegenre.experiment.faithfulness import faithfulness as run
    from moviegenre.experiment.faithfulness import print_faithfulness

    found = run(
        checkpoint,
        data,
        split=Split(split),
        movies=movies,
        method=cast("Method", method),
        share=share,
        seed=seed,
        backend=cast("BackendName", backend),
        progress=not quiet,
    )
    print_faithfulness(found, share)
    if json_file is not None:
        import json

        from moviegenre.core.files import write_text

        write_text(json_file, json.dumps([one.to_json_dict() for one in found], indent=1) + "\n")
        typer.echo(f"wrote {json_file}")
