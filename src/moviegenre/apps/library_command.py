"""``moviegenre library``: genres for the films of a Kodi, Jellyfin, Emby or Plex library."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moviegenre.apps.options import OUT, Backend, Model, Names, refuse_unused
from moviegenre.core.errors import ConfigError
from moviegenre.library.mode import Mode

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor

_CHANGES, _OUTPUT = "What changes", "Output"
_MAX_GENRES = 3

Folder = Annotated[Path, typer.Argument(metavar="PATH", help="The folder of your films.")]
Write = Annotated[
    bool,
    typer.Option(
        "--write", rich_help_panel=_CHANGES, help="Write the changes. Default: only show them."
    ),
]
Undo = Annotated[
    bool,
    typer.Option(
        "--undo", rich_help_panel=_CHANGES, help="Restore every file as it was before --write."
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        rich_help_panel=_CHANGES,
        help="With --undo: also restore files that you changed or deleted since; your changes are "
        "lost. With --report: replace a file that is no report of this command.",
    ),
]
ModeOption = Annotated[
    Mode | None,
    typer.Option(
        rich_help_panel=_CHANGES,
        help="missing: only films without genres (default). add: keep existing genres. "
        "replace: replace them.",
    ),
]
Most = Annotated[
    int | None,
    typer.Option(
        min=1, rich_help_panel=_CHANGES, help="Maximum number of genres per film. Default: 3."
    ),
]
Lock = Annotated[
    bool,
    typer.Option(
        "--lock",
        rich_help_panel=_CHANGES,
        help="Also add Genres to Jellyfin's lockedfields in the written files.",
    ),
]
FromPoster = Annotated[
    bool,
    typer.Option(
        "--from-poster",
        rich_help_panel=_CHANGES,
        help="Also write genres for films without a plot, predicted from the poster alone.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        **OUT, rich_help_panel=_OUTPUT, help="Write a .csv or .json file with a row per film."
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", rich_help_panel=_OUTPUT, help="Show no progress bar.")
]


def library(
    path: Folder,
    write: Write = False,
    undo: Undo = False,
    overwrite: Overwrite = False,
    mode: ModeOption = None,
    most: Most = None,
    names: Names = None,
    lock: Lock = False,
    from_poster: FromPoster = False,
    report: Report = None,
    quiet: Quiet = False,
    checkpoint: Model = None,
    backend: Backend = "auto",
) -> None:
    """Fill in the genres in a film library's .nfo files; by default, only show the changes.

    For example: moviegenre library ~/Movies
    """
    from moviegenre.apps.library_output import run_library, run_undo

    if undo:
        unused = {
            "--write": write,
            "--mode": mode,
            "--most": most,
            "--names": names,
            "--lock": lock,
            "--from-poster": from_poster,
            "--report": report,
            "--checkpoint": checkpoint,
        }
        refuse_unused(unused, "--undo")
        run_undo(path, overwrite=overwrite, quiet=quiet)
        return
    if overwrite and report is None:
        raise ConfigError(
            "--overwrite has no effect without --undo or --report; add one of them, or leave out "
            "--overwrite"
        )
    from moviegenre.core.genre_mapping import read_names
    from moviegenre.library.plan import Options
    from moviegenre.library.report import check_report

    if report is not None:
        check_report(report, overwrite=overwrite)
    options = Options(
        mode=mode or Mode.MISSING,
        most=most or _MAX_GENRES,
        names=read_names(names),
        lock=lock,
        from_poster=from_poster,
    )

    def load() -> "Predictor":
        from moviegenre import load as load_model

        return load_model(checkpoint, backend=backend, bulk=True)

    run_library(path, options, load, write=write, report=report, quiet=quiet)
