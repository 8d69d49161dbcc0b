"""The robustness report: ``ROBUSTNESS.md``, ``robustness.json`` and a plot."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moviegenre.core.types import Modality
from moviegenre.evaluation.canvas import INK, dress, legend, line_style, new_figure
from moviegenre.evaluation.documents import (
    Table,
    command_markdown,
    json_text,
    markdown,
    per_cent,
    write_files,
)
from moviegenre.evaluation.plots import figure_png
from moviegenre.studies.robustness.scores import SHARES, Robustness

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKDOWN_FILE, JSON_FILE, PLOT_FILE = "ROBUSTNESS.md", "robustness.json", "robustness.png"
MODALITIES = (Modality.POSTER, Modality.PLOT)


def write_robustness(scores: Robustness, out: Path, command: str) -> list[Path]:
    """Write Markdown, JSON and the plot, every file in one step.

    Args:
        scores: The scores.
        out: The folder.
        command: The command that reproduces them.

    Raises:
        MissingExtraError: matplotlib is not installed; no file is written.
    """
    picture = figure_png(draw_robustness(scores))
    files: dict[str, str | bytes] = {
        MARKDOWN_FILE: _markdown(scores, command),
        JSON_FILE: json_text({"command": command, **scores.to_json_dict()}),
        PLOT_FILE: picture,
    }
    return write_files(out, files)


def robustness_table(scores: Robustness, missing: Modality) -> Table:
    """Return F1-macro by model and share of movies that lack a modality."""
    rows = tuple(
        (
            f"{curve.model} (alone)" if curve.alone else curve.model,
            *(per_cent(value) for value in curve.f1_macro),
        )
        for curve in scores.curves
        if curve.missing is missing
    )
    return Table(("model", *(f"{100 * share:.0f} %" for share in SHARES)), rows)


def missing_table_scores(table: Mapping[str, Any]) -> Table:
    """Return the scores of each fusion with a missing table."""
    rows = tuple(
        (row["model"], per_cent(row["f1_macro"]), per_cent(row["f1_micro"]))
        for row in table["scores"]
    )
    return Table(("model", "F1-macro", "F1-micro"), rows)


def _markdown(scores: Robustness, command: str) -> str:
    rule = f"threshold {scores.threshold:g}"
    if scores.fitted:
        rule = "every model at its thresholds, fitted on validation for the modalities left"
    parts: list[str | Table | None] = [
        f"F1-macro in per cent on the {scores.split} split, {scores.num_movies:,} movies, {rule}, "
        "as more and more movies lack a modality: the same movies for all "
        f"models (seed {scores.seed}), and more of them each time. *Alone* is a model that never "
        "looks at what is missing.",
    ]
    for missing in MODALITIES:
        parts += [f"## {missing.value.capitalize()}s missing"]
        parts += [robustness_table(scores, missing)]
        parts += [
            verdict.sentence() for verdict in scores.verdicts if verdict.missing is missing
        ] or ["No single-modality model was there to compare with."]
    for table in scores.tables:
        parts += [f"## Missing table `{table['table']}`"]
        counts = ", ".join(f"{n:,} the {name}" for name, n in table["num_missing"].items())
        parts += [f"The table says what each movie lacks: {counts}. F1 in per cent."]
        parts += [missing_table_scores(table)]
    parts += [f"![F1-macro by share of movies that lack a modality]({PLOT_FILE})"]
    parts += ["## Reproduce it", command_markdown(command)]
    return markdown("Missing modality", parts)


def draw_robustness(scores: Robustness) -> "Figure":
    """Draw F1-macro over the share of movies without a modality, in a panel for each modality."""
    from matplotlib.lines import Line2D

    figure = new_figure(9, 4.2)
    panels = figure.subplots(1, 2, sharey=True)
    titles = list(dict.fromkeys(curve.model for curve in scores.curves))
    handles: dict[str, Any] = {}
    for axes, missing in zip(panels, MODALITIES, strict=True):
        dress(axes, grid="both")
        for curve in (curve for curve in scores.curves if curve.missing is missing):
            style = line_style(titles.index(curve.model))
            if curve.alone:
                style |= {"linewidth": 1.2, "marker": None}
            axes.plot(
                [100 * share for share in SHARES], [100 * f1 for f1 in curve.f1_macro], **style
            )
            name = curve.model
            if curve.alone:
                name += f" (never reads {missing.value}s)"
            handles[name] = Line2D([], [], label=name, **style)
        axes.set_title(f"Some movies have no {missing.value}", fontsize=10, color=INK)
        axes.set_xlabel(f"movies without a {missing.value}, per cent of all movies")
    panels[0].set_ylabel("F1-macro, per cent")
    panels[0].set_ylim(bottom=0)
    lines = list(handles.values())
    legend(figure, lines, loc="outside lower center", ncols=min(4, len(lines)))
    return figure
