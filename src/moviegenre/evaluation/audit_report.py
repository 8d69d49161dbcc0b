"""An audit as files and on the console: ``audit.json``, two CSV tables, ``audit.html``."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from moviegenre.core.files import write_text
from moviegenre.data.audit.pairs import Pair, count_by_splits
from moviegenre.evaluation.audit import Audit, errors_table, pairs_table, words_table
from moviegenre.evaluation.audit_page import render_audit
from moviegenre.evaluation.documents import rich_table
from moviegenre.evaluation.label_errors import LabelError
from moviegenre.evaluation.results import number_or_none

JSON_FILE, PAGE_FILE = "audit.json", "audit.html"
PAIRS_FILE, ERRORS_FILE = "pairs.csv", "label_errors.csv"


def write_audit(audit: Audit, out: Path, command: str) -> list[Path]:
    """Write an audit, each file in one step.

    Args:
        audit: What was found.
        out: The folder.
        command: What makes it again.

    Raises:
        MissingExtraError: jinja2 is not installed; nothing is written then.
    """
    page = render_audit(audit, command)
    content = {"command": command, **audit_to_json_dict(audit)}
    texts = {
        PAGE_FILE: page,
        JSON_FILE: json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        PAIRS_FILE: _csv(_pair_row(audit, pair) for pair in content_order(audit)),
        ERRORS_FILE: _csv(_error_row(audit, error) for error in audit.errors),
    }
    for name, text in texts.items():
        write_text(out / name, text)
    return [out / name for name in texts]


def content_order(audit: Audit) -> list[Pair]:
    """Return all pairs as they are listed: plots, then posters, those across splits first."""
    return [*audit.pairs_of("plot"), *audit.pairs_of("poster")]


def audit_to_json_dict(audit: Audit) -> dict[str, Any]:
    """Return everything that was found as plain values."""
    movies = audit.movies
    counts = {
        kind: count_by_splits(audit.pairs_of(kind), movies.splits) for kind in ("plot", "poster")
    }
    return {
        "data": str(movies.root),
        "num_movies": len(movies),
        "synthetic": audit.synthetic,
        "settings": asdict(audit.settings),
        "pair_counts": counts,
        "cluster_sizes": audit.cluster_sizes,
        "pairs": [_pair_row(audit, pair) for pair in content_order(audit)],
        "plain_posters": [movies.ids[row] for row in audit.plain_posters],
        "short_plots": audit.short_plots,
        "leaks": {
            "dropped": audit.dropped_by_split(),
            "movies": [
                {
                    "id": movies.ids[row],
                    "split": movies.splits[row].value,
                    "like": [movies.ids[other] for other in others],
                }
                for row, others in sorted(audit.dropped.items())
            ],
        },
        "genre_words": [
            {k: number_or_none(v) if isinstance(v, float) else v for k, v in asdict(word).items()}
            for word in audit.words
        ],
        "labels_judged_by": dict(audit.sources),
        "label_errors": [_error_row(audit, error) for error in audit.errors],
        "seconds": {name: round(value, 1) for name, value in audit.seconds.items()},
    }


def _pair_row(audit: Audit, pair: Pair) -> dict[str, Any]:
    movies = audit.movies
    row: dict[str, Any] = {"kind": pair.kind, "similarity": round(pair.similarity, 4)}
    for side, movie in (("first", pair.first), ("second", pair.second)):
        row |= {
            f"{side}_id": movies.ids[movie],
            f"{side}_split": movies.splits[movie].value,
            f"{side}_title": movies.titles[movie],
            f"{side}_genres": "|".join(movies.own_genres(movie)),
        }
    return row | {"same_genres": audit.same_genres(pair)}


def _error_row(audit: Audit, error: LabelError) -> dict[str, Any]:
    movies = audit.movies
    return {
        "id": movies.ids[error.row],
        "split": movies.splits[error.row].value,
        "title": movies.titles[error.row],
        "genre": movies.genres[error.genre],
        "labelled": error.labelled,
        "probability": round(error.prob, 4),
        "score": round(error.score, 4),
        "genres": "|".join(movies.own_genres(error.row)),
    }


def _csv(rows: Iterable[dict[str, Any]]) -> str:
    stream, listed = io.StringIO(), list(rows)
    if listed:
        writer = csv.DictWriter(stream, list(listed[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    return stream.getvalue()


def print_audit(audit: Audit) -> None:
    """Print the tables."""
    from rich.console import Console

    console = Console(highlight=False)
    if audit.synthetic:
        console.print("[yellow]made-up movies: nothing measured on them is a result[/yellow]")
    settings = audit.settings
    caption = f"plots from {settings.plot_similarity:g} on, posters to {settings.poster_distance}"
    console.print(
        rich_table(pairs_table(audit), title="near duplicates", caption=f"{caption} of 256 bits")
    )
    sizes = audit.cluster_sizes
    lost = ", ".join(f"{name} {count:,}" for name, count in audit.dropped_by_split().items())
    largest = f", the largest of {sizes[0]} movies" if sizes else ""
    console.print(f"clusters: {len(sizes):,}{largest}; leaking movies: {lost}")
    console.print(
        f"not compared: {audit.short_plots:,} plots that are too short, "
        f"{len(audit.plain_posters):,} posters that are too plain"
    )
    kept = [name for name in words_table(audit).headings if name != "word"]
    title = f"genre names spelled out, plot: {settings.plot}, per cent"
    console.print(rich_table(words_table(audit), title=title, kept=kept))
    if audit.sources:
        judged = "; ".join(f"{split}: {source}" for split, source in audit.sources.items())
        title = "labels that models contradict"
        console.print(rich_table(errors_table(audit), title=title))
        console.print(f"judged by {judged}", soft_wrap=True)
