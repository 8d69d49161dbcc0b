"""The tables of a comparison as rows of text, for Markdown, HTML and the console alike."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moviegenre.evaluation.bootstrap import Interval
from moviegenre.evaluation.compare import Comparison
from moviegenre.evaluation.findings import Finding

if TYPE_CHECKING:
    from rich.table import Table as RichTable

UNDEFINED = "undefined"

# What the report says elsewhere than in the table of data facts.
_TOLD_ELSEWHERE = ("synthetic", "command")
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True)
class Table:
    """Rows of text under headings.

    Attributes:
        headings: One a column.
        rows: As many cells each.
        num_text_columns: How many columns on the left hold words; the others hold numbers.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    num_text_columns: int = 1

    def to_markdown(self) -> str:
        """Return a GitHub-flavoured Markdown table."""
        rules = [
            "---" if column < self.num_text_columns else "---:"
            for column in range(len(self.headings))
        ]
        lines = [self.headings, tuple(rules), *self.rows]
        return "\n".join(f"| {' | '.join(_escape(cell) for cell in line)} |" for line in lines)


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


def rich_table(
    table: Table, *, title: str, caption: str | None = None, kept: Sequence[str] | None = None
) -> "RichTable":
    """Return a table for the console, narrow enough for eighty columns.

    Args:
        table: The rows.
        title: Above it.
        caption: Below it.
        kept: Headings of the columns that are shown; None shows all.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    shown = RichTable(
        title=title,
        caption=caption,
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1),
    )
    columns = [i for i, name in enumerate(table.headings) if kept is None or name in kept]
    for column in columns:
        number = column >= table.num_text_columns
        heading = "\n".join(table.headings[column].replace("-", "-\n").rsplit(" ", 1))
        shown.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in table.rows:
        shown.add_row(*(row[column] for column in columns))
    return shown


def ranking_table(comparison: Comparison) -> Table:
    """Return the models, best first, with the reference's five metrics."""
    rows = []
    for rank, result in enumerate(comparison.ranking, start=1):
        scores = result.evaluation.metrics
        rows.append(
            (
                str(rank),
                result.run.title,
                result.kind,
                per_cent(scores["f1_macro"]),
                interval_text(result.f1_macro),
                per_cent(scores["f1_micro"]),
                per_cent(scores["roc_auc"]),
                per_cent(scores["subset_accuracy"]),
                fraction(scores["hamming_loss"]),
            )
        )
    headings = (
        "#",
        "model",
        "looks at",
        "F1-macro",
        "95 % interval",
        "F1-micro",
        "ROC-AUC",
        "subset acc.",
        "Hamming loss",
    )
    return Table(headings, tuple(rows), num_text_columns=3)


def contrast_table(finding: Finding) -> Table:
    """Return the pairs of models behind a finding."""
    rows = []
    for contrast in finding.contrasts:
        growth = contrast.per_cent
        rows.append(
            (
                f"{contrast.first.run.title} ({per_cent(contrast.first.score)})",
                f"{contrast.second.run.title} ({per_cent(contrast.second.score)})",
                f"{100 * contrast.difference:+.2f}",
                UNDEFINED if growth is None else f"{growth:+.1f} %",
                UNDEFINED if contrast.ratio is None else f"{contrast.ratio:.3f}",
                interval_text(contrast.interval, signed=True),
            )
        )
    headings = (
        "model",
        "against",
        "points",
        "per cent",
        "ratio",
        "95 % interval",
    )
    return Table(headings, tuple(rows), num_text_columns=2)


def genre_table(comparison: Comparison) -> Table:
    """Return F1 by genre and model, the commonest genre first."""
    best = comparison.ranking[0].evaluation
    genres = sorted(comparison.genres, key=lambda genre: (-best.per_genre[genre].support, genre))
    rows = tuple(
        (
            genre,
            f"{best.per_genre[genre].support:,}",
            *(per_cent(r.evaluation.per_genre[genre].f1) for r in comparison.ranking),
        )
        for genre in genres
    )
    return Table(("genre", "movies", *(r.run.title for r in comparison.ranking)), rows)


def training_table(comparison: Comparison) -> Table:
    """Return the command that trains each model, with the time that took.

    Caches are shared: the model that first needs one pays for it.
    """
    rows = [
        (
            result.run.title,
            result.run.command or "unknown",
            duration(result.run.setup_seconds),
            duration(result.run.train_seconds),
            _count(result.run.num_parameters),
            _count(result.run.num_trainable),
        )
        for result in comparison.ranking
    ]
    runs = [result.run for result in comparison.ranking]
    setup = _total([run.setup_seconds for run in runs])
    training = _total([run.train_seconds for run in runs])
    rows.append(("all together", "", setup, training, "", ""))
    headings = ("model", "command", "filling caches", "training", "weights", "of them trained")
    return Table(headings, tuple(rows), num_text_columns=2)


def fact_tables(data: Mapping[str, Any]) -> list[tuple[str, Table]]:
    """Return what is known of the data, whatever that is: single facts first, then tables.

    Args:
        data: Facts by name. Numbers, words and mappings of them share one table; a mapping of
            mappings, as genres by split, gets its own.
    """
    facts: list[tuple[str, str]] = []
    nested: list[tuple[str, Table]] = []
    for name, value in data.items():
        if name in _TOLD_ELSEWHERE or value is None:
            continue
        if isinstance(value, Mapping) and value and _all_mappings(value.values()):
            nested.append((_words(name), _matrix(_words(name), value)))
        else:
            facts.append((_words(name), _plain(value)))
    single = [("", Table(("fact", "value"), tuple(facts), num_text_columns=2))] if facts else []
    return single + nested


def _all_mappings(values: Any) -> bool:  # noqa: ANN401 - the values of any mapping
    return all(isinstance(value, Mapping) for value in values)


def _matrix(title: str, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    cells = tuple(
        (str(name), *(_plain(row.get(column)) for column in columns)) for name, row in rows.items()
    )
    return Table((title, *(_words(column) for column in columns)), cells)


def _plain(value: Any) -> str:  # noqa: ANN401 - any fact about the data
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(str(key))} {_plain(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_plain(item) for item in value)
    return str(value)


def _words(name: str) -> str:
    return str(name).removeprefix("num_").replace("_", " ")


def per_cent(value: float) -> str:
    """Return a fraction in per cent with two decimals."""
    return UNDEFINED if math.isnan(value) else f"{100 * value:.2f}"


def fraction(value: float) -> str:
    """Return a fraction with four decimals."""
    return UNDEFINED if math.isnan(value) else f"{value:.4f}"


def interval_text(interval: Interval, *, signed: bool = False) -> str:
    """Return an interval in per cent, as ``58.91 to 63.12``."""
    if math.isnan(interval.low):
        return UNDEFINED
    sign = "+" if signed else ""
    return f"{100 * interval.low:{sign}.2f} to {100 * interval.high:{sign}.2f}"


def duration(seconds: float | None) -> str:
    """Return a time in words.

    Example:
        >>> duration(42.0), duration(754.0), duration(4980.0)
        ('42 s', '12.6 min', '1 h 23 min')
    """
    if seconds is None:
        return "unknown"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.1f} min"
    minutes = round(seconds / _MINUTE)
    return f"{minutes // 60} h {minutes % 60} min"


def _total(seconds: Sequence[float | None]) -> str:
    known = [value for value in seconds if value is not None]
    return duration(sum(known)) if known else "unknown"


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"
