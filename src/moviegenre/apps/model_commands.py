"""``moviegenre export`` and ``moviegenre push``: a model in a folder, or on the Hub."""

from pathlib import Path
from typing import Annotated, cast

import typer

from moviegenre.apps.messages import echo
from moviegenre.apps.options import OUT
from moviegenre.core.errors import ConfigError
from moviegenre.core.extras import require_training
from moviegenre.core.types import SmallBackend


def export(
    checkpoint: Annotated[
        str,
        typer.Option(help="Model: a best.pth, its folder, an exported folder or a Hub name."),
    ],
    out: Annotated[Path, typer.Option(**OUT, help="New folder, or an earlier export to replace.")],
    onnx: Annotated[
        bool, typer.Option("--onnx/--no-onnx", help="Also write model.onnx and model.int8.onnx.")
    ] = True,
    half: Annotated[
        bool, typer.Option("--half", help="Write the weights as 16-bit floats: half the size.")
    ] = False,
    index: Annotated[
        bool,
        typer.Option("--index", help="Add an index of the training movies, to find similar ones."),
    ] = False,
    only: Annotated[
        SmallBackend | None,
        typer.Option(help="Keep only model.int8.onnx, or the smaller model.int4.onnx."),
    ] = None,
    int8_only: Annotated[bool, typer.Option("--int8-only", hidden=True)] = False,
    int4_only: Annotated[bool, typer.Option("--int4-only", hidden=True)] = False,
    parity_data: Annotated[
        Path | None,
        typer.Option(help="Prepared data to compare ONNX on. Default: the model's own."),
    ] = None,
    parity_movies: Annotated[
        int, typer.Option(min=0, help="Number of validation movies to compare; 0 compares none.")
    ] = 1000,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress bar.")] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="First check every file of the model against its manifest."),
    ] = False,
) -> None:
    """Write a self-contained folder: weights, settings, model card, ONNX files.

    For example: moviegenre export --checkpoint checkpoints/bert --out exported/bert
    """
    require_training("exporting a model")
    from moviegenre.experiment.export import export as run

    exported = run(
        checkpoint,
        out,
        onnx=onnx,
        only=_only(only, int8_only=int8_only, int4_only=int4_only),
        half=half,
        index=index,
        parity_data=parity_data,
        parity_movies=parity_movies,
        progress=not quiet,
        verified=verify,
    )
    echo(f"{out}: {', '.join(sorted(path.name for path in out.iterdir()))}")
    parity = exported.parity
    if exported.without_onnx:
        echo(f"no ONNX file: {exported.without_onnx}", err=True)
    elif onnx and parity is None:
        echo("the ONNX files were not compared; name movies with --parity-data", err=True)
    if parity is None:
        return
    echo(f"on {parity.num_movies:,} movies, F1-macro by PyTorch {100 * parity.f1_macro:.2f}")
    for name, file in parity.files.items():
        echo(
            f"{name}: {file.equal_decisions:.3%} of decisions equal, "
            f"F1-macro {100 * file.f1_macro:.2f}"
        )
    for fault in parity.faults:
        echo(f"warning: {fault}", err=True)


def _only(only: SmallBackend | None, *, int8_only: bool, int4_only: bool) -> SmallBackend | None:
    """Return the small form that ``--only`` or one of its former options names.

    Raises:
        ConfigError: The options name two different forms.
    """
    former = [form for form, is_set in (("int8", int8_only), ("int4", int4_only)) if is_set]
    forms = {*former, *([only] if only else [])}
    if len(forms) > 1:
        raise ConfigError("--only int8 and --only int4 keep different weights; give one of them")
    return cast("SmallBackend | None", next(iter(forms), None))


def push(
    name: Annotated[str, typer.Argument(help="Name on the Hugging Face Hub: OWNER/NAME.")],
    model: Annotated[Path, typer.Option(help="Folder that moviegenre export wrote.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new model private.")] = False,
) -> None:
    """Upload an exported model to the Hugging Face Hub.

    For example: moviegenre push --model exported/bert owner/film-genres
    """
    from moviegenre.artifacts.hub import push as run

    address = run(model, name, private=private)
    echo(f"{address}; use it with: moviegenre predict --checkpoint {name} --plot TEXT")
