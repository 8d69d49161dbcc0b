"""``moviegenre data audit``: find flaws of a benchmark."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moviegenre.apps.messages import echo
from moviegenre.apps.options import OUT
from moviegenre.core.errors import ConfigError
from moviegenre.core.extras import require_training
from moviegenre.core.types import TextRule
from moviegenre.studies.audit.settings import AuditSettings, LeakRule

if TYPE_CHECKING:
    from moviegenre.studies.audit.findings import Audit


def audit(
    directory: Annotated[Path, typer.Argument(help="Folder of prepared data.")],
    out: Annotated[Path, typer.Option(**OUT, help="Folder for the page and tables.")] = Path(
        "audit"
    ),
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            help="Trained models; their saved predictions judge the labels of val and test."
        ),
    ] = None,
    drop_leaks: Annotated[
        Path | None, typer.Option(**OUT, help="Write a clean split into this new folder.")
    ] = None,
    leaks: Annotated[
        LeakRule, typer.Option(help="Pairs that count as leaks; both: plot and poster alike.")
    ] = "either",
    plot_similarity: Annotated[
        float, typer.Option(min=0.05, max=1.0, help="Minimum similarity of a pair of plots.")
    ] = 0.5,
    poster_distance: Annotated[
        int,
        typer.Option(min=0, max=100, help="Maximum distance of a pair of posters, in bits of 256."),
    ] = 48,
    plot: Annotated[
        TextRule, typer.Option(help="Plot rule for genre words and labels.")
    ] = "joined",
    labels: Annotated[
        bool, typer.Option("--labels/--no-labels", help="Look for label errors, the slowest step.")
    ] = True,
    folds: Annotated[int, typer.Option(min=2, help="Folds of the cross-fitted bag of words.")] = 5,
    top: Annotated[int, typer.Option(min=1, help="Findings of each kind on the page.")] = 30,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress messages.")] = False,
) -> None:
    """Find near duplicates, genre names in plots, and labels that models contradict.

    For example: moviegenre data audit data/prepared --out audit
    """
    require_training("auditing data")
    from moviegenre.apps.console import print_files
    from moviegenre.core.files import check_folder
    from moviegenre.core.locks import locked
    from moviegenre.studies.audit.computation import audit as run
    from moviegenre.studies.audit.document import write_audit
    from moviegenre.studies.audit.findings import Audit
    from moviegenre.studies.audit.page import audit_template

    if checkpoints is not None and not labels:
        raise ConfigError("--checkpoints judge labels, which --no-labels skips; use one of them")
    settings = AuditSettings(
        poster_distance=poster_distance,
        plot_similarity=plot_similarity,
        plot=plot,
        leaks=leaks,
        folds=folds,
        top=top,
    )
    check_folder(out, "`out`")
    audit_template()  # raise now, not after minutes of computation
    files: list[Path] = []

    def report(result: Audit) -> None:
        files.extend(write_audit(result, out, shlex.join(["moviegenre", *sys.argv[1:]])))

    with locked(out):
        result = run(
            directory,
            settings,
            checkpoints=checkpoints,
            judge_labels=labels,
            drop_leaks=drop_leaks,
            on_step=(lambda text: None) if quiet else (lambda text: echo(f"{text} ...", err=True)),
            report=report,
        )
    print_audit(result)
    print_files(files)
    if drop_leaks is not None:
        echo(f"{drop_leaks}: the clean split, without {_dropped_text(result)}")


def _dropped_text(audit: "Audit") -> str:
    return ", ".join(f"{name} {count:,}" for name, count in audit.dropped_by_split().items())


def print_audit(audit: "Audit") -> None:
    """Print the tables."""
    from moviegenre.apps.console import print_table
    from moviegenre.studies.audit.tables import errors_table, pairs_table, words_table

    if audit.synthetic:
        typer.secho("made-up movies: nothing measured on them is a result", fg="yellow")
    settings = audit.settings
    caption = f"plots from {settings.plot_similarity:g} on, posters to {settings.poster_distance}"
    print_table(pairs_table(audit), title="near duplicates", caption=f"{caption} of 256 bits")
    sizes = audit.cluster_sizes
    largest = f", the largest of {sizes[0]} movies" if sizes else ""
    echo(f"clusters: {len(sizes):,}{largest}; leaking movies: {_dropped_text(audit)}")
    echo(
        f"not compared: {audit.short_plots:,} plots that are too short, "
        f"{len(audit.plain_posters):,} posters that are too plain"
    )
    words = words_table(audit)
    columns = [name for name in words.headings if name != "word"]
    title = f"genre names spelled out, plot: {settings.plot}, per cent"
    print_table(words, title=title, kept=columns)
    if audit.sources:
        print_table(errors_table(audit), title="labels that models contradict")
        judges = "; ".join(f"{split}: {source}" for split, source in audit.sources.items())
        echo(f"judged by {judges}")
