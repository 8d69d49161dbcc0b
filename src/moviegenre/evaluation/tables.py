"""The tables of a comparison."""

from collections.abc import Mapping, Sequence
from typing import Any

from moviegenre.evaluation.compare import Comparison
from moviegenre.evaluation.documents import (
    UNDEFINED,
    Table,
    duration,
    fraction,
    interval_text,
    per_cent,
)
from moviegenre.evaluation.findings import Finding

_TITLES = {
    "together": "genres that occur together, in per cent of the movies with the row's genre",
    "plot_words": "words of a plot, by the rule that chooses it (percentiles)",
    "genres": "movies by genre",
}
_FIRST_HEADINGS = {"together": "movies with", "plot_words": "rule", "genres": "genre"}
_IN_OTHER_SECTIONS = ("synthetic", "command")  # of the report


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
    """Return F1 by genre and model, the most frequent genre first."""
    per_genre = comparison.ranking[0].evaluation.per_genre
    rows = tuple(
        (
            genre,
            f"{per_genre[genre].support:,}",
            *(per_cent(r.evaluation.per_genre[genre].f1) for r in comparison.ranking),
        )
        for genre in comparison.genres_by_support
    )
    return Table(("genre", "movies", *(r.run.title for r in comparison.ranking)), rows)


def training_table(comparison: Comparison) -> Table:
    """Return the command and the training time of each model.

    Models share caches; the time of filling a cache counts for the first model that needs it.
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
    """Return all known facts about the data: a table of single facts, then further tables.

    Args:
        data: Facts by name. Numbers, words and mappings of them share one table; a mapping of
            mappings, such as genres by split, has its own table.
    """
    facts: list[tuple[str, str]] = []
    nested: list[tuple[str, Table]] = []
    for name, value in data.items():
        if name in _IN_OTHER_SECTIONS or value is None:
            continue
        is_mapping = isinstance(value, Mapping) and bool(value)
        if is_mapping and all(isinstance(row, Mapping) for row in value.values()):
            nested.append((_TITLES.get(name, _words(name)), _nested_table(name, value)))
        else:
            facts.append((_words(name), _value_text(value)))
    single = [("", Table(("fact", "value"), tuple(facts), num_text_columns=2))] if facts else []
    return single + nested


def _nested_table(name: str, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    cells = tuple(
        (str(key), *(_value_text(row.get(column)) for column in columns))
        for key, row in rows.items()
    )
    first = _FIRST_HEADINGS.get(name, _words(name))
    return Table((first, *(_words(column) for column in columns)), cells)


def _value_text(value: Any) -> str:  # noqa: ANN401 - any fact about the data
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float) and value.is_integer():
        return f"{value:,.0f}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(str(key))}: {_value_text(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_value_text(item) for item in value)
    return str(value)


def _words(name: str) -> str:
    return str(name).removeprefix("num_").replace("_", " ")


def _total(seconds: Sequence[float | None]) -> str:
    known = [value for value in seconds if value is not None]
    return duration(sum(known)) if known else "unknown"


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"
