"""``moviegenre data audit``: what makes a benchmark easier, or worse, than it looks."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from moviegenre.apps.choices import LeakRuleName, PlotRuleName
from moviegenre.apps.messages import echo
from moviegenre.core.errors import ConfigError
from moviegenre.core.extras import require_training


def audit(
    directory: Annotated[Path, typer.Argument(help="Folder of prepared data.")],
    out: Annotated[Path, typer.Option(help="Where the page and the tables go.")] = Path("audit"),
    checkpoints: Annotated[
        Path | None,
        typer.Option(help="Trained models; their kept predictions judge the labels of val, test."),
    ] = None,
    drop_leaks: Annotated[
        Path | None, typer.Option(help="Write a clean split into this new folder.")
    ] = None,
    leaks: Annotated[
        LeakRuleName, typer.Option(help="Which pairs leak; both: plot and poster alike.")
    ] = LeakRuleName.EITHER,
    plot_similarity: Annotated[
        float, typer.Option(min=0.05, max=1.0, help="Plots from here on are a pair.")
    ] = 0.5,
    poster_distance: Annotated[
        int, typer.Option(min=0, max=100, help="Posters up to here are a pair, of 256 bits.")
    ] = 48,
    plot: Annotated[
        PlotRuleName, typer.Option(help="Which plot to read for genre words and labels.")
    ] = PlotRuleName.JOINED,
    labels: Annotated[
        bool, typer.Option("--labels/--no-labels", help="Look for label errors; takes longest.")
    ] = True,
    folds: Annotated[int, typer.Option(min=2, help="Of the cross-fitted bag of words.")] = 5,
    top: Annotated[int, typer.Option(min=1, help="How many of each kind the page shows.")] = 30,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not say what is being done.")] = False,
) -> None:
    """Find near duplicates, genres spelled out, and labels that models contradict.

    For example: moviegenre data audit data/prepared --out audit
    """
    require_training("auditing data")
    from moviegenre.core.files import check_folder
    from moviegenre.core.locks import locked
    from moviegenre.evaluation.audit import Audit, AuditSettings
    from moviegenre.evaluation.audit_page import page_template
    from moviegenre.evaluation.audit_report import print_audit, write_audit
    from moviegenre.experiment.audit import audit as run

    if checkpoints is not None and not labels:
        raise ConfigError("--checkpoints judge labels, which --no-labels leaves out; say one")
    settings = AuditSettings(
        poster_distance=poster_distance,
        plot_similarity=plot_similarity,
        plot=plot.value,
        leaks=leaks.value,
        folds=folds,
        top=top,
    )
    check_folder(out, "--out")
    page_template()  # what is not installed is better missed now than after minutes
    files: list[Path] = []

    def report(found: Audit) -> None:
        files.extend(write_audit(found, out, shlex.join(["moviegenre", *sys.argv[1:]])))

    with locked(out):
        found = run(
            directory,
            settings,
            checkpoints=checkpoints,
            judge_labels=labels,
            drop_leaks=drop_leaks,
            step=(lambda text: None) if quiet else (lambda text: echo(f"{text} ...", err=True)),
            report=report,
        )
    print_audit(found)
    echo(f"wrote {', '.join(str(path) for path in files)}")
    if drop_leaks is not None:
        told = ", ".join(f"{name} {count:,}" for name, count in found.dropped_by_split().items())
        echo(f"{drop_leaks}: the clean split, less {told}")


def _tell(step: str) -> None:
    echo(f"{step} ...", err=True)
